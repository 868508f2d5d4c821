"""The data that pages load: scripts that hand over one value each, since pages opened from a disk may not fetch."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import groupby

from registry_dagster.outward.site.asking import Asked, JoinAnswer
from registry_dagster.outward.site.catalogue import Catalogue
from registry_dagster.outward.site.words import shards

__all__ = ["DATASETS_IN_A_FILE", "data_files"]

DATASETS_IN_A_FILE = 200


def data_files(catalogue: Catalogue, asked: Asked) -> Iterator[tuple[str, str]]:
    """Path and text of each file."""
    words = shards(catalogue)
    versions = sum(len(holding.records) for holding in catalogue.holdings)
    yield _file("search", {"files": sorted(words), "versions": versions, "starts": list(_starts(catalogue))})
    for name, found in words.items():
        yield _file(f"words/{name}", found)
    rows = list(_rows(catalogue))
    for number, start in enumerate(range(0, len(rows), DATASETS_IN_A_FILE)):
        yield _file(f"datasets/{number}", rows[start : start + DATASETS_IN_A_FILE])
    by_first = {name: list(found) for name, found in groupby(asked.answers, key=lambda each: each.a)}
    current = {name: entry.record.number for name, entry in catalogue.current.items()}
    names = [each.dataset.name for each in catalogue.holdings]
    yield _file("names", [[name, current.get(name, 0), int(name in by_first)] for name in names])
    for name, found in by_first.items():
        yield _file(f"answers/{name}", {each.b: _answer(each) for each in found})


def _answer(answer: JoinAnswer) -> list[str]:
    return [answer.verdict, answer.best.verdict.value if answer.best else "none", answer.command, str(answer.joins)]


def _starts(catalogue: Catalogue) -> Iterator[int]:
    """The place of the first version of each file of datasets."""
    place = 0
    for number, holding in enumerate(catalogue.holdings):
        if number % DATASETS_IN_A_FILE == 0:
            yield place
        place += len(holding.records)


def _rows(catalogue: Catalogue) -> Iterable[list[object]]:
    """Name, title, number of the current version, and the numbers of all that read back."""
    for holding in catalogue.holdings:
        entry = catalogue.current.get(holding.dataset.name)
        numbers = [record.number for record in holding.records]
        yield [holding.dataset.name, holding.dataset.title or "", entry.record.number if entry else 0, numbers]


def _file(name: str, value: object) -> tuple[str, str]:
    text = json.dumps(value, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"data/{name}.js", f"catalogue({json.dumps(name)},{text});\n"

"""The picture of which tables join to which: what refers to another is on its left; derived ways are dashed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from registry_dagster.outward.site.asking import Asked, JoinAnswer
from registry_dagster.outward.site.catalogue import Catalogue
from registry_dagster.outward.site.paths import dataset_page
from registry_dagster.outward.site.pictures import Line, Node, Picture, picture

__all__ = ["MOST_TABLES", "join_picture"]

MOST_TABLES = 40
_MOST_LINES = 120


def join_picture(catalogue: Catalogue, asked: Asked, datasets: Sequence[str]) -> Picture:
    """How datasets join, by the answers made at build and the references that tables declare."""
    names = [name for name in datasets if name in catalogue.current][:MOST_TABLES]
    refers = {name: _targets(catalogue, name) & set(names) for name in names}
    ranks = _ranks(refers)
    columns = [[_node(catalogue, name) for name in names if ranks[name] == rank] for rank in range(len(names))]
    lines = list(_lines(asked, refers, frozenset(names)))
    declared = [line for line in lines if line.kind == "plain"]
    return picture(columns, lines if len(lines) <= _MOST_LINES else declared)


def _targets(catalogue: Catalogue, dataset: str) -> set[str]:
    """The datasets that the current version refers to."""
    entry = catalogue.current.get(dataset)
    references = entry.record.references if entry else ()
    return {each.to for each in references if each.to is not None and each.to != dataset}


def _ranks(refers: Mapping[str, set[str]]) -> dict[str, int]:
    """Each name's column: those that refer to others are left of them, as far as references go in no circle."""
    ranks = dict.fromkeys(refers, 0)
    for _ in range(len(refers)):
        moved = {to: ranks[name] + 1 for name, targets in refers.items() for to in targets if ranks[to] <= ranks[name]}
        if not moved or max(moved.values()) >= len(refers):
            break
        ranks |= moved
    used = sorted(set(ranks.values()))
    return {name: used.index(rank) for name, rank in ranks.items()}


def _node(catalogue: Catalogue, dataset: str) -> Node:
    entry = catalogue.current[dataset]
    states = ", ".join(map(str, entry.record.materializations))
    return Node(dataset, dataset, f"v{entry.record.number} · {states}", dataset_page(dataset))


def _lines(asked: Asked, refers: Mapping[str, set[str]], names: frozenset[str]) -> Iterator[Line]:
    drawn: set[frozenset[str]] = set()
    for answer in asked.answers:
        if {answer.a, answer.b} <= names and answer.best is not None:
            drawn.add(frozenset((answer.a, answer.b)))
            yield _line(answer, refers)
    for name, targets in refers.items():
        yield from (Line(name, to, label="declared") for to in sorted(targets) if frozenset((name, to)) not in drawn)


def _line(answer: JoinAnswer, refers: Mapping[str, set[str]]) -> Line:
    """From what refers to what it refers to."""
    best = answer.best
    start, end = (answer.b, answer.a) if answer.a in refers[answer.b] else (answer.a, answer.b)
    if best is None:
        return Line(start, end)
    keys = ", ".join(" = ".join(pair) for pair in best.columns)
    kind = "plain" if best.kind == "declared" else "derived"
    return Line(start, end, kind, best.verdict.value, f"{answer.a} ↔ {answer.b}: {answer.verdict}, on {keys}")

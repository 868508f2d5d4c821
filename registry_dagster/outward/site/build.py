"""Builds a site: reads a registry, asks it, and writes the pages. The same registry gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import TypeVar

from registry_dagster.answers.answer import Answer
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.outward.site.asking import Asked, ask
from registry_dagster.outward.site.catalogue import Catalogue, read_catalogue
from registry_dagster.outward.site.data import data_files
from registry_dagster.outward.site.folder import SiteFolder
from registry_dagster.outward.site.join_picture import MOST_TABLES, join_picture
from registry_dagster.outward.site.paths import dataset_page, list_page, version_page
from registry_dagster.outward.site.render import Pages, Site
from registry_dagster.outward.site.version_view import compared_with, version_view
from registry_dagster.registry.holdings import Holding
from registry_dagster.registry.registry import Registry

__all__ = ["ANSWERS", "TITLE", "Built", "build_site"]

ANSWERS = 500
"""How many pairs of tables are asked how to join, unless another number is given."""

TITLE = "Feature catalogue"
_ON_A_PAGE = 300
"""How many datasets, or versions of a dataset, a page lists."""

_ASSETS = ("site.css", "site.js")

T = TypeVar("T")


@dataclass(frozen=True)
class Built(Answer):
    """What was built.

    Args:
        page: The front page.
        datasets, versions, materializations: How many pages there are of each.
        answers, pairs: How many pairs of tables were asked how to join, of how many with something in common.
        removed: How many files of earlier builds were removed.
    """

    page: str
    datasets: int
    versions: int
    materializations: int
    answers: int
    pairs: int
    removed: int

    def __str__(self) -> str:
        datasets, versions = _counted(self.datasets, "dataset"), _counted(self.versions, "version")
        states = _counted(self.materializations, "materialization version")
        lines = [
            f"{datasets}, {versions}, {states}",
            f"asked how to join: {self.answers:,} of {_counted(self.pairs, 'pair')} of tables with something in common",
            *([f"{_counted(self.removed, 'page')} of earlier builds removed"] if self.removed else []),
            self.page,
        ]
        return "\n".join(lines)


def build_site(
    registry: Registry,
    out: Path,
    *,
    title: str = TITLE,
    answers: int = ANSWERS,
    moment: datetime | None = None,
) -> Built:
    """Write the pages of a whole registry to a folder. The registry is only read.

    Args:
        registry: What to show.
        out: The folder: new, empty, or that of an earlier build.
        title: What the pages are called.
        answers: How many pairs of current versions with something in common are asked how to join, at most.
        moment: What expiry is compared with; without it no days are counted, and no clock is read.

    Raises:
        NotPublished: nothing was ever published there.
        RegistryError: the folder holds other files, or cannot be written.
    """
    if answers < 0:
        raise InvalidDeclaration(f"answers must not be negative, got {answers}; write e.g. {ANSWERS}, or 0 for none")
    folder = SiteFolder(out)
    catalogue = read_catalogue(registry, moment)
    asked = ask(registry, catalogue, answers)
    pages = Pages(catalogue, Site(title, _summary(catalogue)))
    for path, text in _files(catalogue, asked, pages):
        folder.write(path, text)
    return Built(
        page=str(out / "index.html"),
        datasets=len(catalogue.holdings),
        versions=len(catalogue.entries),
        materializations=len(catalogue.states),
        answers=len(asked.answers),
        pairs=asked.pairs,
        removed=folder.finish(),
    )


def _summary(catalogue: Catalogue) -> str:
    published = [entry.record.provenance.published_at for entry in catalogue.entries.values()]
    last = f", the last published on {max(published):%Y-%m-%d}" if published else ""
    datasets, versions = _counted(len(catalogue.holdings), "dataset"), _counted(len(published), "version")
    return f"{datasets}, {versions}{last}; {_counted(len(catalogue.states), 'materialization version')}."


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def _files(catalogue: Catalogue, asked: Asked, pages: Pages) -> Iterator[tuple[str, str]]:
    """Path and text of every file."""
    for name in _ASSETS:
        yield f"assets/{name}", (files("registry_dagster.outward.site") / "assets" / name).read_text(encoding="utf-8")
    yield from data_files(catalogue, asked)
    yield from _lists(catalogue, pages)
    for holding in catalogue.holdings:
        yield from _dataset(catalogue, asked, pages, holding)
    for entry in catalogue.entries.values():
        path = version_page(entry.name)
        yield path, pages.render("version", path, view=version_view(catalogue, asked, entry))
    yield from _materializations(catalogue, pages)
    yield "joins.html", _joins(catalogue, asked, pages)
    yield "ask.html", pages.render("ask", "ask.html", here="ask", asked=asked)


def _lists(catalogue: Catalogue, pages: Pages) -> Iterator[tuple[str, str]]:
    parts = _in_parts(catalogue.holdings)
    paths = [list_page(number) for number in range(1, len(parts) + 1)]
    for path, some in zip(paths, parts, strict=True):
        here = "datasets" if path == paths[0] else ""
        yield path, pages.render("index", path, here=here, holdings=some, current=catalogue.current, parts_at=paths)


def _in_parts(whole: Sequence[T]) -> list[Sequence[T]]:
    """A list in parts of a page each; one part if it is empty."""
    return [whole[start : start + _ON_A_PAGE] for start in range(0, max(len(whole), 1), _ON_A_PAGE)]


def _dataset(catalogue: Catalogue, asked: Asked, pages: Pages, holding: Holding) -> Iterator[tuple[str, str]]:
    name = holding.dataset.name
    answers = asked.of(name)
    about = [name, *(each.other(name) for each in answers)]
    entries = [catalogue.entries[record.name] for record in holding.records]
    parts = _in_parts(holding.now.versions[::-1])
    paths = [dataset_page(name, number) for number in range(1, len(parts) + 1)]
    shown = {
        "holding": holding,
        "records": {record.name: record for record in holding.records},
        "made": [f"v{before.number}-v{each.record.number}" for each in entries for before in compared_with(each)],
        "answers": answers,
        "picture": join_picture(catalogue, Asked(tuple(answers), 0, 0), about),
        "dependents": catalogue.dependents(name),
        "parts_at": paths,
    }
    for path, some in zip(paths, parts, strict=True):
        yield path, pages.render("dataset", path, versions=some, **shown)


def _materializations(catalogue: Catalogue, pages: Pages) -> Iterator[tuple[str, str]]:
    counted: list[tuple[object, int]] = []
    for state in catalogue.states:
        found = catalogue.made_against(state)
        counted.append((state, len(found)))
        made = {name: list(some) for name, some in groupby(found, key=lambda each: each.version.partition("@")[0])}
        path = catalogue.state_pages[state.key]
        yield path, pages.render("materialization", path, state=state, made=made)
    path = "materializations.html"
    yield path, pages.render("materializations", path, here="states", states=counted)


def _joins(catalogue: Catalogue, asked: Asked, pages: Pages) -> str:
    names = _joined(catalogue, asked)
    drawn = names[:MOST_TABLES]
    return pages.render(
        "joins",
        "joins.html",
        here="joins",
        asked=asked,
        drawn=len(drawn),
        left_out=len(names) - len(drawn),
        picture=join_picture(catalogue, asked, drawn),
    )


def _joined(catalogue: Catalogue, asked: Asked) -> Sequence[str]:
    """The datasets with a way to another: those of the first answers first, since these share the rarest things."""
    found = {name for answer in asked.answers if answer.best for name in (answer.a, answer.b)}
    return [name for name in catalogue.current if name in found]

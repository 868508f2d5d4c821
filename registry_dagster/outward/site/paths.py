"""Where each page of a site is, as a path within it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import quote

from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import exact_version

__all__ = ["dataset_page", "list_page", "materialization_pages", "root_of", "url", "version_page"]


def dataset_page(dataset: str, number: int = 1) -> str:
    """The page of a dataset; of one with very many versions, the older ones are on further pages."""
    return f"datasets/{dataset}/{'index' if number == 1 else f'versions-{number}'}.html"


def version_page(version: str) -> str:
    """The page of `dataset@vN`."""
    dataset, number = exact_version(version)
    return f"datasets/{dataset}/v{number}.html"


def list_page(number: int) -> str:
    """The page of the list of datasets; the first is the front page."""
    return "index.html" if number == 1 else f"datasets-{number}.html"


def materialization_pages(states: Iterable[MaterializationVersion]) -> dict[str, str]:
    """Key → page. Where names differ in case only, later ones get a number: many disks take them for one."""
    pages: dict[str, str] = {}
    times: Counter[str] = Counter()
    for key in sorted(state.key for state in states):
        times[key.lower()] += 1
        again = f"~{times[key.lower()]}" if times[key.lower()] > 1 else ""
        pages[key] = f"materializations/{key}{again}.html"
    return pages


def root_of(path: str) -> str:
    """What leads from a page to the top of the site."""
    return "../" * path.count("/")


def url(path: str) -> str:
    """A path as part of an address."""
    return quote(path)

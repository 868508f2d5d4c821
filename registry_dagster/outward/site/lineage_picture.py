"""The picture of a version's lineage: what it comes from on the left, what depends on it on the right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.outward.site.catalogue import Catalogue, Entry
from registry_dagster.outward.site.paths import version_page
from registry_dagster.outward.site.pictures import Line, Node, Picture, picture
from registry_dagster.registry.rows.found import Dependent

__all__ = ["lineage_picture"]

_MOST = 8
"""How many boxes are in a column; the lists below the picture have all."""


def lineage_picture(catalogue: Catalogue, entry: Entry, dependents: Sequence[Dependent]) -> Picture:
    """What a version was made against, computed from and joins to; itself; and its dependents."""
    here = Node(entry.name, entry.name, "this version", kind="this")
    sources, after = (
        _fitting(list(_sources(catalogue, entry)), "from"),
        _fitting(list(_after(entry.name, dependents)), "to"),
    )
    lines = [Line(each.key, here.key) for each in sources] + [Line(here.key, each.key) for each in after]
    return picture([sources, [here], after], lines)


def _fitting(nodes: Sequence[Node], side: str) -> list[Node]:
    """As many as are shown, and one that says how many more there are."""
    if len(nodes) <= _MOST:
        return list(nodes)
    return [
        *nodes[: _MOST - 1],
        Node(f"more {side}", f"… and {len(nodes) - _MOST + 1} more", "listed below", kind="words"),
    ]


def _sources(catalogue: Catalogue, entry: Entry) -> Iterator[Node]:
    for state in entry.record.materializations:
        page = catalogue.state_pages.get(state.key)
        yield Node(f"from {state.key}", str(state), "made against", page, "state")
    for name, how in _linked(entry.record).items():
        yield _version(catalogue, name, "; ".join(dict.fromkeys(how)))


def _linked(record: DatasetVersion) -> dict[str, list[str]]:
    """What a version was computed from and joins to, each once, with how."""
    found: dict[str, list[str]] = {name: ["computed from"] for name in record.inputs}
    for reference in record.references:
        target = record.reference_versions.get(reference.link or "", reference.link) or reference.target
        found.setdefault(target, []).append(f"joined on {', '.join(reference.columns)}")
    return found


def _version(catalogue: Catalogue, name: str, note: str) -> Node:
    known = name in catalogue.entries
    return Node(f"from {name}", name, note, version_page(name) if known else None, "version" if known else "words")


def _after(name: str, dependents: Sequence[Dependent]) -> Iterator[Node]:
    for each in dependents:
        how = "; ".join(words.replace(name, "it") for words in each.how)
        yield Node(f"to {each.version}", each.version, how, version_page(each.version))

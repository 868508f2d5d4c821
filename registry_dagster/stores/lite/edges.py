"""DataHub Lite's browse index, which `datahub lite ls` walks, kept up to date aspect by aspect.

The stock writer rebuilds it from everything stored, at every close. The edges are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import entity_type

__all__ = ["write_edges"]

_ROOT = "__root__"
_CATEGORY = "urn:li:systemNode:data_platforms"
_ON_A_PLATFORM = {"dataset", "container", "chart", "dashboard", "dataFlow", "dataJob"}
_NAMING = ("datasetProperties", "containerProperties", "tagProperties")


class _Edge(NamedTuple):
    source: str
    relation: str
    target: str
    label: str | None = None


def write_edges(connection: sqlite3.Connection, before: Mapping[str, Entity], now: Mapping[str, Entity]) -> None:
    """Bring the index up to date after aspects of entities were written.

    Args:
        connection: Inside a transaction.
        before, now: The entities that changed, with all their aspects as they were and as they are.
    """
    platforms = dict.fromkeys(filter(None, map(_platform, now.values())))
    edges = dict.fromkeys(edge for urn in now for edge in _edges(urn, now[urn]))
    edges |= dict.fromkeys(edge for each in platforms for edge in _platform_edges(each))
    placed = ((urn, *group) for urn in now for group in _groups(urn, before.get(urn, {})))
    gone = {_Edge(_node(parent, kind), "child", urn) for urn, parent, kind in placed} - edges.keys()
    names = [edge for edge in edges if edge.relation == "name"]
    # A node has one name.
    connection.executemany(
        "DELETE FROM metadata_edge_v2 WHERE src_id = ? AND relnship = 'name' AND dst_id <> ?",
        [(edge.source, edge.target) for edge in names],
    )
    connection.executemany(
        "DELETE FROM metadata_edge_v2 WHERE src_id = ? AND relnship = 'child' AND dst_id = ?",
        [(edge.source, edge.target) for edge in gone],
    )
    connection.executemany("INSERT OR IGNORE INTO metadata_edge_v2 VALUES (?, ?, ?, ?)", edges)


def _edges(urn: str, stored: Entity) -> Iterator[_Edge]:
    for naming in _NAMING:
        if name := stored.get(naming, {}).get("name"):
            yield _Edge(urn, "name", name)
    for parent, kind in _groups(urn, stored):
        group = _node(parent, kind)
        yield from (_Edge(parent, "child", group), _Edge(group, "child", urn), _Edge(group, "name", f"{kind.lower()}s"))


def _groups(urn: str, stored: Entity) -> Iterator[tuple[str, str]]:
    """Under what an entity is, once for each of its types: its container, else its platform, else the root."""
    if not stored or (parent := _parent(urn, stored)) is None:
        return
    for kind in stored.get("subTypes", {}).get("typeNames") or [entity_type(urn)]:
        yield parent, kind


def _parent(urn: str, stored: Entity) -> str | None:
    if container := stored.get("container", {}).get("container"):
        return container
    if entity_type(urn) not in _ON_A_PLATFORM:
        return _ROOT
    platform = _platform(stored)
    return None if platform is None else _instance(platform)


def _platform(stored: Entity) -> str | None:
    return stored.get("dataPlatformInstance", {}).get("platform")


def _platform_edges(platform: str) -> Iterator[_Edge]:
    instances, name = _node(platform, "instances"), platform.removeprefix("urn:li:dataPlatform:")
    yield _Edge(_ROOT, "child", _CATEGORY)
    yield _Edge(_CATEGORY, "name", "data_platforms")
    yield _Edge(_CATEGORY, "child", platform, name)
    yield _Edge(platform, "name", name)
    yield _Edge(platform, "child", instances)
    yield _Edge(instances, "name", "instances")
    yield _Edge(instances, "child", _instance(platform), "default")


def _node(parent: str, name: str) -> str:
    return f"urn:li:systemNode:({parent},{name})"


def _instance(platform: str) -> str:
    return f"urn:li:dataPlatformInstance:({platform},default)"

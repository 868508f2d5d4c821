"""DataHub Lite's browse index, which `datahub lite ls` walks, kept up to date aspect by aspect.

The stock writer rebuilds it from everything stored, at every close. The edges are the same.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import entity_type

__all__ = ["write_edges"]

_ROOT = "__root__"
_ON_A_PLATFORM = {"dataset", "container", "chart", "dashboard", "dataFlow", "dataJob"}
_NAMING = {"datasetProperties", "containerProperties", "tagProperties"}


def write_edges(connection: sqlite3.Connection, changed: Mapping[str, Entity]) -> None:
    """Bring the index up to date after aspects of entities were written.

    Args:
        connection: Inside a transaction.
        changed: The entities that changed, with all their current aspects.
    """
    for urn in sorted(changed):
        stored = changed[urn]
        _name(connection, urn, stored)
        if (parent := _parent(urn, stored)) is not None:
            types = stored.get("subTypes", {}).get("typeNames") or [entity_type(urn)]
            _place(connection, urn, parent, types)
    for platform in sorted(set(filter(None, map(_platform, changed.values())))):
        _add_platform(connection, platform)


def _name(connection: sqlite3.Connection, urn: str, stored: Entity) -> None:
    for naming in _NAMING & stored.keys():
        if name := stored[naming].get("name"):
            _set_edge(connection, urn, "name", name)


def _platform(stored: Entity) -> str | None:
    return stored.get("dataPlatformInstance", {}).get("platform")


def _parent(urn: str, stored: Entity) -> str | None:
    """Its container, else its platform, else the root."""
    if container := stored.get("container", {}).get("container"):
        return container
    if entity_type(urn) not in _ON_A_PLATFORM:
        return _ROOT
    platform = _platform(stored)
    return None if platform is None else _instance(platform)


def _place(connection: sqlite3.Connection, urn: str, parent: str, types: list[str]) -> None:
    connection.execute("DELETE FROM metadata_edge_v2 WHERE relnship = 'child' AND dst_id = ?", (urn,))
    for name in types:
        group = f"urn:li:systemNode:({parent},{name})"
        _add_edge(connection, parent, group)
        _add_edge(connection, group, urn)
        _set_edge(connection, group, "name", f"{name.lower()}s")


def _add_platform(connection: sqlite3.Connection, platform: str) -> None:
    category = "urn:li:systemNode:data_platforms"
    instances = f"urn:li:systemNode:({platform},instances)"
    name = platform.removeprefix("urn:li:dataPlatform:")
    _add_edge(connection, _ROOT, category)
    _set_edge(connection, category, "name", "data_platforms")
    _add_edge(connection, category, platform, name)
    _set_edge(connection, platform, "name", name)
    _add_edge(connection, platform, instances)
    _set_edge(connection, instances, "name", "instances")
    _add_edge(connection, instances, _instance(platform), "default")


def _instance(platform: str) -> str:
    return f"urn:li:dataPlatformInstance:({platform},default)"


def _add_edge(connection: sqlite3.Connection, source: str, target: str, label: str | None = None) -> None:
    connection.execute("INSERT OR IGNORE INTO metadata_edge_v2 VALUES (?, 'child', ?, ?)", (source, target, label))


def _set_edge(connection: sqlite3.Connection, source: str, relation: str, target: str) -> None:
    """An edge that a source has only one of."""
    connection.execute("DELETE FROM metadata_edge_v2 WHERE src_id = ? AND relnship = ?", (source, relation))
    connection.execute("INSERT INTO metadata_edge_v2 VALUES (?, ?, ?, NULL)", (source, relation, target))

"""Where a table was written, as the metadata that was reported of it says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.names import TABLE_NAME, URI

__all__ = ["HOW_TO_SAY", "Place", "place_in"]

HOW_TO_SAY = "add the metadata 'dagster/uri' (a path or URI) where it is written, and 'version' where it has one"
"""The end of a message about a table whose place nothing names."""

_LOCATIONS = (URI, "table_uri", "path")
"""The most explicit first: Dagster's own key, dagster-deltalake's, that of UPath-based IO managers."""

_VERSION = "version"
_SNAPSHOT = ("snapshot-id", "snapshot_id")


@dataclass(frozen=True)
class Place:
    """Where a table is, and which version of it was written where that is known."""

    uri: str
    version: int | None = None


def place_in(metadata: Mapping[str, object]) -> Place | None:
    """The place that a writer's metadata names; None when it names none.

    A location stands under `dagster/uri`, `table_uri` or `path`. An Iceberg table in a catalog may instead be named by
    `dagster/table_name` (`catalog.namespace.table`) beside its `snapshot-id`. A version is a whole number
    under `version` or `snapshot-id`; text there is somebody's own version and says nothing of the table.
    """
    said = {key: _plain(value) for key, value in metadata.items()}
    snapshot = next((number for key in _SNAPSHOT if (number := _whole(said.get(key))) is not None), None)
    for key in _LOCATIONS:
        if isinstance(uri := said.get(key), str) and uri:
            version = _whole(said.get(_VERSION))
            return Place(uri, snapshot if version is None else version)
    name = said.get(TABLE_NAME)
    if snapshot is not None and isinstance(name, str) and name.count(".") >= 2:
        catalog, _, table = name.partition(".")
        return Place(f"iceberg://{quote(catalog, safe='')}/{quote(table, safe='')}", snapshot)
    return None


def _plain(value: object) -> object:
    return cast("object", value.value) if isinstance(value, dg.MetadataValue) else value


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

"""Where a table was written, read from its writer's metadata."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.names import TABLE_NAME, URI

__all__ = ["HOW_TO_REPORT", "WrittenTo", "written_to"]

HOW_TO_REPORT = "add the metadata 'dagster/uri' (a path or URI) to what its writer reports, and 'version' if it has one"
"""The end of an error about a table whose location is not reported."""

_LOCATIONS = (URI, "table_uri", "path")
"""The most explicit first: Dagster's own key, dagster-deltalake's, that of UPath-based IO managers."""

_VERSION = "version"
_SNAPSHOT = ("snapshot-id", "snapshot_id")


@dataclass(frozen=True)
class WrittenTo:
    """The location of a table, and the version that was written, if known."""

    uri: str
    version: int | None = None


def written_to(metadata: Mapping[str, object]) -> WrittenTo | None:
    """The location in a writer's metadata; None if there is none.

    The location is under `dagster/uri`, `table_uri` or `path`. An Iceberg table in a catalog may have
    `dagster/table_name` (`catalog.namespace.table`) and `snapshot-id` instead. The version is a whole number
    under `version` or `snapshot-id`; a text there is somebody's own version, not the table's.
    """
    values = {key: _plain(value) for key, value in metadata.items()}
    snapshot = next((number for key in _SNAPSHOT if (number := _whole(values.get(key))) is not None), None)
    for key in _LOCATIONS:
        if isinstance(uri := values.get(key), str) and uri:
            version = _whole(values.get(_VERSION))
            return WrittenTo(uri, snapshot if version is None else version)
    name = values.get(TABLE_NAME)
    if snapshot is not None and isinstance(name, str) and name.count(".") >= 2:
        catalog, _, table = name.partition(".")
        return WrittenTo(f"iceberg://{quote(catalog, safe='')}/{quote(table, safe='')}", snapshot)
    return None


def _plain(value: object) -> object:
    return cast("object", value.value) if isinstance(value, dg.MetadataValue) else value


def _whole(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None

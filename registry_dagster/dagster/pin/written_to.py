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
    uri = _first_text(values, *_LOCATIONS)
    if uri is not None:
        return WrittenTo(uri, _first_number(values, _VERSION, *_SNAPSHOT))
    return _in_catalog(_first_text(values, TABLE_NAME), _first_number(values, *_SNAPSHOT))


def _in_catalog(name: str | None, snapshot: int | None) -> WrittenTo | None:
    """The Iceberg table that `catalog.namespace.table` names, at its snapshot."""
    if name is None or name.count(".") < 2 or snapshot is None:
        return None
    catalog, _, table = name.partition(".")
    return WrittenTo(f"iceberg://{quote(catalog, safe='')}/{quote(table, safe='')}", snapshot)


def _plain(value: object) -> object:
    return cast("object", value.value) if isinstance(value, dg.MetadataValue) else value


def _first_text(values: Mapping[str, object], *keys: str) -> str | None:
    found = map(values.get, keys)
    return next((value for value in found if isinstance(value, str) and value), None)


def _first_number(values: Mapping[str, object], *keys: str) -> int | None:
    found = map(values.get, keys)
    return next((value for value in found if isinstance(value, int) and not isinstance(value, bool)), None)

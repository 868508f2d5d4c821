"""Where a table was written, read from its writer's metadata."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast
from urllib.parse import quote

import dagster as dg

from registry_dagster.dagster.names import TABLE_NAME, URI
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import shown

__all__ = ["HOW_TO_REPORT", "WrittenTo", "written_to"]

HOW_TO_REPORT = "add the metadata 'dagster/uri' (a path or URI) to what its writer reports, and 'version' if it has one"
"""The end of an error about a table whose location is not reported."""

_LOCATIONS = (URI, "table_uri", "path")
"""The most explicit first: Dagster's own key, dagster-deltalake's, that of UPath-based IO managers."""

_VERSION = "version"
_SNAPSHOT = ("snapshot-id", "snapshot_id")
_DIGITS = re.compile(r"\s*[-+]?[0-9]{1,20}(\.0*)?\s*")


@dataclass(frozen=True)
class WrittenTo:
    """The location of a table, and the version that was written, if known."""

    uri: str
    version: int | str | None = None


def written_to(metadata: Mapping[str, object], version: int | str | None = None) -> WrittenTo | None:
    """The location in a writer's metadata; None if there is none.

    The location is under `dagster/uri`, `table_uri` or `path`. An Iceberg table in a catalog may have
    `dagster/table_name` (`catalog.namespace.table`) and `snapshot-id` instead. The version is a whole number
    under `version` or `snapshot-id`, in any spelling: `7`, `"7"` or `7.0`.

    Args:
        metadata: The metadata.
        version: The version to pin. If given, the reported one is not read.

    Raises:
        InvalidDeclaration: what is reported as the version is not a whole number, or two differ.
    """
    values = {key: _plain(value) for key, value in metadata.items()}
    uri = _first_text(values, *_LOCATIONS)
    if uri is not None:
        return WrittenTo(uri, version if version is not None else _first_number(values, _VERSION, *_SNAPSHOT))
    snapshot = _first_number(values, *_SNAPSHOT) if version is None else version
    return _in_catalog(_first_text(values, TABLE_NAME), snapshot)


def _in_catalog(name: str | None, snapshot: int | str | None) -> WrittenTo | None:
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
    """The version that is reported under some of the keys; None if under none."""
    found = {key: _whole(key, values[key]) for key in keys if values.get(key) is not None}
    if len(set(found.values())) > 1:
        said = " and ".join(f"{key} {number}" for key, number in found.items())
        raise InvalidDeclaration(f"the table's writer reports {said}, which differ; report one of them")
    return next(iter(found.values()), None)


def _whole(key: str, value: object) -> int:
    """A whole number, however it is spelled."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and _DIGITS.fullmatch(value):
        return int(value.partition(".")[0])
    if isinstance(value, float) and value.is_integer():
        return _whole_float(key, value)
    raise InvalidDeclaration(
        f"the table's writer reports {key} {shown(value)}, which is not a whole number; report the table's version as "
        "a number, and a version of your own under another name"
    )


def _whole_float(key: str, value: float) -> int:
    if abs(value) < 2**53:
        return int(value)
    raise InvalidDeclaration(
        f"the table's writer reports {key} {value!r}, a float, which keeps no whole number above 2^53; report it as a "
        "whole number or as text"
    )

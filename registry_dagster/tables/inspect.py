"""One way to the facts of a table, whatever its format."""

from __future__ import annotations

import os
from collections.abc import Mapping

from registry_dagster.errors import InvalidDeclaration, TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.table import TableFacts, TableFormat
from registry_dagster.tables.declared import Declared
from registry_dagster.tables.detect import detect_format
from registry_dagster.tables.formats import FORMATS, Format, format_of_scheme
from registry_dagster.tables.part_of_table import refuse_part_of_table
from registry_dagster.tables.storage.locations import normalise, nothing_stored
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions, scheme_of

__all__ = ["COUNT_BYTES", "inspect_table"]

COUNT_BYTES = 512 * 1024 * 1024
"""Enough for the log of a Delta table of a million files whose statistics are kept as JSON."""


def inspect_table(
    uri: str | os.PathLike[str],
    format: TableFormat | None = None,
    version: int | str | None = None,
    storage_options: StorageOptions | None = None,
    *,
    counts: bool = False,
    count_bytes: int = COUNT_BYTES,
    schema: Mapping[str, str] | None = None,
    how_to_read: str | None = None,
) -> TableFacts:
    """What the storage says about a table, pinned to one physical version. Its data is not read.

    Counts that the format's metadata has are always included. Others are unknown (None) unless `counts` is set.

    Args:
        uri: A path; a URI of `file://`, `s3://`, `gs://`, `az://`, `abfss://`, `https://` or any other scheme
            that fsspec knows; or `iceberg://CATALOG/namespace.table`.
        format: The table's format; recognised from what is stored there if left out.
        version: Delta: a version. Iceberg: a snapshot's id, tag or branch. Lance: a version or tag.
            Parquet, CSV, Feather: the fingerprint the files must have. Opaque: that fingerprint, or what you call the
            state. The current state if left out.
        storage_options: Options of the store by fsspec's names, such as `key`, `secret`, `endpoint_url`, `anon`;
            properties of the catalog; `timeout`, the seconds to wait for one answer, 10 by default; and `follow`, a
            list of further buckets or hosts that a table's metadata may lead to, such as `["s3://other"]`. Never
            recorded. Credentials left out are taken from the environment.
        counts: Count rows, bytes and files even if that means reading metadata of every file: for a Delta table
            the entries in its log, for a Parquet table all footers, which must have the same columns; for a Feather
            file the metadata of each record batch; for a CSV file its lines.
        count_bytes: How many bytes may be read to count. If more are needed, the counts stay unknown.
        schema: Column → Arrow type, such as `{"root_id": "uint64", "at": "timestamp[us, tz=UTC]"}`, for CSV files,
            whose columns are text unless declared, and for opaque tables, in the order of their columns.
        how_to_read: Of an opaque table: how people read it.

    Raises:
        TableNotFound: nothing is stored there, or no such version.
        UnknownFormat: no format, or several, fit what is stored there.
        UnsupportedTable: the table is damaged, or has a feature that this version of registry-dagster does not read.
        UnsafeLocation: the URI carries a credential.
        TableAccessDenied: the store does not accept the credentials, or they lack a right.
        TableUnreachable: the store cannot be reached, is busy, or takes too long.
        TableError: it cannot be read for another reason. Base of the others.
    """
    location = normalise(uri)
    if format not in {None, *FORMATS}:
        raise UnknownFormat(f"{format!r} is not a table format; use one of {', '.join(FORMATS)}.")
    declared = Declared(schema, how_to_read)
    try:
        return _inspect(location, format, version, storage_options, count_bytes if counts else None, declared)
    except InvalidDeclaration as error:
        raise UnsupportedTable(f"The table at {location} cannot be recorded. {error}") from error


def _inspect(
    location: str,
    format: TableFormat | None,
    version: int | str | None,
    options: StorageOptions | None,
    count_bytes: int | None,
    declared: Declared,
) -> TableFacts:
    if in_catalog := format_of_scheme(scheme_of(location)):
        _refuse_other_format(location, in_catalog, format)
        _refuse_declared(in_catalog, declared)
        return in_catalog.inspect_catalog(location, version, options)
    storage = open_storage(location, options)
    if not storage.exists():
        raise TableNotFound(nothing_stored(location))
    found = FORMATS[format] if format else detect_format(storage)
    _refuse_declared(found, declared)
    if found.marks.is_weak:
        refuse_part_of_table(storage)
    return found.inspect(storage, version, options, count_bytes, declared)


def _refuse_declared(format: Format, declared: Declared) -> None:
    """Two sources for one fact could contradict each other."""
    if not format.is_declared and declared != Declared():
        raise InvalidDeclaration(f"{format.kind} say their own columns; leave schema and how_to_read out.")


def _refuse_other_format(location: str, in_catalog: Format, format: TableFormat | None) -> None:
    if format not in {None, in_catalog.name}:
        raise UnknownFormat(
            f"{location} names one of the {in_catalog.kind} in a catalog, not a {format} table; leave format out."
        )

"""One way to the facts of a table, whatever its format."""

from __future__ import annotations

import os
from typing import get_args

from registry_dagster.errors import InvalidDeclaration, TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.table import TableFacts, TableFormat
from registry_dagster.tables.delta.inspect import inspect_delta
from registry_dagster.tables.detect import detect_format
from registry_dagster.tables.iceberg.catalog import inspect_catalog_table
from registry_dagster.tables.iceberg.inspect import inspect_iceberg
from registry_dagster.tables.lance.inspect import inspect_lance
from registry_dagster.tables.parquet.inspect import inspect_parquet
from registry_dagster.tables.storage.locations import normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions

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
) -> TableFacts:
    """What the storage says about a table, pinned to one physical version. Its data is not read.

    Counts that the format keeps at hand are always there. Others are unknown (None) unless asked for.

    Args:
        uri: A path; a URI of `file://`, `s3://`, `gs://`, `az://`, `abfss://`, `https://` or any other scheme
            that fsspec knows; or `iceberg://CATALOG/namespace.table`.
        format: Told from what is stored there when left out.
        version: Delta: a version. Iceberg: a snapshot's id, tag or branch. Lance: a version or tag.
            Parquet: the fingerprint the files must have. The current one when left out.
        storage_options: Options of the store by fsspec's names, such as `key`, `secret`, `endpoint_url`, `anon`;
            of the catalog; and `timeout`, the seconds to wait for one answer, 10 by default. Never recorded.
            Credentials left out are taken from the environment.
        counts: Count rows, bytes and files also where that means to read metadata of every file: of a Delta
            table the entries in its log, of a Parquet table all footers, which must have the same columns.
        count_bytes: How many bytes may be read for that. Where more are needed the counts stay unknown.

    Raises:
        TableNotFound: nothing is stored there, or no such version.
        UnknownFormat: no format, or several, fit what is stored there.
        UnsupportedTable: a damaged table, or a feature this release does not read.
        UnsafeLocation: the URI carries a credential.
        TableAccessDenied: the store does not accept the credentials, or they lack a right.
        TableUnreachable: the store cannot be reached, is busy, or takes too long.
        TableError: it cannot be read for another reason. Base of the others.
    """
    location = normalise(uri)
    formats = get_args(TableFormat)
    if format is not None and format not in formats:
        raise UnknownFormat(f"{format!r} is no table format; one of {', '.join(formats)}.")
    try:
        return _inspect(location, format, version, storage_options, count_bytes if counts else None)
    except InvalidDeclaration as error:
        raise UnsupportedTable(f"The table at {location} cannot be recorded. {error}") from error


def _inspect(
    location: str,
    format: TableFormat | None,
    version: int | str | None,
    options: StorageOptions | None,
    count_bytes: int | None,
) -> TableFacts:
    if location.startswith("iceberg://"):
        if format not in {None, "iceberg"}:
            raise UnknownFormat(f"{location} is an Iceberg table in a catalog, not {format}; leave format out.")
        return inspect_catalog_table(location, version, options)
    storage = open_storage(location, options)
    if not storage.exists():
        raise TableNotFound(f"Nothing is stored at {location}. Check the location.")
    match format or detect_format(storage):
        case "parquet":
            return inspect_parquet(storage, version, count_bytes=count_bytes)
        case "delta":
            return inspect_delta(storage, version, count_bytes=count_bytes)
        case "iceberg":
            return inspect_iceberg(storage, version)
        case "lance":
            return inspect_lance(storage, version, options)

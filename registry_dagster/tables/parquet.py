"""Parquet files and directories of them: a footer for the schema, the listing for everything else."""

from __future__ import annotations

import re
from typing import Any

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.dtypes import storage as stored_type
from registry_dagster.model.names import join_path
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.ahead import ahead
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.parquet_footer import Footer, read_footer
from registry_dagster.tables.parquet_listing import ParquetFiles, data_files
from registry_dagster.tables.storage import Storage

__all__ = ["inspect_parquet"]

_COUNTED_SUFFIX = 16 * 1024
"""Most footers are smaller."""
_INESSENTIAL = re.compile(r"large_|_view| not null")


def inspect_parquet(
    storage: Storage, version: int | str | None = None, *, count_bytes: int | None = None
) -> TableFacts:
    """Facts of a Parquet file, or of a directory of Parquet files with or without Hive partitions.

    Of a directory, the footer of `_metadata` is read when that is at least as new as every data file, else
    those of the first and the last data file, which must have the same columns. Rows are known of a file
    and with such a `_metadata`. The values of Hive partitions stay the strings they are in the directory names.

    Args:
        storage: At the file or directory.
        version: The fingerprint that the files must have.
        count_bytes: How many bytes of footers may be read to count rows, and to compare the columns of all
            files; None: no counting.

    Raises:
        TableNotFound: `version` is not the fingerprint of what is stored now.
        UnsupportedTable: a damaged or encrypted file, or files that are not one table.
        UnknownFormat: the directory holds no Parquet file.
    """
    files = ParquetFiles.read(storage)
    fingerprint = files.fingerprint
    if version is not None and version != fingerprint:
        raise TableNotFound(
            f"{storage.location} is not in state {version} (any more): its Parquet files are in state "
            f"{fingerprint}, and keep no earlier one. Leave the version out to take the present state."
        )
    schema, rows = _columns_and_rows(storage, files, count_bytes)
    schema = _with_partitions(schema, files.partitions)
    return TableFacts(
        location=storage.location,
        pin=ParquetPin(fingerprint=fingerprint, last_modified=files.modified),
        fields=fields_of(schema),
        arrow_schema=encode_schema(schema),
        widths=widths_of(schema),
        partition_columns=tuple(join_path((name,)) for name in files.partitions),
        rows=rows,
        bytes=files.bytes,
        files=files.files,
    )


def _columns_and_rows(storage: Storage, files: ParquetFiles, count_bytes: int | None) -> tuple[Any, int | None]:
    if files.summary is not None and files.summary.modified >= files.modified:
        summary = read_footer(storage, files.summary.path)
        if summary.rows:
            return summary.schema, summary.rows
    first = read_footer(storage, files.first.path)
    if files.files == 1:
        return first.schema, first.rows
    _refuse_other_columns(storage, first, read_footer(storage, files.last.path))
    return first.schema, None if count_bytes is None else _count_rows(storage, first, count_bytes)


def _count_rows(storage: Storage, first: Footer, budget: int) -> int | None:
    """Rows of all files; None when their footers take more bytes than the budget."""
    rows = 0
    for footer in ahead(lambda stored: read_footer(storage, stored.path, _COUNTED_SUFFIX), data_files(storage)):
        budget -= footer.bytes
        if budget < 0:
            return None
        _refuse_other_columns(storage, first, footer)
        rows += footer.rows
    return rows


def _refuse_other_columns(storage: Storage, one: Footer, other: Footer) -> None:
    """Order, nullability and metadata may differ, and how a reader is to hold values of the same kind."""
    if one.schema.equals(other.schema):
        return
    types, others = _types(one.schema), _types(other.schema)
    for path in {**types, **others}:
        a, b = types.get(path), others.get(path)
        if a != b and "null" not in (b or ""):
            raise UnsupportedTable(
                f"{storage.location} is not one table: {one.path} {_has(path, a)}, {other.path} {_has(path, b)}. "
                "Write its files with the same columns, or give the location of one table."
            )


def _types(schema: Any) -> dict[str, str]:
    """Path → type, as far as it is stored. `null` is that of a column without values."""
    return {field.path: _INESSENTIAL.sub("", stored_type(field.type)) for field in fields_of(schema)}


def _has(path: str, dtype: str | None) -> str:
    return f"has no column {path}" if dtype is None else f"has column {path} as {dtype}"


def _with_partitions(schema: Any, partitions: tuple[str, ...]) -> Any:
    import pyarrow as pa

    for name in partitions:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string(), nullable=True))
    return schema

"""Parquet files and directories of them: a footer for the schema, the listing for everything else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import TableError, UnsupportedTable
from registry_dagster.model.dtypes import storage as stored_type
from registry_dagster.model.names import join_path, split_path
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.parquet.footer import Footer, read_footer
from registry_dagster.tables.parquet.listing import ParquetFiles, data_pages
from registry_dagster.tables.parquet.nullability import loosened
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = ["inspect_parquet"]

_COUNTED_SUFFIX = 16 * 1024
"""Most footers are smaller."""
_NULL = re.compile(r"\bnull\b")
_INESSENTIAL = re.compile(r"large_|_view| not null")


def inspect_parquet(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of a Parquet file, or of a directory of Parquet files with or without Hive partitions.

    In a directory, the footers of the first and the last data file are read, which must have the same columns.
    A `_metadata` file is not read, since nothing keeps it in step with the data files. Rows are known only of a
    single file, and that a column has no nulls only where all footers were read and say so. The values of Hive
    partitions stay the strings they are in the directory names.

    Args:
        storage: At the file or directory.
        version: The fingerprint that the files must have.
        storage_options: Not needed: the storage reads all.
        count_bytes: How many bytes of footers may be read to count rows, and to compare the columns of all
            files; None: no counting.

    Raises:
        TableNotFound: `version` is not the fingerprint of what is stored now.
        UnsupportedTable: a damaged or encrypted file, or files that are not one table.
        TableError: the files changed while their rows were counted.
        UnknownFormat: the directory holds no Parquet file.
    """
    files = ParquetFiles.read(storage, version)
    _refuse_nameless(storage, files.nameless)
    schema, rows = _columns_and_rows(storage, files, count_bytes)
    schema = _with_partitions(schema, files.partitions)
    return TableFacts(
        location=storage.location,
        pin=ParquetPin(fingerprint=files.fingerprint, last_modified=files.modified),
        fields=fields_of(schema),
        arrow_schema=encode_schema(schema),
        widths=widths_of(schema),
        partition_columns=tuple(join_path((name,)) for name in files.partitions),
        rows=rows,
        bytes=files.bytes,
        files=files.files,
    )


def _columns_and_rows(storage: Storage, files: ParquetFiles, count_bytes: int | None) -> tuple[Any, int | None]:
    first = read_footer(storage, files.first.path)
    if files.files == 1:
        return first.schema, first.rows
    last = read_footer(storage, files.last.path)
    _refuse_other_columns(storage, first, last)
    every = None if count_bytes is None else _all_footers(storage, files, first, count_bytes)
    schema = _filled(first.schema, last.schema)
    if every is None:
        agree, rows = files.files == 2 and first.schema.equals(last.schema), None
    else:
        agree, rows = every.agree, every.rows
    return schema if agree else loosened(schema), rows


def _refuse_nameless(storage: Storage, nameless: Iterable[StoredObject]) -> None:
    """Some readers take every file of a folder, so one that is Parquet by its content alone is not passed over."""
    for stored in nameless:
        if storage.read(stored.path, 0, 4) == b"PAR1":
            raise UnsupportedTable(
                f"{storage.location} is not one table: {stored.path} is a Parquet file too, by its content, and its "
                "name does not end in .parquet. Rename it, or give the location of one table."
            )


@dataclass
class _Footers:
    """What footers say together, read one after the other.

    Args:
        first: The first of them.
        rows: All together; None as soon as those of one are unknown.
        agree: Whether all of them say the same of which columns may be null.
    """

    first: Footer
    rows: int | None = 0
    agree: bool = True

    def add(self, footer: Footer) -> None:
        self.rows = None if self.rows is None or footer.rows is None else self.rows + footer.rows
        self.agree = self.agree and footer.schema.equals(self.first.schema)


def _all_footers(storage: Storage, files: ParquetFiles, first: Footer, budget: int) -> _Footers | None:
    """What all files say; None when their footers take more bytes than the budget."""
    found, counted = _Footers(first), Fingerprint()

    def listed_again() -> Iterator[StoredObject]:
        for page in data_pages(storage):
            counted.add(page)
            yield from page

    for footer in ahead(lambda stored: read_footer(storage, stored.path, _COUNTED_SUFFIX), listed_again()):
        budget -= footer.bytes
        if budget < 0:
            return None
        _refuse_other_columns(storage, first, footer)
        found.add(footer)
    # The files were listed twice, once for the pin and once for the footers: the rows must be those of the pin.
    if str(counted) != files.fingerprint:
        raise TableError(f"{storage.location} was written to while its rows were counted. Inspect it again.")
    return found


def _refuse_other_columns(storage: Storage, one: Footer, other: Footer) -> None:
    """Order, nullability and metadata may differ, and so may the Arrow type that holds values of the same kind."""
    if one.schema.equals(other.schema):
        return
    types, others = _types(one.schema), _types(other.schema)
    if (path := _disputed(types, others)) is not None:
        a, b = _has(path, types.get(path)), _has(path, others.get(path))
        raise UnsupportedTable(
            f"{storage.location} is not one table: {one.path} {a}, {other.path} {b}. "
            "Write its files with the same columns, or give the location of one table."
        )


def _disputed(types: dict[str, str], others: dict[str, str]) -> str | None:
    """The first path whose types in two files cannot be of one column."""
    for path in {**types, **others}:
        if not _agree(types.get(path), others.get(path)) and not _without_values(path, types, others):
            return path
    return None


def _types(schema: Any) -> dict[str, str]:
    """Path → type, without what differs between Arrow types of the same stored values."""
    return {field.path: _INESSENTIAL.sub("", stored_type(field.type)) for field in fields_of(schema)}


def _agree(a: str | None, b: str | None) -> bool:
    """Whether two types can be of one column. A column or list that has no values in a file is of type `null` there."""
    if a is None or b is None:
        return a == b
    return a == b or _fits(a, b) or _fits(b, a)


def _fits(empty: str, dtype: str) -> bool:
    """Whether a type has the form of another that is `null` where nothing is known."""
    return re.fullmatch(_NULL.sub(".+", re.escape(empty)), dtype) is not None


def _without_values(path: str, *files: dict[str, str]) -> bool:
    """Whether a file has only nulls in a column above the path, and so does not know what is nested there."""
    names = split_path(path)
    above = [join_path(names[:depth]) for depth in range(1, len(names))]
    return any(_NULL.search(types.get(one, "")) for types in files for one in above)


def _filled(schema: Any, other: Any) -> Any:
    """The schema, with the other's columns where its own are of type null."""
    import pyarrow as pa

    empty = _empty_columns(schema)
    fields = [other.field(field.name) if field.name in empty else field for field in schema]
    return pa.schema(fields, metadata=schema.metadata)


def _empty_columns(schema: Any) -> set[str]:
    """The columns that are of type null, or have it inside."""
    return {split_path(path)[0] for path, dtype in _types(schema).items() if _NULL.search(dtype)}


def _has(path: str, dtype: str | None) -> str:
    return f"has no column {path}" if dtype is None else f"has column {path} as {dtype}"


def _with_partitions(schema: Any, partitions: tuple[str, ...]) -> Any:
    import pyarrow as pa

    for name in partitions:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string(), nullable=True))
    return schema

"""Parquet files and directories of them: one footer for the schema, the listing for everything else."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.detect import first_entries, is_data_file, is_iceberg_metadata, is_parquet
from registry_dagster.tables.locations import plain_text
from registry_dagster.tables.storage import Storage, StoredObject

__all__ = ["inspect_parquet"]

_SUFFIX = 64 * 1024
_SUMMARY = "_metadata"


def inspect_parquet(
    storage: Storage, version: int | str | None = None, *, count_bytes: int | None = None
) -> TableFacts:
    """Facts of a Parquet file, or of a directory of Parquet files with or without Hive partitions.

    One footer is read: of the file, of a directory's `_metadata` when that is at least as new as every
    data file, else of the directory's first data file. Rows are known in the first two cases. The values
    of Hive partitions stay the strings they are in the directory names.

    Raises:
        TableNotFound: `version` is not the fingerprint of what is stored now.
        UnsupportedTable: a damaged or encrypted file, or directories that are not one table.
        UnknownFormat: the directory holds no Parquet file.
    """
    listing = _of_file(storage) if storage.is_object() else _of_directory(storage)
    fingerprint = listing.fingerprint
    if version is not None and version != fingerprint:
        raise TableNotFound(
            f"{storage.location} is not in state {version} (any more): its Parquet files are in state "
            f"{fingerprint}, and keep no earlier one. Leave the version out to take the present state."
        )
    source = listing.first.path
    if listing.summary is not None and listing.summary.modified >= listing.modified:
        source = listing.summary.path
    schema, rows = _footer(storage, source)
    return TableFacts(
        location=storage.location,
        pin=ParquetPin(fingerprint=fingerprint, last_modified=listing.modified),
        fields=fields_of(schema := _with_partitions(schema, listing.partitions)),
        arrow_schema=encode_schema(schema),
        partition_columns=tuple(join_path((name,)) for name in listing.partitions),
        rows=rows if listing.files == 1 or (source != listing.first.path and rows) else None,
        bytes=listing.bytes,
        files=listing.files,
    )


@dataclass
class _Listing:
    """What the listing of a table's files says, gathered file by file."""

    first: StoredObject
    partitions: tuple[str, ...]
    modified: datetime
    summary: StoredObject | None = None
    files: int = 0
    bytes: int = 0
    digest: Any = field(default_factory=hashlib.sha256)

    def add(self, stored: StoredObject, name: str) -> None:
        self.digest.update(os.fsencode(f"{name}\0{stored.size}\0{stored.token}\n"))
        self.files += 1
        self.bytes += stored.size
        self.modified = max(self.modified, stored.modified)

    @property
    def fingerprint(self) -> str:
        return f"sha256:{self.digest.hexdigest()}"


def _of_file(storage: Storage) -> _Listing:
    stored = storage.head()
    listing = _Listing(stored, (), stored.modified)
    listing.add(stored, unquote(storage.location.rpartition("/")[2]))
    return listing


def _of_directory(storage: Storage) -> _Listing:
    listing: _Listing | None = None
    summary: StoredObject | None = None
    for stored in storage.list():
        if not is_data_file(stored.path):
            _refuse_table_inside(storage, stored.path)
            summary = stored if stored.path == _SUMMARY else summary
            continue
        partitions = _partitions(stored.path)
        if listing is None:
            listing = _Listing(stored, partitions, stored.modified)
        elif partitions != listing.partitions:
            raise UnsupportedTable(
                f"{storage.location} is not one table: {listing.first.path} is partitioned by "
                f"{_names(listing.partitions)}, {stored.path} by {_names(partitions)}. "
                "Give the location of one table."
            )
        listing.add(stored, stored.path)
    if listing is None:
        raise UnknownFormat(
            f"{storage.location} holds no .parquet file outside hidden directories. It holds "
            f"{first_entries(storage)}. Give the location of a Parquet file or of a directory of them."
        )
    listing.summary = summary
    return listing


def _refuse_table_inside(storage: Storage, path: str) -> None:
    """A Delta, Iceberg or Lance table below would lend this one its data files, also deleted ones."""
    for mark, found in (
        ("/_delta_log/", path.endswith(".json")),
        ("/metadata/", is_iceberg_metadata(path)),
        ("/_versions/", path.endswith(".manifest")),
    ):
        table, inside, _ = path.partition(mark)
        if inside and found:
            raise UnsupportedTable(
                f"{storage.location} is not one Parquet table: {table}/ below it is a table of another "
                f"format (it has {mark.strip('/')}/). Inspect that one by its own location."
            )


def _partitions(path: str) -> tuple[str, ...]:
    """Names of the Hive partition columns on a path: `year=2024/day=01/a.parquet` has year and day."""
    return tuple(unquote(name.partition("=")[0]) for name in path.split("/")[:-1] if name.find("=") > 0)


def _names(partitions: tuple[str, ...]) -> str:
    return ", ".join(partitions) or "nothing"


def _with_partitions(schema: Any, partitions: tuple[str, ...]) -> Any:
    import pyarrow as pa

    for name in partitions:
        if name not in schema.names:
            schema = schema.append(pa.field(name, pa.string(), nullable=True))
    return schema


def _footer(storage: Storage, path: str) -> tuple[Any, int]:
    """Schema and number of rows. What a footer says of column chunks is left alone: pyarrow 26 aborts
    the process on that of an encrypted column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    file: Any
    try:
        file = pq.ParquetFile(pa.BufferReader(_footer_bytes(storage, path)))
        return file.schema_arrow, int(file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
        raise _damaged(storage, path, f"its Parquet footer cannot be read ({plain_text(error)})") from error


def _footer_bytes(storage: Storage, path: str) -> bytes:
    """The end of a Parquet file from its footer on, which is all that a reader of the schema needs.

    As the file ends by the Parquet format: footer, its length in 4 bytes, the magic `PAR1`.
    """
    stored, tail = storage.read_suffix(path, _SUFFIX)
    if tail[-4:] == b"PARE":
        raise UnsupportedTable(
            f"{_where(storage, path)} has an encrypted footer, so its schema cannot be read. "
            "Write it with a plaintext footer; its columns may stay encrypted."
        )
    if stored.size == 0:
        raise _damaged(storage, path, "it is empty (0 bytes)")
    if tail[-4:] != b"PAR1":
        head = storage.read(path, 0, 4)
        if is_parquet(head):
            raise _damaged(storage, path, f"it is cut off: its {stored.size} bytes do not end in a footer")
        raise _damaged(storage, path, f"it is not Parquet: it starts with {head!r}, not PAR1")
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length + 4 > stored.size:
        raise _damaged(storage, path, f"its footer claims {length} of the {stored.size} bytes")
    return tail[-length:] if length <= len(tail) else storage.read(path, stored.size - length, length)


def _damaged(storage: Storage, path: str, what: str) -> UnsupportedTable:
    return UnsupportedTable(f"{_where(storage, path)} cannot be read: {what}. Write the file again.")


def _where(storage: Storage, path: str) -> str:
    return f"{storage.location}/{path}" if path else storage.location

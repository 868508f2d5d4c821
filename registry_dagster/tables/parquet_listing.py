"""The files of a Parquet table, from a listing that is never held as a whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

from registry_dagster.errors import UnknownFormat, UnsupportedTable
from registry_dagster.tables.detect import first_entries, is_data_file, is_iceberg_metadata
from registry_dagster.tables.storage import Storage, StoredObject

__all__ = ["ParquetFiles", "data_files"]

_SUMMARY = "_metadata"


@dataclass
class ParquetFiles:
    """What the listing of a table's files says, gathered file by file.

    Args:
        first, last: Data files, in key order.
        partitions: Names of the Hive partition columns.
        modified: When the latest of the data files was written.
        summary: The directory's `_metadata`.
        files, bytes: How many data files, and their size.
    """

    first: StoredObject
    last: StoredObject
    partitions: tuple[str, ...]
    modified: datetime
    summary: StoredObject | None = None
    files: int = 0
    bytes: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)

    @classmethod
    def read(cls, storage: Storage) -> ParquetFiles:
        """The listing of a file, or of a directory of files with or without Hive partitions.

        Raises:
            UnsupportedTable: directories that are not one table.
            UnknownFormat: the directory holds no Parquet file.
        """
        if not storage.is_object():
            return cls._of_directory(storage)
        stored = storage.head()
        found = cls(stored, stored, (), stored.modified)
        found._add(stored, unquote(storage.location.rpartition("/")[2]))
        return found

    @classmethod
    def _of_directory(cls, storage: Storage) -> ParquetFiles:
        found: ParquetFiles | None = None
        summary: StoredObject | None = None
        for stored in storage.list():
            if not is_data_file(stored.path):
                _refuse_table_inside(storage, stored.path)
                summary = stored if stored.path == _SUMMARY else summary
                continue
            partitions = _partitions(stored.path.rpartition("/")[0])
            if found is None:
                found = cls(stored, stored, partitions, stored.modified)
            elif partitions != found.partitions:
                raise UnsupportedTable(
                    f"{storage.location} is not one table: {found.first.path} is partitioned by "
                    f"{_names(found.partitions)}, {stored.path} by {_names(partitions)}. "
                    "Give the location of one table."
                )
            found._add(stored, stored.path)
        if found is None:
            raise UnknownFormat(
                f"{storage.location} holds no .parquet file outside hidden directories. It holds "
                f"{first_entries(storage)}. Give the location of a Parquet file or of a directory of them."
            )
        found.summary = summary
        return found

    def _add(self, stored: StoredObject, name: str) -> None:
        self._digest.update(os.fsencode(f"{name}\0{stored.size}\0{stored.token}\n"))
        self.files += 1
        self.bytes += stored.size
        self.last = stored
        self.modified = max(self.modified, stored.modified)

    @property
    def fingerprint(self) -> str:
        """As `ParquetPin` says."""
        return f"sha256:{self._digest.hexdigest()}"


def data_files(storage: Storage) -> Iterator[StoredObject]:
    """The data files of a directory, in key order."""
    return (stored for stored in storage.list() if is_data_file(stored.path))


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


@lru_cache(maxsize=16)
def _partitions(directory: str) -> tuple[str, ...]:
    """Names of the Hive partition columns on a directory: `year=2024/day=01` has year and day."""
    return tuple(unquote(name.partition("=")[0]) for name in directory.split("/") if name.find("=") > 0)


def _names(partitions: tuple[str, ...]) -> str:
    return ", ".join(partitions) or "nothing"

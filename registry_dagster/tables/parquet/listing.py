"""The files of a Parquet table, from a listing that is never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.tables.detect import first_entries, is_visible, table_above
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["ParquetFiles", "data_files", "is_data_file"]

_MOST_NAMELESS = 4
_ENDINGS = (".parquet", ".parq", ".pq")


@dataclass
class ParquetFiles:
    """What the listing of a table's files says, gathered file by file.

    Args:
        first, last: The first and the last data file in key order.
        partitions: Names of the Hive partition columns.
        modified: When the latest of the data files was written.
        files, bytes: How many data files, and their size.
        nameless: The first few files whose names have no ending, and so say nothing about what they are.
    """

    first: StoredObject
    last: StoredObject
    partitions: tuple[str, ...]
    modified: datetime
    files: int = 0
    bytes: int = 0
    nameless: list[StoredObject] = field(default_factory=list[StoredObject])
    _fingerprint: Fingerprint = field(default_factory=Fingerprint)

    @classmethod
    def read(
        cls, storage: Storage, state: int | str | None = None, *, seen: Callable[[StoredObject], None] | None = None
    ) -> ParquetFiles:
        """The listing of a file, or of a directory of files with or without Hive partitions.

        Args:
            storage: At the file or directory.
            state: The fingerprint that they must have.
            seen: Called with each data file.

        Raises:
            TableNotFound: the files are in another state.
            UnsupportedTable: directories that are not one table.
            UnknownFormat: the directory holds no Parquet file.
        """
        found = cls._of_file(storage) if storage.is_object() else cls._of_directory(storage, seen)
        if seen is not None and not found.first.path:
            seen(found.first)
        _refuse_other_state(storage, found, state)
        return found

    @classmethod
    def _of_file(cls, storage: Storage) -> ParquetFiles:
        stored = storage.head()
        found = cls(stored, stored, (), stored.modified)
        found._add(stored, unquote(storage.location.rpartition("/")[2]))
        return found

    @classmethod
    def _of_directory(cls, storage: Storage, seen: Callable[[StoredObject], None] | None) -> ParquetFiles:
        found: ParquetFiles | None = None
        nameless: list[StoredObject] = []
        ending = ""
        for stored in storage.list():
            if not is_data_file(stored.path):
                _refuse_table_inside(storage, stored.path)
                nameless += [stored] if _is_nameless(stored, nameless) else []
                continue
            partitions = _partitions(stored.path.rpartition("/")[0])
            if found is None:
                found, ending = cls(stored, stored, partitions, stored.modified), _ending(stored.path)
            elif partitions != found.partitions:
                raise _other_partitions(storage, found, stored, partitions)
            if not stored.path.endswith(ending):
                _refuse_other_ending(storage, found, stored)
            found._add(stored)
            if seen is not None:
                seen(stored)
        if found is None:
            raise UnknownFormat(
                f"{storage.location} holds no .parquet file outside hidden directories. It holds "
                f"{first_entries(storage)}. Give the location of a Parquet file or of a directory of them."
            )
        found.nameless = nameless
        return found

    def _add(self, stored: StoredObject, name: str | None = None) -> None:
        self._fingerprint.add(stored, name)
        self.files += 1
        self.bytes += stored.size
        self.last = stored
        self.modified = max(self.modified, stored.modified)

    @property
    def fingerprint(self) -> str:
        """The text of the fingerprint over all data files."""
        return str(self._fingerprint)


def data_files(storage: Storage) -> Iterator[StoredObject]:
    """The data files of a directory, in key order."""
    return (stored for stored in storage.list() if is_data_file(stored.path))


def is_data_file(path: str) -> bool:
    """Whether a path is a Parquet data file: the extension fits, and no name on the path is hidden."""
    return path.lower().endswith(_ENDINGS) and is_visible(path)


def _refuse_other_ending(storage: Storage, found: ParquetFiles, stored: StoredObject) -> None:
    """Of files that are named in two ways, readers take those of one ending, and not all of them of the same."""
    one, other = _ending(found.first.path), _ending(stored.path)
    if one != other:
        raise UnsupportedTable(
            f"{storage.location} is not one table: {found.first.path} ends in {one}, {stored.path} in {other}. "
            "Give the files of a table the same ending, or give the location of one table."
        )


def _is_nameless(stored: StoredObject, found: list[StoredObject]) -> bool:
    return len(found) < _MOST_NAMELESS and "." not in stored.path.rpartition("/")[2] and is_visible(stored.path)


def _ending(path: str) -> str:
    return f".{path.lower().rpartition('.')[2]}"


def _refuse_other_state(storage: Storage, found: ParquetFiles, state: int | str | None) -> None:
    if state is not None and state != found.fingerprint:
        raise TableNotFound(
            f"{storage.location} is not in state {state}: its Parquet files are now in state "
            f"{found.fingerprint}, and Parquet keeps no earlier one. Leave the version out to inspect them."
        )


def _other_partitions(
    storage: Storage, found: ParquetFiles, stored: StoredObject, partitions: tuple[str, ...]
) -> UnsupportedTable:
    return UnsupportedTable(
        f"{storage.location} is not one table: {found.first.path} is partitioned by "
        f"{_names(found.partitions)}, {stored.path} by {_names(partitions)}. "
        "Give the location of one table."
    )


def _refuse_table_inside(storage: Storage, path: str) -> None:
    """A Delta, Iceberg or Lance table below would lend this one its data files, also deleted ones."""
    if found := table_above(path):
        table, mark = found
        raise UnsupportedTable(
            f"{storage.location} is not one Parquet table: {table}/ in it is a table of another format (it has "
            f"{mark}/). Inspect that one by its own location."
        )


@lru_cache(maxsize=16)
def _partitions(directory: str) -> tuple[str, ...]:
    """Names of the Hive partition columns on a directory: `year=2024/day=01` has year and day."""
    return tuple(unquote(name.partition("=")[0]) for name in directory.split("/") if name.find("=") > 0)


def _names(partitions: tuple[str, ...]) -> str:
    return ", ".join(partitions) or "nothing"

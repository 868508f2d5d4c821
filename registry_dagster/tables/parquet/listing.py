"""The files of a Parquet table, from a listing that is never held as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache, reduce
from typing import Any
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.tables.detect import first_entries, is_visible, table_above
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.object_page import ObjectPage
from registry_dagster.tables.storage.pages import pages_of
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["ENDINGS", "ParquetFiles", "data_pages"]

_MOST_NAMELESS = 4
ENDINGS = (".parquet", ".parq", ".pq")
"""Of the names of data files, in lower case."""


Seen = Callable[[ObjectPage], None]


@dataclass
class ParquetFiles:
    """What the listing of a table's files says, gathered page by page.

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
    def read(cls, storage: Storage, state: int | str | None = None, *, seen: Seen | None = None) -> ParquetFiles:
        """The listing of a file, or of a directory of files with or without Hive partitions.

        Args:
            storage: At the file or directory.
            state: The fingerprint that they must have.
            seen: Called with the data files, page by page.

        Raises:
            TableNotFound: the files are in another state.
            UnsupportedTable: directories that are not one table.
            UnknownFormat: the directory holds no Parquet file.
        """
        found = cls._of_file(storage, seen) if storage.is_object() else cls.below(storage, seen)
        if found is None:
            raise UnknownFormat(
                f"{storage.location} holds no .parquet file outside hidden directories. It holds "
                f"{first_entries(storage)}. Give the location of a Parquet file or of a directory of them."
            )
        _refuse_other_state(storage, found, state)
        return found

    @classmethod
    def _of_file(cls, storage: Storage, seen: Seen | None) -> ParquetFiles:
        stored = storage.head()
        found = cls(stored, stored, (), stored.modified)
        found._fingerprint.add_file(storage, stored)
        found._add(ObjectPage.of([stored]), seen)
        return found

    @classmethod
    def below(cls, storage: Storage, seen: Seen | None = None) -> ParquetFiles | None:
        """The same of a directory alone; None if no data file is listed below the location.

        Raises:
            UnsupportedTable: directories that are not one table.
        """
        found: ParquetFiles | None = None
        nameless: list[StoredObject] = []
        for page in data_pages(storage, nameless):
            if found is None:
                first = page[0]
                found = cls(first, first, _partitions(page.directories[0]), page.latest)
            _refuse_other_files(storage, found, page)
            found._fingerprint.add(page)
            found._add(page, seen)
        if found is not None:
            found.nameless = nameless
        return found

    def _add(self, page: ObjectPage, seen: Seen | None) -> None:
        self.files += len(page)
        self.bytes += page.bytes
        self.last = page[-1]
        self.modified = max(self.modified, page.latest)
        if seen is not None:
            seen(page)

    @property
    def fingerprint(self) -> str:
        """The text of the fingerprint over all data files."""
        return str(self._fingerprint)


def data_pages(storage: Storage, nameless: list[StoredObject] | None = None) -> Iterator[ObjectPage]:
    """The data files of a directory, page by page, in key order.

    Args:
        storage: At the directory.
        nameless: Filled with the first few files whose names have no ending.

    Raises:
        UnsupportedTable: there is a table of another format in it.
    """
    for page in pages_of(storage):
        data, others = page.split(_are_data(page))
        for stored in others:
            _refuse_table_inside(storage, stored.path)
            if nameless is not None and _is_nameless(stored, nameless):
                nameless.append(stored)
        if data:
            yield data


def _are_data(page: ObjectPage) -> Any:
    """Which files are Parquet data files: the extension fits, and no name on the path is hidden."""
    import pyarrow as pa
    import pyarrow.compute as pc

    functions: Any = pc
    are_data = page.end_with(ENDINGS[0])
    if are_data.true_count < len(page):
        are_data = reduce(functions.or_, map(page.end_with, ENDINGS[1:]), are_data)
    # Only a name that begins so can be hidden.
    all_names = "/" + "\0/".join(page.names)
    if "/." in all_names or "/_" in all_names:
        are_data = functions.and_(are_data, pa.array([is_visible(name) for name in page.names]))
    return are_data


def _refuse_other_files(storage: Storage, found: ParquetFiles, page: ObjectPage) -> None:
    """Refuse files with other partitions, or of another ending: of those, readers take one, and not all the same."""
    for directory in page.directories:
        if (partitions := _partitions(directory)) != found.partitions:
            stored = next(each for each in page if each.path.rpartition("/")[0] == directory)
            raise _other_partitions(storage, found, stored, partitions)
    one = _ending(found.first.path)
    for stored in page.split(page.end_with(one))[1]:
        raise UnsupportedTable(
            f"{storage.location} is not one table: {found.first.path} ends in {one}, {stored.path} in "
            f"{_ending(stored.path)}. Give the files of a table the same ending, or give the location of one table."
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

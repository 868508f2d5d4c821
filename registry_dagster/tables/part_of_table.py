"""Files that look like a table of their own and are parts of another one, which may have deleted them long ago.

The files of Delta, Iceberg, Hudi and Paimon tables are Parquet files in plain folders. Without the table's own
metadata they show deleted and old rows too.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import islice

from registry_dagster.errors import TableAccessDenied, TableUnreachable, UnsupportedTable
from registry_dagster.tables.storage.above import storage_above
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["refuse_part_of_table"]

_LEVELS = 2
_MOST_LISTED = 1000


@dataclass(frozen=True)
class _Mark:
    """What only tables of a kind have.

    Args:
        kind: Of table.
        directory: In the table.
        files: Globs of names in it; empty for any.
        below: Where the table keeps its files, if not anywhere; "" for anywhere.
        advice: What to do.
    """

    kind: str
    directory: str
    files: tuple[str, ...] = ()
    below: str = ""
    advice: str = "give the location of that table, and leave format out"

    def is_in(self, storage: Storage) -> bool:
        """Whether a directory has it. On a local disk an empty directory is a mark too: the table was emptied."""
        names = (stored.path.rpartition("/")[2] for stored in storage.list(f"{self.directory}/"))
        if any(self._fits(name) for name in islice(names, _MOST_LISTED)):
            return True
        return isinstance(storage, LocalStorage) and self._is_empty(storage)

    def _fits(self, name: str) -> bool:
        return not self.files or any(fnmatchcase(name, glob) for glob in self.files)

    def _is_empty(self, storage: LocalStorage) -> bool:
        there = storage.exists(self.directory) and storage.exists(self.below)
        return there and next(storage.list(f"{self.directory}/"), None) is None


_OTHERS = "registry-dagster does not read such tables: write it as a Delta, Iceberg, Lance or Parquet table"
_MARKS = (
    _Mark("Delta table", "_delta_log"),
    _Mark("Iceberg table", "metadata", ("*.metadata.json", "*.metadata.json.gz", "*.avro"), "data"),
    _Mark("Hudi table", ".hoodie", advice=_OTHERS),
    _Mark("Paimon table", "schema", ("schema-*",), advice=_OTHERS),
)


def refuse_part_of_table(storage: Storage, levels: int = _LEVELS) -> None:
    """Refuse a file or a directory that belongs to a table of another format, in it or up to two levels above.

    Directories above that may not be listed are not looked at.

    Raises:
        UnsupportedTable: the message names the table meant.
    """
    _refuse_marked(storage, storage, "")
    below, above = storage.location.rpartition("/")[2], storage_above(storage)
    while above is not None and levels:
        try:
            _refuse_marked(storage, above, below)
        except (TableAccessDenied, TableUnreachable):
            return
        name = above.location.rpartition("/")[2]
        below, above, levels = f"{name}/{below}", storage_above(above), levels - 1


def _refuse_marked(storage: Storage, table: Storage, below: str) -> None:
    if mark := next(_marks_in(table, below), None):
        where = "is" if table is storage else f"belongs to {table.location}, which is"
        raise UnsupportedTable(
            f"{storage.location} {where} a {mark.kind} (it has {mark.directory}/), and its files may hold rows that "
            f"the table no longer has. To record the table, {mark.advice}."
        )


def _marks_in(table: Storage, below: str) -> Iterator[_Mark]:
    """The marks of a directory that say something about what is below it."""
    if below or not table.is_object():
        yield from (mark for mark in _MARKS if _concerns(mark, below) and mark.is_in(table))


def _concerns(mark: _Mark, below: str) -> bool:
    return not (mark.below and below) or below.partition("/")[0] == mark.below

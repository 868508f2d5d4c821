"""Parquet: the files are listed again, and their fingerprint compared."""

from __future__ import annotations

from contextlib import suppress

from registry_dagster.errors import TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.parquet.listing import ENDINGS, ParquetFiles
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_parquet"]


def verify_parquet(table: TableFacts, pin: ParquetPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds every file that was added, removed or written again; the last by its store's change token.

    Raises:
        TableError: the files cannot be listed, or are no longer one table.
    """
    storage = open_storage(table.location, options)
    files = _as_recorded(storage, table, pin)
    if files is None:
        if not storage.exists():
            return Look("missing", f"Nothing is stored at {storage.location}.")
        try:
            files = ParquetFiles.read(storage)
        except UnknownFormat as error:
            return Look("missing", str(error))
    now = f"{_amount(files.files, files.bytes)}, last written {files.modified:%Y-%m-%d %H:%M:%S} UTC"
    note(storage.location, f"{now}, in state {files.fingerprint}")
    if files.fingerprint == pin.fingerprint:
        return Look("intact", f"the listing of its files ({now}) is as recorded.")
    if (files.files, files.bytes) == (table.files, table.bytes):
        return Look(
            "changed",
            f"there are as many files and bytes as recorded, but some were written again, maybe with the same "
            f"content: {now}.",
        )
    return Look("changed", f"there are {now}, but {_amount(table.files, table.bytes)} were recorded.")


def _as_recorded(storage: Storage, table: TableFacts, pin: ParquetPin) -> ParquetFiles | None:
    """The files of a directory, if they are those of the record; so nobody is asked first what is at the location."""
    if table.files == 1 and table.location.lower().endswith(ENDINGS):
        return None
    with suppress(TableNotFound, UnsupportedTable):
        files = ParquetFiles.below(storage)
        return files if files is not None and files.fingerprint == pin.fingerprint else None
    return None


def _amount(files: int | None, size: int | None) -> str:
    if files is None or size is None:
        return f"files in another state{'' if size is None else f' of {size:,} bytes'}"
    return f"{files:,} file{'s' if files != 1 else ''} of {size:,} bytes"

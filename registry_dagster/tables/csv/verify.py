"""CSV: the file's head is read again, and its fingerprint compared."""

from __future__ import annotations

from registry_dagster.model.table import CsvPin, TableFacts
from registry_dagster.tables.one_file import fingerprint_of
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_csv"]


def verify_csv(table: TableFacts, pin: CsvPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a file that was removed, or written again, by its store's change token.

    Raises:
        TableError: the store cannot answer.
    """
    storage = open_storage(table.location, options)
    if not storage.exists():
        return Look("missing", f"Nothing is stored at {storage.location}.")
    if not storage.is_object():
        return Look("changed", f"{storage.location} is a directory now.")
    stored = storage.head()
    found = fingerprint_of(storage, stored)
    now = f"{stored.size:,} bytes, last written {stored.modified:%Y-%m-%d %H:%M:%S} UTC"
    note(storage.location, f"{now}, in state {found}")
    if found == pin.fingerprint:
        return Look("intact", f"the file ({now}) is as recorded.")
    if stored.size == table.bytes:
        return Look("changed", f"the file is as long as recorded, but was written again: {now}.")
    return Look("changed", f"the file now has {now}, but {table.bytes or 0:,} bytes were recorded.")

"""Feather: the file is looked at again, and its fingerprint compared."""

from __future__ import annotations

from registry_dagster.model.table import FeatherPin, TableFacts
from registry_dagster.tables.one_file import fingerprint_of
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_feather"]


def verify_feather(table: TableFacts, pin: FeatherPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a file that was removed or written again, by its size and its store's change token.

    Raises:
        TableError: the store cannot be asked.
    """
    storage = open_storage(table.location, options)
    if not storage.is_object():
        return Look("missing", f"No file is stored at {storage.location}.")
    stored = storage.head()
    found = fingerprint_of(storage, stored)
    now = f"{stored.size:,} bytes, last written {stored.modified:%Y-%m-%d %H:%M:%S} UTC"
    note(storage.location, f"{now}, in state {found}")
    if found == pin.fingerprint:
        return Look("intact", f"the file ({now}) is as recorded.")
    if stored.size == table.bytes:
        return Look("changed", f"the file was written again, maybe with the same content: {now}.")
    return Look("changed", f"there are {now}, but {_size(table.bytes)} recorded.")


def _size(size: int | None) -> str:
    return "another state was" if size is None else f"{size:,} bytes were"

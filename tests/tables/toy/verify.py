"""Toy tables: the files are listed again."""

from __future__ import annotations

from registry_dagster.model.table import TableFacts
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Look, Note
from tests.tables.toy.inspect import fingerprint_of
from tests.tables.toy.pin import ToyPin

__all__ = ["verify_toy"]


def verify_toy(table: TableFacts, pin: ToyPin, options: StorageOptions | None, note: Note) -> Look:
    """Whether the files are as they were recorded."""
    storage = open_storage(table.location, options)
    if not storage.exists():
        return Look("missing", f"nothing is stored at {table.location}.")
    found = fingerprint_of(storage)
    note(table.location, found)
    return Look("intact", "as recorded.") if found == pin.fingerprint else Look("changed", "other files are there.")

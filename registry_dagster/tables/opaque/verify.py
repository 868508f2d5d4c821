"""Opaque tables: the files are listed again, and their fingerprint compared. A named state cannot be compared."""

from __future__ import annotations

from registry_dagster.model.table import OpaquePin, TableFacts
from registry_dagster.tables.opaque.inspect import Listing
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_opaque"]


def verify_opaque(table: TableFacts, pin: OpaquePin, options: StorageOptions | None, note: Note) -> Look:
    """Finds every file that was added, removed or written again, if the state is a fingerprint.

    Raises:
        TableError: the files cannot be listed.
    """
    storage = open_storage(table.location, options)
    if not storage.exists():
        return Look("missing", f"Nothing is stored at {storage.location}.")
    if pin.state is not None:
        note(storage.location, "there")
        return Look("unknown", f"something is stored there, and nobody can say whether it is still {pin.state!r}.")
    return _compared(Listing.read(storage), table, pin, storage.location, note)


def _compared(found: Listing, table: TableFacts, pin: OpaquePin, where: str, note: Note) -> Look:
    now = f"{found.files:,} files of {found.bytes:,} bytes"
    note(where, f"{now}, in state {found.fingerprint}")
    if found.fingerprint == pin.fingerprint:
        return Look("intact", f"the listing of its files ({now}) is as recorded.")
    return Look("changed", f"there are {now} in another state; {table.files or 0:,} files were recorded.")

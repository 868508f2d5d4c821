"""The file of a CSV table, proven to be in the state that was pinned."""

from __future__ import annotations

import os
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.locations import local_path, normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["csv_file", "fingerprint_of", "refuse_other_state"]


def csv_file(location: str | os.PathLike[str], fingerprint: str, storage_options: StorageOptions | None = None) -> str:
    """The file of a CSV table: a path on a local disk, else a URI. It is not read.

    Args:
        location: The file.
        fingerprint: The state it must be in, which the pin records.
        storage_options: See `inspect_table`.

    Raises:
        TableNotFound: the file is in another state, or gone.
        TableError: see `inspect_table`.
    """
    storage = open_storage(normalise(location), storage_options)
    refuse_other_state(storage, fingerprint_of(storage, storage.head()), fingerprint)
    local = local_path(storage.location)
    return storage.location if local is None else str(local)


def fingerprint_of(storage: Storage, stored: StoredObject) -> str:
    """The fingerprint of a file, by its name."""
    fingerprint = Fingerprint()
    fingerprint.add(stored, unquote(storage.location.rpartition("/")[2]))
    return str(fingerprint)


def refuse_other_state(storage: Storage, found: str, state: int | str | None) -> None:
    """Refuse a file whose fingerprint is not the one that is wanted, if one is.

    Raises:
        TableNotFound: it is another.
    """
    if state not in {None, found}:
        raise TableNotFound(
            f"{storage.location} is not in state {state}: it is now in state {found}, and a CSV file keeps no earlier "
            "one. Leave the version out to inspect it."
        )

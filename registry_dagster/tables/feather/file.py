"""The one file of a Feather table, proven to be in the state that was pinned."""

from __future__ import annotations

import os
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound, UnknownFormat
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.locations import local_path, normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["feather_file", "fingerprint_of", "refuse_directory", "refuse_other_state"]


def feather_file(
    location: str | os.PathLike[str], fingerprint: str, storage_options: StorageOptions | None = None
) -> str:
    """The file of a Feather table: a path on a local disk, else a URI. Its data is not read.

    Args:
        location: The file.
        fingerprint: The state it must be in, which the pin records.
        storage_options: See `inspect_table`.

    Raises:
        TableNotFound: the file is in another state, or gone.
        TableError: see `inspect_table`.
    """
    storage = open_storage(normalise(location), storage_options)
    refuse_other_state(storage, storage.head(), fingerprint)
    local = local_path(storage.location)
    return storage.location if local is None else str(local)


def fingerprint_of(storage: Storage, stored: StoredObject) -> str:
    """The state of the file, by its name, size and change token."""
    fingerprint = Fingerprint()
    fingerprint.add(stored, unquote(storage.location.rpartition("/")[2]))
    return str(fingerprint)


def refuse_directory(storage: Storage) -> None:
    """Feather has no tables of several files: files in a folder are tables of their own.

    Raises:
        UnknownFormat: the location is a directory.
    """
    if not storage.is_object():
        raise UnknownFormat(f"{storage.location} is a directory, and a Feather table is one file. Give its location.")


def refuse_other_state(storage: Storage, stored: StoredObject, state: int | str | None) -> None:
    """Refuse a file that is not in a state; None: any will do.

    Raises:
        TableNotFound: it is in another one.
    """
    now = fingerprint_of(storage, stored)
    if state not in {None, now}:
        raise TableNotFound(
            f"{storage.location} is not in state {state}: the file is now in state {now}, and Feather keeps no "
            "earlier one. Leave the version out to inspect it."
        )

"""The one file of a Feather table, proven to be in the state that was pinned."""

from __future__ import annotations

import os

from registry_dagster.errors import UnknownFormat
from registry_dagster.tables.one_file import pinned_file
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["feather_file", "refuse_directory"]


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
    return pinned_file(location, fingerprint, storage_options, "Feather")


def refuse_directory(storage: Storage) -> None:
    """Feather has no tables of several files: files in a folder are tables of their own.

    Raises:
        UnknownFormat: the location is a directory.
    """
    if not storage.is_object():
        raise UnknownFormat(f"{storage.location} is a directory, and a Feather table is one file. Give its location.")

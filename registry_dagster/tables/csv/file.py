"""The file of a CSV table, proven to be in the state that was pinned."""

from __future__ import annotations

import os

from registry_dagster.tables.one_file import pinned_file
from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["csv_file"]


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
    return pinned_file(location, fingerprint, storage_options, "CSV")

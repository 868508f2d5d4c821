"""The files of a Parquet table, proven to be in the state that was pinned."""

from __future__ import annotations

import os

from registry_dagster.tables.parquet.listing import ParquetFiles
from registry_dagster.tables.storage.locations import below, local_path, normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["parquet_files"]


def parquet_files(
    location: str | os.PathLike[str], fingerprint: str, storage_options: StorageOptions | None = None
) -> list[str]:
    """The data files of a Parquet table: paths on a local disk, else URIs. Their data is not read.

    Args:
        location: The file, or the directory of files.
        fingerprint: The state they must be in, which the pin records.
        storage_options: See `inspect_table`.

    Raises:
        TableNotFound: the files are in another state, or gone.
        TableError: see `inspect_table`.
    """
    storage = open_storage(normalise(location), storage_options)
    local = local_path(storage.location)
    root = storage.location if local is None else str(local)
    paths: list[str] = []
    ParquetFiles.read(storage, fingerprint, seen=lambda page: paths.extend(stored.path for stored in page))
    return [below(root, path) for path in paths]

"""The directory above a location, in the same store and with the same credentials."""

from __future__ import annotations

from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["storage_above"]


def storage_above(storage: Storage) -> Storage | None:
    """The storage one level up; None at the top of a disk or a bucket, and where nothing can be listed."""
    if isinstance(storage, LocalStorage):
        return LocalStorage(storage.root.parent) if storage.root.parent != storage.root else None
    return storage.above() if isinstance(storage, FsspecStorage) else None

"""Which storage reads a location."""

from __future__ import annotations

from registry_dagster.tables.storage.connections import fsspec_storage
from registry_dagster.tables.storage.http import HttpStorage
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.locations import local_path
from registry_dagster.tables.storage.options import HTTP, StorageOptions, scheme_of
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["open_storage"]


def open_storage(location: str, storage_options: StorageOptions | None = None) -> Storage:
    """The storage behind a location made by `locations.normalise`.

    Raises:
        TableError: the location's scheme is not supported, or its store does not have one of the options.
    """
    if (path := local_path(location)) is not None:
        return LocalStorage(path)
    if scheme_of(location) in HTTP:
        return HttpStorage(location, storage_options)
    return fsspec_storage(location, storage_options)

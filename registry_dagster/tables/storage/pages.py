"""A storage's listing page by page, whatever kind of storage it is."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.object_page import ObjectPage, in_pages
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["pages_of"]


def pages_of(storage: Storage) -> Iterator[ObjectPage]:
    """Every object of a storage, in key order; as the store itself gives its pages, if it does."""
    return storage.pages() if isinstance(storage, FsspecStorage) else in_pages(storage.list())

"""A storage as one look at a table sees it: what several steps of the look read is read once."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["ReadOnce"]

_MOST_BYTES = 2 << 20


class ReadOnce:
    """Keeps what was read, up to two MiB of it. It is dropped with the look.

    Args:
        storage: Which is asked.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._kept: dict[tuple[str, int, int | None], bytes] = {}
        self._left = _MOST_BYTES

    @property
    def location(self) -> str:
        """See `Storage.location`."""
        return self._storage.location

    def exists(self, path: str = "") -> bool:
        """See `Storage.exists`."""
        return self._storage.exists(path)

    def is_object(self, path: str = "") -> bool:
        """See `Storage.is_object`."""
        return self._storage.is_object(path)

    def head(self, path: str = "") -> StoredObject:
        """See `Storage.head`."""
        return self._storage.head(path)

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        asked = (path, start, length)
        if (kept := self._kept.get(asked)) is not None:
            return kept
        data = self._storage.read(path, start, length)
        if len(data) <= self._left:
            self._kept[asked] = data
            self._left -= len(data)
        return data

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        """See `Storage.read_suffix`."""
        return self._storage.read_suffix(path, length)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`."""
        return self._storage.list(prefix, start_after)

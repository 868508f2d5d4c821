"""The one seam to stored bytes. Paths are relative to a root, `/` between names, "" the root itself."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, Protocol

__all__ = ["Storage", "StoredFile", "StoredObject"]


class StoredObject(NamedTuple):
    """What a store says about one object without reading it.

    Args:
        path: Relative to the storage's root.
        size: In bytes.
        token: Changes when the content does: an ETag, or the modification time in ns on a local disk.
        modified: When it was last written.
    """

    path: str
    size: int
    token: str
    modified: datetime


class Storage(Protocol):
    """Read access to what is stored below one location.

    All methods raise `TableNotFound` for an object that is not there, and `TableError` when the
    store cannot answer.
    """

    @property
    def location(self) -> str:
        """URI of the root."""
        ...

    def exists(self, path: str = "") -> bool:
        """Whether an object is stored at the path, or anything below it."""
        ...

    def is_object(self, path: str = "") -> bool:
        """Whether the path is an object with content of its own, not a directory."""
        ...

    def head(self, path: str = "") -> StoredObject:
        """Size, change token and modification time of an object."""
        ...

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        """`length` bytes of an object from `start`, or all to its end."""
        ...

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        """The last `length` bytes of an object (all of a shorter one), and its head."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """Every object whose path starts with the prefix and sorts after `start_after`.

        In key order: by the bytes of the whole path, as object stores list.
        """
        ...


class StoredFile(io.RawIOBase):
    """An object as a seekable file, for readers that pick their parts of it."""

    def __init__(self, storage: Storage, stored: StoredObject) -> None:
        super().__init__()
        self._storage = storage
        self._stored = stored
        self._position = 0

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The position, in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Moves the position and returns it; nothing is read."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._stored.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        """That many bytes, or all to the end."""
        length = self._stored.size - self._position if size < 0 else size
        data = self._storage.read(self._stored.path, self._position, length) if length > 0 else b""
        self._position += len(data)
        return data

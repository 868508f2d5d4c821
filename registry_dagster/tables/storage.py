"""The one seam to stored bytes. Paths are relative to a root, `/` between names, "" the root itself."""

from __future__ import annotations

import io
import os
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Protocol

from registry_dagster.errors import TableError, TableNotFound
from registry_dagster.tables.locations import local_path

__all__ = ["LocalStorage", "Storage", "StoredFile", "StoredObject", "open_storage"]


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What a store says of one object without reading it.

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
        """The last `length` bytes of an object (all of a shorter one), and its head, in one request."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """Every object whose path starts with the prefix and sorts after `start_after`.

        In key order: by the bytes of the whole path, as object stores list.
        """
        ...


def open_storage(location: str, storage_options: Mapping[str, str] | None = None) -> Storage:
    """The storage behind a location made by `locations.normalise`.

    Raises:
        TableError: no storage for the location's scheme.
    """
    path = local_path(location)
    if path is None:
        scheme = location.partition("://")[0]
        raise TableError(
            f"{location}: this release reads tables on local disks only, not through {scheme}://. "
            "Give a local path or a file:// URI."
        )
    return LocalStorage(path)


@dataclass(frozen=True)
class LocalStorage:
    """A file or a directory on a local disk."""

    root: Path

    @property
    def location(self) -> str:
        return self.root.as_uri()

    def exists(self, path: str = "") -> bool:
        with self._errors(path):
            return self._local(path).exists()

    def is_object(self, path: str = "") -> bool:
        with self._errors(path):
            return self._local(path).is_file()

    def head(self, path: str = "") -> StoredObject:
        with self._errors(path):
            return _stored(path, self._local(path).stat())

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        with self._errors(path), self._local(path).open("rb") as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        with self._errors(path), self._local(path).open("rb") as file:
            stored = _stored(path, os.fstat(file.fileno()))
            file.seek(max(0, stored.size - length))
            return stored, file.read()

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        directory, slash, _ = prefix.rpartition("/")
        with self._errors(prefix):
            if not self._local(directory).is_dir():
                return
            for path in self._walk(directory + slash):
                if path.startswith(prefix) and path > start_after:
                    yield self.head(path)

    def _walk(self, directory: str) -> Iterator[str]:
        """Sorting a directory as `name/` among its sibling files gives the order of whole keys."""
        with os.scandir(self._local(directory)) as entries:
            names = [entry.name + ("/" if entry.is_dir() else "") for entry in entries]
        for name in sorted(names, key=os.fsencode):
            if name.endswith("/"):
                yield from self._walk(directory + name)
            else:
                yield directory + name

    def _local(self, path: str) -> Path:
        return self.root / path if path else self.root

    @contextmanager
    def _errors(self, path: str) -> Generator[None, None, None]:
        where = f"{self.location}/{path}" if path else self.location
        try:
            yield
        except FileNotFoundError as error:
            raise TableNotFound(f"Nothing is stored at {where}. Check the location.") from error
        except OSError as error:
            raise TableError(f"{where} cannot be read: {error.strerror or type(error).__name__}.") from error


def _stored(path: str, stat: os.stat_result) -> StoredObject:
    seconds, nanoseconds = divmod(stat.st_mtime_ns, 10**9)
    modified = datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=nanoseconds // 1000)
    return StoredObject(path, stat.st_size, str(stat.st_mtime_ns), modified)


class StoredFile(io.RawIOBase):
    """An object as a seekable file, for readers that pick their parts of it."""

    def __init__(self, storage: Storage, stored: StoredObject) -> None:
        super().__init__()
        self._storage = storage
        self._stored = stored
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._stored.size}[whence]
        self._position = base + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        length = self._stored.size - self._position if size < 0 else size
        data = self._storage.read(self._stored.path, self._position, length) if length > 0 else b""
        self._position += len(data)
        return data

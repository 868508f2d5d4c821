"""Tables on a local disk, seen as an object store shows them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from stat import S_ISDIR, S_ISREG

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.locations import below, nothing_stored
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["LocalStorage"]

_SECONDS = 10.0
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_TO_READ = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_BINARY", "O_CLOEXEC", "O_NOCTTY", "O_NONBLOCK"))
"""Opening a pipe or a terminal so does not wait for it. No system has all of them."""


@dataclass(frozen=True)
class LocalStorage:
    """A file or a directory on a local disk.

    Args:
        root: Its absolute path.
    """

    root: Path

    @property
    def location(self) -> str:
        """See `Storage.location`."""
        return self.root.as_uri()

    def exists(self, path: str = "") -> bool:
        """See `Storage.exists`."""
        with _Errors(self, path):
            # The first look at any table: one at a network mount whose server is gone would wait for ever.
            return within(_SECONDS, Path(self._local(path)).exists)

    def is_object(self, path: str = "") -> bool:
        """See `Storage.is_object`."""
        with _Errors(self, path):
            return Path(self._local(path)).is_file()

    def head(self, path: str = "") -> StoredObject:
        """See `Storage.head`."""
        with _Errors(self, path):
            return _stored(path, os.stat(self._local(path)))

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        with _Errors(self, path):
            descriptor, status = _open_file(self._local(path))
            try:
                return _content(descriptor, start, max(0, status.st_size - start) if length is None else length)
            finally:
                os.close(descriptor)

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        """See `Storage.read_suffix`."""
        with _Errors(self, path):
            descriptor, status = _open_file(self._local(path))
            try:
                stored = _stored(path, status)
                return stored, _content(descriptor, max(0, stored.size - length), length)
            finally:
                os.close(descriptor)

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`."""
        directory, slash, _ = prefix.rpartition("/")
        with _Errors(self, prefix):
            if not os.path.isdir(self._local(directory)):
                return
            for path in self._walk(directory + slash):
                if path.startswith(prefix) and path > start_after and (stored := self._if_there(path)):
                    yield stored

    def _if_there(self, path: str) -> StoredObject | None:
        """None for a temporary file that was removed since it was listed, and for a link that leads nowhere."""
        try:
            return self.head(path)
        except TableNotFound:
            return None

    def _walk(self, directory: str) -> Iterator[str]:
        """Sorting a directory as `name/` among its sibling files gives the order of whole keys."""
        for name in sorted(self._names(directory), key=os.fsencode):
            if name.endswith("/"):
                yield from self._walk(directory + name)
            else:
                yield directory + name

    def _names(self, directory: str) -> list[str]:
        try:
            with os.scandir(self._local(directory)) as entries:
                return [entry.name + ("/" if entry.is_dir() else "") for entry in entries]
        except FileNotFoundError:
            # A writer's temporary directory, removed since it was listed.
            return []

    def _local(self, path: str) -> str:
        return f"{self.root}/{path}" if path else str(self.root)


class _Errors:
    """What the disk raises, as what it means. A class: ten thousand small files are read through it."""

    def __init__(self, storage: LocalStorage, path: str) -> None:
        self._storage, self._path = storage, path

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, OSError):
            raise _meaning(error, below(self._storage.location, self._path)) from error


def _meaning(error: OSError, where: str) -> TableError:
    """What an error of the disk means to a person."""
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return TableNotFound(nothing_stored(where))
    if isinstance(error, PermissionError):
        return TableAccessDenied(f"{where} cannot be read: this user has no right to read it. Change its permissions.")
    if isinstance(error, TimeoutError):
        return TableUnreachable(
            f"{where}: the disk gave no answer within {_SECONDS:g} s. If it is a network mount, check its server."
        )
    return TableError(f"{where} cannot be read: {error.strerror or type(error).__name__}.")


def _open_file(path: str) -> tuple[int, os.stat_result]:
    """The descriptor of a file, and its status. A pipe or a device may have no end, or never answer."""
    descriptor = os.open(path, _TO_READ)
    status = os.fstat(descriptor)
    if S_ISREG(status.st_mode) or S_ISDIR(status.st_mode):
        return descriptor, status
    os.close(descriptor)
    raise OSError(0, "it is a pipe, a device or a socket, not a file")


def _content(descriptor: int, start: int, length: int) -> bytes:
    if start:
        os.lseek(descriptor, start, os.SEEK_SET)
    # One read gives all that is asked for, but for a few GiB or where the file ends sooner.
    data = os.read(descriptor, length)
    while 0 < len(data) < length and (more := os.read(descriptor, length - len(data))):
        data += more
    return data


def _stored(path: str, stat: os.stat_result) -> StoredObject:
    try:
        modified = _EPOCH + timedelta(0, 0, stat.st_mtime_ns // 1000)
    except OverflowError:
        raise OSError(0, "its modification time is outside the years 1 to 9999; set it with touch") from None
    return StoredObject(path, stat.st_size, str(stat.st_mtime_ns), modified)

"""Tables on a local disk, seen as an object store shows them."""

from __future__ import annotations

import os
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from stat import S_ISDIR, S_ISREG
from typing import BinaryIO

from registry_dagster.errors import TableAccessDenied, TableError, TableNotFound, TableUnreachable
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.locations import below, nothing_stored
from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["LocalStorage"]

_SECONDS = 10.0


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
        # The first look at any table: one at a network mount whose server is gone would wait for ever.
        with self._errors(path):
            return within(_SECONDS, self._local(path).exists)

    def is_object(self, path: str = "") -> bool:
        """See `Storage.is_object`."""
        with self._errors(path):
            return self._local(path).is_file()

    def head(self, path: str = "") -> StoredObject:
        """See `Storage.head`."""
        with self._errors(path):
            return _stored(path, self._local(path).stat())

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        """See `Storage.read`."""
        with self._errors(path), self._opened(path) as file:
            file.seek(start)
            return file.read(-1 if length is None else length)

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        """See `Storage.read_suffix`."""
        with self._errors(path), self._opened(path) as file:
            stored = _stored(path, os.fstat(file.fileno()))
            file.seek(max(0, stored.size - length))
            return stored, file.read()

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        """See `Storage.list`."""
        directory, slash, _ = prefix.rpartition("/")
        with self._errors(prefix):
            if not self._local(directory).is_dir():
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

    def _opened(self, path: str) -> BinaryIO:
        """The file, opened. A pipe or a device may have no end, or never answer."""
        local = self._local(path)
        mode = local.stat().st_mode
        if not S_ISREG(mode) and not S_ISDIR(mode):
            raise OSError(0, "it is a pipe, a device or a socket, not a file")
        return local.open("rb")

    def _local(self, path: str) -> Path:
        return self.root / path if path else self.root

    @contextmanager
    def _errors(self, path: str) -> Generator[None, None, None]:
        where = below(self.location, path)
        try:
            yield
        except (FileNotFoundError, NotADirectoryError) as error:
            raise TableNotFound(nothing_stored(str(where))) from error
        except PermissionError as error:
            raise TableAccessDenied(
                f"{where} cannot be read: this user has no right to read it. Change its permissions."
            ) from error
        except TimeoutError:
            raise TableUnreachable(
                f"{where}: the disk gave no answer within {_SECONDS:g} s. If it is a network mount, check its server."
            ) from None
        except OSError as error:
            raise TableError(f"{where} cannot be read: {error.strerror or type(error).__name__}.") from error


def _stored(path: str, stat: os.stat_result) -> StoredObject:
    seconds, nanoseconds = divmod(stat.st_mtime_ns, 10**9)
    try:
        modified = datetime.fromtimestamp(seconds, tz=timezone.utc).replace(microsecond=nanoseconds // 1000)
    except (ValueError, OverflowError):
        raise OSError(0, "its modification time is outside the years 1 to 9999; set it with touch") from None
    return StoredObject(path, stat.st_size, str(stat.st_mtime_ns), modified)

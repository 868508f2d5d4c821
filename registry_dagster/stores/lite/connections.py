"""Connections to one SQLite file, and what is known of the file without opening it."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

__all__ = [
    "Connection",
    "FileState",
    "Identity",
    "beside",
    "has_foreign_log",
    "identity_of",
    "lacks_its_log",
    "patiently",
    "size_of",
    "state_of",
]

_SETTLING = 0.1
"""Seconds for which the last to close waits for a reader to finish."""
_RETRY = 0.02
_LOOKS = 3
_JOURNAL_MODE = slice(18, 20)
_WAL = b"\x02\x02"
"""Where a SQLite file says which journal it has, and what it says of a log (SQLite's file format, 1.3.3)."""

_log = logging.getLogger(__name__)


class Identity(NamedTuple):
    """Which file lies at a path; another after it was replaced."""

    device: int
    inode: int


class FileState(NamedTuple):
    """What changes when a file is written."""

    identity: Identity
    size: int
    modified: int
    changed: int
    has_log: bool


class _Open:
    """How many connections this process has to each file.

    Closing any descriptor of a file ends all locks that the process holds on it (POSIX), so a file is never looked at
    directly while SQLite has it open here.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: dict[Identity, int] = {}

    def add(self, identity: Identity, count: int) -> None:
        with self._lock:
            self._connections[identity] = self._connections.get(identity, 0) + count

    def __contains__(self, identity: object) -> bool:
        return isinstance(identity, Identity) and self._connections.get(identity, 0) > 0


_OPEN = _Open()
_BLIND = _Open()
"""Those of them that read without locks, because the file expects a log and has none."""


def identity_of(path: Path) -> Identity | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return Identity(status.st_dev, status.st_ino)


def state_of(path: Path) -> FileState | None:
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    log = size_of(beside(path, "-wal"))
    identity = Identity(status.st_dev, status.st_ino)
    return FileState(identity, status.st_size, status.st_mtime_ns, status.st_ctime_ns, log is not None)


def beside(path: Path, suffix: str) -> Path:
    """One of SQLite's own files, which it names after what the path leads to."""
    return Path(f"{path.resolve()}{suffix}")


def size_of(path: Path) -> int | None:
    """Bytes; None if there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def has_foreign_log(path: Path) -> bool:
    """Whether the log beside a file is not its own: it holds something, and the file says that it has none."""
    log = beside(path, "-wal")
    return _stays(lambda: bool(size_of(log)) and not _expects_a_log(path, otherwise=True))


def lacks_its_log(path: Path) -> bool:
    """Whether a file says that it has a log, and none lies beside it."""
    log = beside(path, "-wal")
    return _stays(lambda: size_of(log) is None and _expects_a_log(path))


def _stays(is_so: Callable[[], bool]) -> bool:
    """Look more than once: those who open or close the file at this moment may show something for an instant."""
    for _ in range(_LOOKS):
        if not is_so():
            return False
        time.sleep(_RETRY)
    return True


def _expects_a_log(path: Path, otherwise: bool = False) -> bool:
    """Whether the file's header says that it has a log; `otherwise` if this process has it open, or cannot look."""
    identity = identity_of(path)
    if identity in _OPEN:
        return otherwise or identity in _BLIND
    try:
        with path.open("rb") as file:
            return file.read(_JOURNAL_MODE.stop)[_JOURNAL_MODE] == _WAL
    except OSError:
        return otherwise


class Connection:
    """A connection, and the file that it was opened to."""

    def __init__(self, sqlite: sqlite3.Connection, state: FileState, is_blind: bool, writes: bool) -> None:
        self.sqlite = sqlite
        self.identity = state.identity
        self.is_blind = is_blind
        self._state = state
        counters = (_OPEN, _BLIND) if is_blind else (_OPEN,)
        for each in counters:
            each.add(self.identity, 1)
        # Also when nobody closes it: at the latest when the process ends.
        self._end = weakref.finalize(self, _end, sqlite, self.identity, counters, writes)

    def is_of(self, path: Path) -> bool:
        """Whether it still sees what lies at the path."""
        return state_of(path) == self._state if self.is_blind else identity_of(path) == self.identity

    def close(self) -> None:
        self._end()


def _end(sqlite: sqlite3.Connection, identity: Identity, counters: Iterable[_Open], writes: bool) -> None:
    try:
        if writes:
            _settle(sqlite)
        sqlite.close()
    finally:
        for each in counters:
            each.add(identity, -1)


def _settle(connection: sqlite3.Connection) -> None:
    """Write the log back and do without it, if nobody else has the file open; else write back what can be."""
    try:
        connection.execute("PRAGMA busy_timeout=0")
        patiently(connection, "PRAGMA journal_mode=DELETE", _SETTLING)
    except sqlite3.DatabaseError:
        _write_back(connection)


def _write_back(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError as error:
        # Nothing is lost: the log stays beside the file, and the next to open it reads both.
        _log.debug("the log was not written back: %s", error)


def patiently(connection: sqlite3.Connection, statement: str, seconds: float) -> None:
    """Retry here: changing the journal mode ignores the busy timeout."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            connection.execute(statement)
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(_RETRY)
        else:
            return

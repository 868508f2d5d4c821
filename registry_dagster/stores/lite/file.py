"""The embedded store's file: its connections, and that it is one whole file whenever nobody has it open.

While a process writes, SQLite keeps a log (`-wal`) beside the file, so that readers never wait. Whoever closes last
writes the log back and switches to SQLite's ordinary journal. So at rest the file alone is the registry, reading it
creates nothing beside it, and a file that still expects a log without having one is known to be an incomplete copy.
"""

from __future__ import annotations

import logging
import os
import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.stores.lite.connections import (
    Connection,
    FileState,
    beside,
    has_foreign_log,
    identity_of,
    lacks_its_log,
    patiently,
    size_of,
    state_of,
)
from registry_dagster.stores.lite.failures import as_registry_error
from registry_dagster.stores.lite.schema import LITE_TABLES, is_prepared, prepare

__all__ = ["LiteFile"]

T = TypeVar("T")

_ATTEMPTS = 5
"""How often a question is asked again of a file that changes while it is read without locks."""
_log = logging.getLogger(__name__)

_NO_LOG = (
    "the file says that a log lies beside it, and there is none. If it was copied while in use, what was published "
    "last is missing; else nothing is, and the next publish settles it"
)


class LiteFile:
    """One SQLite file that several processes read and write. Not for several threads at once.

    Args:
        path: The file. The first write creates it.
        busy_timeout: Seconds to wait for others' locks.
    """

    def __init__(self, path: Path, busy_timeout: float) -> None:
        self.path = path
        self._busy_timeout = busy_timeout
        self._writer: Connection | None = None
        self._reader: Connection | None = None
        # The path of the log of what was opened last.
        self._log = ""

    @property
    def target(self) -> str:
        return f"lite://{self.path}"

    def read(self, ask: Callable[[sqlite3.Connection], T], nothing: T) -> T:
        """Ask the file as it is now; `nothing` if there is none."""
        with self._as_registry_errors():
            for _ in range(_ATTEMPTS):
                connection = self._to_read()
                if connection is None:
                    return nothing
                answer = ask(connection.sqlite)
                if self._is_of_one_state(connection):
                    return answer
            raise RegistryUnavailable(f"{self.target} was written each time it was read; run it again")

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection, None, None]:
        """A connection in a transaction of its own, which is committed at the end."""
        with self._as_registry_errors():
            connection = self._to_write()
            sqlite = connection.sqlite
            sqlite.execute("BEGIN IMMEDIATE")
            try:
                self._refuse_moved(connection, "Nothing was written")
                yield sqlite
                sqlite.execute("COMMIT")
                self._refuse_moved(connection, "What was written just now is lost with it")
            finally:
                # A full disk ends the transaction by itself; a commit that had to wait too long does not.
                if sqlite.in_transaction:
                    sqlite.execute("ROLLBACK")
                if not connection.is_of(self.path):
                    self._drop_writer()

    def close(self) -> None:
        """Let go of the file. The last to do so leaves it whole."""
        self._drop_reader()
        self._drop_writer()

    def log(self) -> str:
        """What the log beside the file holds, for people."""
        pending = size_of(beside(self.path, "-wal"))
        if pending:
            return f"{pending / 1e6:,.1f} MB beside the file, not in it yet; copy it with `feature-registry backup`"
        return _NO_LOG if lacks_its_log(self.path) else "none pending; the file is whole"

    # Reading

    def _to_read(self) -> Connection | None:
        if self._writer is not None and self._writer.identity == identity_of(self.path):
            return self._writer
        if self._reader is not None and not self._reader.is_of(self.path):
            self._drop_reader()
        if self._reader is None:
            self._reader = self._open_to_read()
        return self._reader

    def _open_to_read(self) -> Connection | None:
        """A connection that cannot write, so that reading changes no file; None if there is nothing yet."""
        self._finish_interrupted()
        state = state_of(self.path)
        if state is None:
            return None
        self._check_place()
        blind = lacks_its_log(self.path)
        if blind:
            # SQLite would create a log of the reader's own, which can lock out the owner. So read without locks, and
            # look whether the file moved.
            _log.warning("%s: %s", self.target, _NO_LOG)
        connection = self._connection("immutable=1" if blind else "mode=ro", state, blind)
        try:
            has_tables = bool(_tables(connection.sqlite))
        except BaseException:
            connection.close()
            raise
        if has_tables:
            return connection
        connection.close()
        return None

    def _finish_interrupted(self) -> None:
        """Let SQLite take back what a process that was killed had begun; until then nobody could read the file."""
        state = state_of(self.path)
        if state is not None and size_of(beside(self.path, "-journal")):
            with closing(self._connection("mode=rw", state, is_blind=False)) as connection:
                _tables(connection.sqlite)

    def _is_of_one_state(self, connection: Connection) -> bool:
        """Whether an answer is of one state of the file. A reader's lock would keep the log from being written back."""
        if connection is self._writer:
            return True
        is_sure = not connection.is_blind or connection.is_of(self.path)
        if not is_sure or os.path.exists(self._log):
            self._drop_reader()
        return is_sure

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    # Writing

    def _to_write(self) -> Connection:
        if self._writer is None:
            self._drop_reader()
            self._writer = self._connect()
        return self._writer

    def _refuse_moved(self, connection: Connection, consequence: str) -> None:
        now = identity_of(self.path)
        if now == connection.identity:
            return
        what = "deleted" if now is None else "replaced by another file"
        raise RegistryUnavailable(f"{self.target} was {what} while it was open. {consequence}; run it again")

    def _drop_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _connect(self) -> Connection:
        _create(self.path)
        self._check_place()
        state = state_of(self.path)
        if state is None:
            raise RegistryUnavailable(f"{self.target} was deleted while it was opened; run it again")
        connection = self._connection("mode=rw", state, is_blind=False)
        try:
            self._prepare(connection.sqlite)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Add the tables, and switch to a log. A file system that cannot do that keeps the ordinary journal."""
        tables = _tables(connection)
        if tables and not tables & LITE_TABLES:
            raise RegistryError(f"{self.target} holds other tables ({', '.join(sorted(tables)[:3])}); use a new path")
        patiently(connection, "PRAGMA journal_mode=WAL", self._busy_timeout)
        if not is_prepared(connection):
            patiently(connection, "BEGIN IMMEDIATE", self._busy_timeout)
            prepare(connection)
            connection.execute("COMMIT")

    # The place

    def _connection(self, mode: str, state: FileState, is_blind: bool) -> Connection:
        self._log = str(beside(self.path, "-wal"))
        uri = f"{self.path.resolve().as_uri()}?{mode}"
        # Autocommit, so that no BEGIN or COMMIT comes from Python's own module.
        sqlite = sqlite3.connect(
            uri, uri=True, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False
        )
        return Connection(sqlite, state, is_blind, writes=mode == "mode=rw")

    def _check_place(self) -> None:
        if self.path.is_dir():
            raise RegistryError(f"{self.target} is a folder; use a file in it, e.g. {self.target}/registry.db")
        log = beside(self.path, "-wal")
        if has_foreign_log(self.path):
            raise RegistryError(
                f"{log} is the log of another file than {self.path}, as after a backup was copied over a file that was "
                f"in use. Reading would mix the two: delete {log} and {beside(self.path, '-shm')}, then run it again"
            )

    @contextmanager
    def _as_registry_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except (sqlite3.DatabaseError, PermissionError) as error:
            raise as_registry_error(error, self.path) from error


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _create(path: Path) -> None:
    """Make the file with the rights that the user's umask gives; SQLite itself never gives more than 0644."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666))
    except OSError as error:
        raise RegistryError(
            f"lite://{path}: cannot be created ({error.strerror}); use a folder that exists or can be made, and that "
            "you may write to"
        ) from error

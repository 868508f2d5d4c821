"""The embedded store: one file in DataHub Lite's own SQLite format, one transaction a commit.

DataHub's own `datahub lite` reads it. Its stock writer is not used: it ignores create-only, commits
aspect by aspect, and rebuilds the whole edge index at every close. The tables are the same; a test
compares the two writers.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import SEARCH_ASPECTS, Search
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.stores.lite.index import INDEX_SCHEMA, has_index, unindexed
from registry_dagster.stores.lite.rows import Rows, read_current
from registry_dagster.stores.lite.search import search_page
from registry_dagster.stores.store import Refusal, Swap

__all__ = ["LiteStore"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS metadata_aspect_v2 (
    urn TEXT, aspect_name TEXT, version INTEGER, metadata TEXT, system_metadata TEXT, createdon INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS aspect_idx ON metadata_aspect_v2 (urn, aspect_name, version);
CREATE TABLE IF NOT EXISTS metadata_edge_v2 (src_id TEXT, relnship TEXT, dst_id TEXT, dst_label TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS edge_idx ON metadata_edge_v2 (src_id, relnship, dst_id);
CREATE INDEX IF NOT EXISTS edge_target_idx ON metadata_edge_v2 (dst_id, relnship);
"""
_OURS = {"metadata_aspect_v2", "metadata_edge_v2"}


class LiteStore:
    """Aspects in a DataHub Lite SQLite file.

    Several processes may write at once: each commit is one `BEGIN IMMEDIATE` transaction, and what
    exists is checked inside it. The file is created by the first write; reading a missing file finds
    nothing. Threads take turns.

    Args:
        path: The file.
        busy_timeout: Seconds to wait for other writers.
    """

    def __init__(self, path: Path, busy_timeout: float = 60.0) -> None:
        self._path = path
        self._busy_timeout = busy_timeout
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._reader: sqlite3.Connection | None = None
        self._reader_is_blind = False
        # Opened as immutable, so it does not see what others write afterwards.

    def __repr__(self) -> str:
        return f"LiteStore({self.target!r})"

    @property
    def target(self) -> str:
        return f"lite://{self._path}"

    @property
    def search_lags(self) -> bool:
        return False

    @property
    def unsupported(self) -> Mapping[str, str]:
        return {}

    def about(self) -> dict[str, str]:
        facts = {"store": "embedded file, DataHub Lite's format", "SQLite": sqlite3.sqlite_version}
        with self._lock, self._as_registry_errors():
            connection = self._connection or self._open_to_read()
            if connection is None:
                return {**facts, "file": "does not exist yet; the first publish creates it"}
            writable = os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK)
            behind = len(unindexed(connection))
        return {
            **facts,
            "file": f"{self._path.stat().st_size / 1e6:,.1f} MB, {'writable' if writable else 'read-only'}",
            "search index": f"{behind} entities behind until the next publish" if behind else "up to date",
        }

    def check(self, commit: Sequence[Proposal]) -> None:
        """Anything fits."""

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        with self._lock, self._as_registry_errors():
            connection = self._connection or self._open_to_read()
            return {} if connection is None else read_current(connection, list(urns), list(aspects))

    def search(self, search: Search) -> Iterator[str]:
        before: int | None = None
        while True:
            with self._lock, self._as_registry_errors():
                connection = self._connection or self._open_to_read()
                if connection is None:
                    return

                def read(urns: Sequence[str], reader: sqlite3.Connection = connection) -> dict[str, Entity]:
                    return read_current(reader, urns, SEARCH_ASPECTS)

                page, before = search_page(connection, read, search, before)
            yield from page
            if before is None:
                return

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        with self._rows(wanted) as rows:
            rows.write([each for each in wanted if rows.current(each.urn, each.aspect) is None])

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        with self._rows(wanted) as rows:
            rows.write(wanted)

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        with self._rows([each for commit in commits for each in commit]) as rows:
            return [rows.create(commit) for commit in commits]

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        with self._rows([Proposal(each.urn, each.aspect, each.after) for each in swaps]) as rows:
            return [rows.swap(each) for each in swaps]

    def close(self) -> None:
        with self._lock:
            for connection in (self._connection, self._reader):
                if connection is not None:
                    connection.close()
            self._connection = self._reader = None

    @contextmanager
    def _rows(self, proposals: Iterable[Proposal]) -> Generator[Rows, None, None]:
        """Rows to write, in a transaction of their own."""
        with self._lock, self._as_registry_errors():
            connection = self._connection = self._connection or self._connect()
            connection.execute("BEGIN IMMEDIATE")
            try:
                rows = Rows(connection, [each.urn for each in proposals])
                yield rows
                rows.finish()
                connection.execute("COMMIT")
            finally:
                # A full disk ends the transaction by itself; a commit that had to wait too long does not.
                if connection.in_transaction:
                    connection.execute("ROLLBACK")

    @contextmanager
    def _as_registry_errors(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise RegistryUnavailable(
                f"{self.target}: {error}. This step wrote nothing; check that the disk has room, that the folder is "
                "writable and that no other program locks the file, then run it again"
            ) from error
        except sqlite3.DatabaseError as error:
            raise RegistryError(f"{self.target}: {error}. Use a DataHub Lite SQLite file or a new path") from error

    def _open_to_read(self) -> sqlite3.Connection | None:
        """A connection that cannot write, so that reading changes no file; None if there is nothing yet."""
        if self._reader_is_blind and self._reader is not None:
            self._reader.close()
            self._reader = None
        if self._reader is None and self._path.exists():
            self._refuse_folder()
            for mode in ("mode=ro", "immutable=1"):
                # A folder that is not writable needs the second: SQLite cannot create its lock and log files there.
                reader = self._connection_to(f"{self._path.resolve().as_uri()}?{mode}")
                try:
                    if not _tables(reader):
                        reader.close()
                        return None
                except sqlite3.OperationalError:
                    reader.close()
                    if mode == "immutable=1":
                        raise
                else:
                    self._reader, self._reader_is_blind = reader, mode == "immutable=1"
                    break
        return self._reader

    def _refuse_folder(self) -> None:
        if self._path.is_dir():
            raise RegistryError(f"{self.target} is a folder; use a file in it, e.g. {self.target}/registry.db")

    def _connection_to(self, uri: str) -> sqlite3.Connection:
        # Autocommit, so that no BEGIN or COMMIT comes from Python's own module.
        return sqlite3.connect(uri, uri=True, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False)

    def _connect(self) -> sqlite3.Connection:
        self._refuse_folder()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RegistryUnavailable(f"{self.target}: {error.strerror}; use a folder that can be created") from error
        connection = self._connection_to(self._path.resolve().as_uri())
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Add the tables, and switch to a write-ahead log, so that readers are never blocked.

        A file system that cannot do that keeps the ordinary journal.
        """
        tables = _tables(connection)
        if tables and not tables & _OURS:
            raise RegistryError(f"{self.target} holds other tables ({', '.join(sorted(tables)[:3])}); use a new path")
        self._patiently(connection, "PRAGMA journal_mode=WAL")
        if not has_index(connection):
            self._patiently(connection, "BEGIN IMMEDIATE")
            for statement in filter(str.strip, (_SCHEMA + INDEX_SCHEMA).split(";")):
                connection.execute(statement)
            connection.execute("COMMIT")

    def _patiently(self, connection: sqlite3.Connection, statement: str) -> None:
        """Retry here: changing the journal mode ignores the busy timeout."""
        deadline = time.monotonic() + self._busy_timeout
        while True:
            try:
                connection.execute(statement)
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
            else:
                return


def _tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}

"""The embedded store: one file in DataHub Lite's own SQLite format, one transaction a commit.

DataHub's own `datahub lite` reads it. Its stock writer is not used: it ignores create-only, commits
aspect by aspect, and rebuilds the whole edge index at every close. The tables are the same; a test
holds the two writers against each other.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.stores.lite_edges import write_edges
from registry_dagster.stores.store import Refusal

__all__ = ["LiteStore"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS metadata_aspect_v2 (
    urn TEXT, aspect_name TEXT, version INTEGER, metadata TEXT, system_metadata TEXT, createdon INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS aspect_idx ON metadata_aspect_v2 (urn, aspect_name, version);
CREATE TABLE IF NOT EXISTS metadata_edge_v2 (src_id TEXT, relnship TEXT, dst_id TEXT, dst_label TEXT);
CREATE UNIQUE INDEX IF NOT EXISTS edge_idx ON metadata_edge_v2 (src_id, relnship, dst_id);
"""
_RUN = {"runId": "no-run-id-provided", "lastRunId": "no-run-id-provided"}
_VARIABLES = 500
"""How many URNs one query asks for; SQLite allows 999 parameters in its oldest builds."""


class LiteStore:
    """Aspects in a DataHub Lite SQLite file.

    Several processes may write at once: each commit is one `BEGIN IMMEDIATE` transaction, and what
    is present is checked inside it. The file is made at the first write; reading a missing file finds
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

    def __repr__(self) -> str:
        return f"LiteStore({self.target!r})"

    @property
    def target(self) -> str:
        return f"lite://{self._path}"

    @property
    def unsupported(self) -> Mapping[str, str]:
        return {}

    def check(self, commit: Sequence[Proposal]) -> None:
        """Anything fits."""

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        with self._lock, self._reported():
            connection = self._connection or self._open_to_read()
            return {} if connection is None else _read(connection, list(urns), list(aspects))

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        with self._transaction() as connection:
            _write_all(connection, [each for each in proposals if _current(connection, each) is None])

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        with self._transaction() as connection:
            _write_all(connection, proposals)

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        with self._transaction() as connection:
            return [_create(connection, commit) for commit in commits]

    def close(self) -> None:
        with self._lock:
            for connection in (self._connection, self._reader):
                if connection is not None:
                    connection.close()
            self._connection = self._reader = None

    @contextmanager
    def _transaction(self) -> Generator[sqlite3.Connection, None, None]:
        with self._lock, self._reported():
            connection = self._connection = self._connection or self._connect()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextmanager
    def _reported(self) -> Generator[None, None, None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise RegistryUnavailable(
                f"{self.target}: {error}. Nothing was written by this step; check that the disk has room and "
                "the folder may be written, and that no other program holds the file, then run it again"
            ) from error
        except sqlite3.DatabaseError as error:
            raise RegistryError(
                f"{self.target}: {error}. Point the registry at a DataHub Lite SQLite file or at a new path"
            ) from error

    def _open_to_read(self) -> sqlite3.Connection | None:
        """A connection that cannot write, so that reading changes no file; None when nothing is there yet."""
        if self._reader is None and self._path.exists():
            self._refuse_folder()
            for mode in ("mode=ro", "immutable=1"):
                # a folder that may not be written needs the second: no lock and log files can be made there
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
                    self._reader = reader
                    break
        return self._reader

    def _refuse_folder(self) -> None:
        if self._path.is_dir():
            raise RegistryError(f"{self.target} is a folder; name a file in it, e.g. {self.target}/registry.db")

    def _connection_to(self, uri: str) -> sqlite3.Connection:
        # autocommit, so that BEGIN and COMMIT are ours alone
        return sqlite3.connect(uri, uri=True, timeout=self._busy_timeout, isolation_level=None, check_same_thread=False)

    def _connect(self) -> sqlite3.Connection:
        self._refuse_folder()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RegistryUnavailable(f"{self.target}: {error.strerror}; choose a folder that can be made") from error
        connection = self._connection_to(self._path.resolve().as_uri())
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        """Write-ahead log, so that readers are never blocked; a file system without it goes without."""
        ours = {"metadata_aspect_v2", "metadata_edge_v2"}
        tables = _tables(connection)
        if tables and not tables & ours:
            raise RegistryError(
                f"{self.target} holds other tables ({', '.join(sorted(tables)[:3])}); point the registry at a new path"
            )
        self._patiently(connection, "PRAGMA journal_mode=WAL")
        if not ours <= tables:
            self._patiently(connection, "BEGIN IMMEDIATE")
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute("COMMIT")

    def _patiently(self, connection: sqlite3.Connection, statement: str) -> None:
        """Changing the journal mode does not honour the busy timeout, so wait here."""
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


def _read(connection: sqlite3.Connection, urns: list[str], aspects: list[str]) -> dict[str, Entity]:
    found: dict[str, dict[str, Aspect]] = {}
    for start in range(0, len(urns), _VARIABLES):
        some = urns[start : start + _VARIABLES]
        query = (
            f"SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0 AND urn IN ({_marks(some)})"
        )
        if aspects:
            query += f" AND aspect_name IN ({_marks(aspects)})"
        for urn, name, metadata in connection.execute(query, [*some, *aspects]):
            found.setdefault(urn, {})[name] = json.loads(metadata)
    return dict(found)


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))


def _create(connection: sqlite3.Connection, commit: Sequence[Proposal]) -> Refusal | None:
    for proposal in commit:
        if not proposal.replaces and _current(connection, proposal) is not None:
            return Refusal(f"{proposal.urn}: {proposal.aspect} is present already")
    _write_all(connection, commit)
    return None


def _write_all(connection: sqlite3.Connection, proposals: Iterable[Proposal]) -> None:
    changed: set[str] = set()
    for proposal in proposals:
        changed |= _write(connection, proposal)
    for urn in sorted(changed):
        write_edges(connection, urn)


def _current(connection: sqlite3.Connection, proposal: Proposal) -> str | None:
    row = connection.execute(
        "SELECT metadata FROM metadata_aspect_v2 WHERE urn = ? AND aspect_name = ? AND version = 0",
        (proposal.urn, proposal.aspect),
    ).fetchone()
    return None if row is None else row[0]


def _write(connection: sqlite3.Connection, proposal: Proposal) -> set[str]:
    """One aspect, the way Lite keeps it: row 0 is the current one, rows 1 … N its history.

    Returns:
        The entities that changed: none when the same stood there already.
    """
    metadata = json.dumps(proposal.value)
    current = _current(connection, proposal)
    if current is not None and json.loads(current) == proposal.value:
        return set()
    now = int(time.time() * 1000)
    number = 1
    if current is not None:
        (highest,) = connection.execute(
            "SELECT max(version) FROM metadata_aspect_v2 WHERE urn = ? AND aspect_name = ?",
            (proposal.urn, proposal.aspect),
        ).fetchone()
        number = highest + 1
    system = json.dumps({"lastObserved": now, **_RUN, "properties": {"sysVersion": str(number)}})
    connection.executemany(
        "INSERT OR REPLACE INTO metadata_aspect_v2 VALUES (?, ?, ?, ?, ?, ?)",
        [(proposal.urn, proposal.aspect, version, metadata, system, now) for version in (number, 0)],
    )
    if proposal.aspect == "versionProperties":
        return {proposal.urn} | _advance_version_set(connection, proposal)
    return {proposal.urn}


def _advance_version_set(connection: sqlite3.Connection, proposal: Proposal) -> set[str]:
    """What a DataHub server does by itself: the version set points at its latest member."""
    version_set = str(proposal.value["versionSet"])
    value: Aspect = {
        "customProperties": {},
        "latest": proposal.urn,
        "versioningScheme": proposal.value["versioningScheme"],
    }
    advanced = Proposal(version_set, "versionSetProperties", value)
    stored = _current(connection, advanced)
    if stored is not None:
        latest = Proposal(json.loads(stored)["latest"], "versionProperties", {})
        newest = _current(connection, latest)
        if newest is not None and json.loads(newest)["sortId"] > proposal.value["sortId"]:
            return set()
    return _write(connection, advanced)

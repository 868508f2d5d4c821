"""The embedded store: one file in DataHub Lite's own SQLite format, one transaction a commit.

DataHub's own `datahub lite` reads it. Its stock writer is not used: it ignores create-only, commits
aspect by aspect, and rebuilds the whole edge index at every close. The tables are the same; a test
compares the two writers.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import SEARCH_ASPECTS, Search
from registry_dagster.stores.lite.file import LiteFile
from registry_dagster.stores.lite.index import is_far_behind, unindexed
from registry_dagster.stores.lite.rows import Rows, read_current
from registry_dagster.stores.lite.search import Place, search_page
from registry_dagster.stores.store import Found, Refusal, Swap

if TYPE_CHECKING:
    from registry_dagster.stores.lite.backup import BackUp

__all__ = ["LiteStore"]


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
        self._file = LiteFile(path, busy_timeout)
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"LiteStore({self.target!r})"

    @property
    def target(self) -> str:
        return f"lite://{self._path}"

    @property
    def search_lags(self) -> bool:
        return False

    @property
    def filters_reads(self) -> bool:
        return False

    @property
    def remarks(self) -> Sequence[str]:
        return ()

    def about(self) -> dict[str, str]:
        facts = {"store": "embedded file, DataHub Lite's format", "SQLite": sqlite3.sqlite_version}
        with self._lock:
            behind = self._file.read(lambda connection: len(unindexed(connection)), None)
            if behind is None and self._path.exists():
                return {**facts, "file": "holds nothing yet; the first publish fills it", "log": self._file.log()}
            if behind is None:
                return {**facts, "file": "does not exist yet; the first publish creates it"}
            writable = os.access(self._path, os.W_OK) and os.access(self._path.parent, os.W_OK)
            return {
                **facts,
                "file": f"{self._path.stat().st_size / 1e6:,.1f} MB, {'writable' if writable else 'read-only'}",
                "log": self._file.log(),
                "search index": f"{behind} entities behind until the next publish" if behind else "up to date",
            }

    def back_up(self, to: Path) -> BackUp:
        """Copy the file whole, also while others write. See `backup.back_up`."""
        from registry_dagster.stores.lite.backup import back_up

        with self._lock:
            return back_up(self._file, to)

    def check(self, commit: Sequence[Proposal]) -> None:
        """Anything fits."""

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        wanted, named = list(urns), list(aspects)
        nothing: dict[str, Entity] = {}
        with self._lock:
            return self._file.read(lambda connection: read_current(connection, wanted, named), nothing)

    def search(self, search: Search) -> Iterator[Found]:
        place: Place | None = None
        while True:
            with self._lock:
                page, place = self._file.read(_page_of(search, place), ([], None))
            yield from page
            if place is None:
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
            self._file.close()

    @contextmanager
    def _rows(self, proposals: Collection[Proposal]) -> Generator[Rows, None, None]:
        """Rows to write, in a transaction of their own."""
        with self._lock:
            self._catch_up()
            with self._file.write() as connection:
                rows = Rows(connection, proposals)
                yield rows
                rows.finish()

    def _catch_up(self) -> None:
        """Index what others wrote, step by step: after an upgrade that is everything, and others want to write, too."""
        while self._file.read(is_far_behind, False):
            with self._file.write() as connection:
                Rows(connection, ()).catch_up()


def _page_of(search: Search, place: Place | None) -> Callable[[sqlite3.Connection], tuple[list[Found], Place | None]]:
    def ask(connection: sqlite3.Connection) -> tuple[list[Found], Place | None]:
        def read(urns: Sequence[str]) -> dict[str, Entity]:
            return read_current(connection, urns, SEARCH_ASPECTS)

        return search_page(connection, read, search, place)

    return ask

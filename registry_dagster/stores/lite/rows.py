"""Writing aspects the way DataHub Lite keeps them: row 0 is the current one, rows 1 … N are its history."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Sequence

from registry_dagster.datahub.forms import aspect_from_text
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.stores.lite.edges import write_edges
from registry_dagster.stores.lite.index import update_index
from registry_dagster.stores.store import Refusal, Swap, unmet_by

__all__ = ["Rows", "read_current"]

_RUN = {"runId": "no-run-id-provided", "lastRunId": "no-run-id-provided"}
_VARIABLES = 500
"""URNs in one query; the oldest builds of SQLite allow 999 parameters."""


def read_current(connection: sqlite3.Connection, urns: Sequence[str], aspects: Sequence[str]) -> dict[str, Entity]:
    """The current aspects of entities; all aspects if none are named. Absent entities are left out."""
    found: dict[str, dict[str, Aspect]] = {}
    for start in range(0, len(urns), _VARIABLES):
        some = urns[start : start + _VARIABLES]
        query = (
            f"SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0 AND urn IN ({_marks(some)})"
        )
        if aspects:
            query += f" AND aspect_name IN ({_marks(aspects)})"
        for urn, name, metadata in connection.execute(query, [*some, *aspects]):
            found.setdefault(urn, {})[name] = aspect_from_text(name, metadata)
    return dict(found)


class Rows:
    """What one open transaction writes. Call `finish` before the commit.

    Args:
        connection: Inside the transaction.
        urns: The entities that will be written; they are read at once.
    """

    def __init__(self, connection: sqlite3.Connection, urns: Collection[str]) -> None:
        self._connection = connection
        self._now = int(time.time() * 1000)
        self._systems: dict[int, str] = {}
        self._current: dict[str, dict[str, Aspect]] = {}
        self._changed: dict[str, None] = {}
        self._pending: list[tuple[str, str, int, str, str, int]] = []
        self._load(dict.fromkeys(urns))

    def create(self, commit: Sequence[Proposal]) -> Refusal | None:
        """Write a commit whole, or not at all if any of its aspects is not as it expects."""
        for proposal in commit:
            if unmet := unmet_by(proposal, self.current(proposal.urn, proposal.aspect)):
                return unmet
        self.write(commit)
        return None

    def swap(self, swap: Swap) -> bool:
        """Write an aspect if it is still as it was read."""
        if self.current(swap.urn, swap.aspect) != swap.before:
            return False
        self.write([Proposal(swap.urn, swap.aspect, swap.after)])
        return True

    def write(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects, whatever was there before. Writing the same again changes nothing."""
        for proposal in proposals:
            if self._write(proposal) and proposal.aspect == "versionProperties":
                self._advance_version_set(proposal)

    def current(self, urn: str, aspect: str) -> Aspect | None:
        """An aspect as it is in this transaction."""
        if urn not in self._current:
            self._load([urn])
        return self._current[urn].get(aspect)

    def finish(self) -> None:
        """Write what is still pending, and bring both indexes up to date."""
        self._flush()
        write_edges(self._connection, {urn: self._current[urn] for urn in self._changed})
        update_index(self._connection, self._entities)

    def _entities(self, urns: Sequence[str]) -> dict[str, Entity]:
        """Entities as they are in this transaction. Absent entities are left out."""
        self._load(urn for urn in urns if urn not in self._current)
        return {urn: entity for urn in urns if (entity := self._current[urn])}

    def _load(self, urns: Iterable[str]) -> None:
        wanted = list(urns)
        found = read_current(self._connection, wanted, ())
        self._current |= {urn: dict(found.get(urn, {})) for urn in wanted}

    def _write(self, proposal: Proposal) -> bool:
        """Write an aspect; returns whether that changed anything."""
        urn, aspect = proposal.urn, proposal.aspect
        current = self.current(urn, aspect)
        if current == proposal.value:
            return False
        number = 1 if current is None else self._highest(urn, aspect) + 1
        row = (proposal.text, self._system(number), self._now)
        self._pending += [(urn, aspect, version, *row) for version in (number, 0)]
        self._current[urn][aspect] = proposal.value
        self._changed[urn] = None
        return True

    def _system(self, number: int) -> str:
        """What DataHub Lite keeps beside an aspect that was written so many times."""
        if number not in self._systems:
            observed = {"lastObserved": self._now, **_RUN, "properties": {"sysVersion": str(number)}}
            self._systems[number] = json.dumps(observed)
        return self._systems[number]

    def _highest(self, urn: str, aspect: str) -> int:
        self._flush()
        (highest,) = self._connection.execute(
            "SELECT max(version) FROM metadata_aspect_v2 WHERE urn = ? AND aspect_name = ?", (urn, aspect)
        ).fetchone()
        return highest

    def _flush(self) -> None:
        self._connection.executemany(
            "INSERT OR REPLACE INTO metadata_aspect_v2 VALUES (?, ?, ?, ?, ?, ?)", self._pending
        )
        self._pending.clear()

    def _advance_version_set(self, proposal: Proposal) -> None:
        """What a DataHub server does by itself: let the version set point at its latest member."""
        version_set = str(proposal.value["versionSet"])
        stored = self.current(version_set, "versionSetProperties")
        if stored is not None:
            newest = self.current(stored.get("latest", ""), "versionProperties")
            if newest is not None and newest.get("sortId", "") > proposal.value["sortId"]:
                return
        value: Aspect = {
            "customProperties": {},
            "latest": proposal.urn,
            "versioningScheme": proposal.value["versioningScheme"],
        }
        self._write(Proposal(version_set, "versionSetProperties", value))


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))

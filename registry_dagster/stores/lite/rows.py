"""Writing aspects the way DataHub Lite keeps them, see `schema`."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Collection, Iterable, Sequence

from registry_dagster.datahub.forms import aspect_from_text
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.stores.lite.edges import write_edges
from registry_dagster.stores.lite.index import update_index, update_part
from registry_dagster.stores.lite.schema import WRITTEN
from registry_dagster.stores.store import Refusal, Swap, unmet_by

__all__ = ["Rows", "read_current"]

_NEW = """INSERT INTO metadata_aspect_v2 (version, urn, aspect_name, metadata, createdon, system_metadata)
VALUES (0, ?, ?, ?, ?, ?)"""
_REPLACED = f"""UPDATE metadata_aspect_v2 SET metadata = ?1, createdon = ?2, system_metadata = json_object(
    'lastObserved', ?2, 'properties', json_object('sysVersion', CAST({WRITTEN.format(row="")} + 1 AS TEXT)))
WHERE urn = ?3 AND aspect_name = ?4 AND version = 0"""
_SET, _MEMBER = "versionSetProperties", "versionProperties"


def read_current(connection: sqlite3.Connection, urns: Sequence[str], aspects: Sequence[str]) -> dict[str, Entity]:
    """The current aspects of entities; all aspects if none are named. Absent entities are left out."""
    query = (
        "SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 "
        "WHERE version = 0 AND urn IN (SELECT value FROM json_each(?))"
    )
    if aspects:
        query += f" AND aspect_name IN ({','.join('?' * len(aspects))})"
    found: dict[str, dict[str, Aspect]] = {}
    # Many entities have aspects of the same text, such as a status: it is parsed once.
    parsed: dict[tuple[str, str], Aspect] = {}
    for urn, name, metadata in connection.execute(query, [json.dumps(urns), *aspects]):
        if (aspect := parsed.get((name, metadata))) is None:
            aspect = parsed[name, metadata] = aspect_from_text(name, metadata)
        found.setdefault(urn, {})[name] = aspect
    return dict(found)


class Rows:
    """What one open transaction writes. Call `finish` before the commit.

    Args:
        connection: Inside the transaction.
        proposals: What will be written, or some of it: what these entities hold is read at once.
    """

    def __init__(self, connection: sqlite3.Connection, proposals: Collection[Proposal]) -> None:
        self._connection = connection
        self._stored: dict[str, Entity] = {}
        self._current: dict[str, dict[str, Aspect]] = {}
        self._latest: dict[str, Entity] = {}
        self._written: dict[tuple[str, str], Proposal] = {}
        sets = dict.fromkeys(str(each.value["versionSet"]) for each in proposals if each.aspect == _MEMBER)
        self._load(dict.fromkeys([*(each.urn for each in proposals), *sets]))
        self._load_latest(sets)

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
            if self._write(proposal) and proposal.aspect == _MEMBER:
                self._advance_version_set(proposal)

    def current(self, urn: str, aspect: str) -> Aspect | None:
        """An aspect as it is in this transaction."""
        if urn not in self._current:
            self._load([urn])
        return self._current[urn].get(aspect)

    def finish(self) -> None:
        """Write the rows, and bring both indexes up to date."""
        now = int(time.time() * 1000)
        first = json.dumps({"lastObserved": now, "properties": {"sysVersion": "1"}}, separators=(",", ":"))
        written = self._written.values()
        new = [each for each in written if each.aspect not in self._stored[each.urn]]
        replaced = [each for each in written if each.aspect in self._stored[each.urn]]
        self._connection.executemany(_NEW, [(each.urn, each.aspect, each.text, now, first) for each in new])
        self._connection.executemany(_REPLACED, [(each.text, now, each.urn, each.aspect) for each in replaced])
        changed = dict.fromkeys(each.urn for each in written)
        write_edges(self._connection, self._stored, {urn: self._current[urn] for urn in changed})
        update_index(self._connection, self._entities)

    def catch_up(self) -> None:
        """Index what others wrote, or as much of it as one transaction should."""
        update_part(self._connection, self._entities)

    def _entities(self, urns: Sequence[str]) -> dict[str, Entity]:
        """Entities as they are in this transaction. Absent entities are left out."""
        self._load([urn for urn in urns if urn not in self._current])
        return {urn: entity for urn in urns if (entity := self._current[urn])}

    def _load(self, urns: Iterable[str]) -> None:
        wanted = list(urns)
        found = read_current(self._connection, wanted, ()) if wanted else {}
        for urn in wanted:
            self._stored[urn] = found.get(urn, {})
            self._current[urn] = dict(self._stored[urn])

    def _load_latest(self, sets: Iterable[str]) -> None:
        """The latest members of version sets, as far as they are compared with newer ones."""
        latest = {str(self._current[each].get(_SET, {}).get("latest", "")) for each in sets} - {"", *self._current}
        self._latest = read_current(self._connection, list(latest), [_MEMBER]) if latest else {}

    def _write(self, proposal: Proposal) -> bool:
        """Write an aspect; returns whether that changed anything."""
        urn, aspect = proposal.urn, proposal.aspect
        if self.current(urn, aspect) == proposal.value:
            return False
        self._current[urn][aspect] = proposal.value
        self._written[urn, aspect] = proposal
        return True

    def _advance_version_set(self, proposal: Proposal) -> None:
        """What a DataHub server does by itself: let the version set point at its latest member."""
        version_set = str(proposal.value["versionSet"])
        stored = self.current(version_set, _SET)
        if stored is not None and self._sort_id(stored.get("latest", "")) > proposal.value["sortId"]:
            return
        value: Aspect = {
            "customProperties": {},
            "latest": proposal.urn,
            "versioningScheme": proposal.value["versioningScheme"],
        }
        self._write(Proposal(version_set, _SET, value))

    def _sort_id(self, member: str) -> str:
        return (self._current.get(member) or self._latest.get(member, {})).get(_MEMBER, {}).get("sortId", "")

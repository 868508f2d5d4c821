"""The embedded store's search index: derived from the aspects, so that it can always be made again.

It records the last row of the aspects that it covers. What we write is indexed in the same transaction; what another
program wrote, at our next write.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import NamedTuple

from registry_dagster.datahub.listed import versions_that_changed
from registry_dagster.datahub.search import Entry, Term
from registry_dagster.datahub.urns import entity_type, version_urn
from registry_dagster.stores.lite.schema import UP_TO, is_prepared
from registry_dagster.stores.lite.tokens import Damaged, any_of, packed, tokens_of, unpacked
from registry_dagster.stores.matching import Reader, entries

__all__ = ["changed_within", "is_far_behind", "unindexed", "update_index", "update_part"]

_log = logging.getLogger(__name__)

_PAGE = 500
_STEP = 10_000
"""How many rows are indexed in one transaction at most, before others get their turn."""

_ALL = range(2**62)

_SINCE = "FROM metadata_aspect_v2 NOT INDEXED WHERE rowid > ?"
"""In the order of rows, without the index of URNs: grouping by URN would read all of it."""


class _Known(NamedTuple):
    """An entry as it was indexed."""

    number: int
    shown: str | None
    facts: bytes


def unindexed(connection: sqlite3.Connection) -> list[str]:
    """Entities with an aspect that is not indexed yet, oldest first; all of them if there is no index.

    DataHub Lite's writer changes the current aspect in place: only the copy that it keeps of the old one is a new row.
    Whoever else changes one leaves a note, by a trigger.
    """
    urns = [urn for (urn,) in connection.execute(f"SELECT urn {_SINCE} ORDER BY rowid", (_up_to(connection),))]
    return list(dict.fromkeys([*_changed(connection), *urns]))


def changed_within(connection: sqlite3.Connection, urns: Sequence[str], numbers: range) -> dict[str, int]:
    """Those of some entities that are indexed, and the versions of the Datasets among them, each with its number.

    Args:
        connection: For reading.
        urns: What was changed and is not indexed again yet.
        numbers: Of the entries that are asked for.
    """
    index = _Index(connection)
    below = index.versions_below(index.datasets(urn for urn in urns if entity_type(urn) == "container"), numbers)
    return {**index.numbers(urns, numbers), **dict(below)}


def is_far_behind(connection: sqlite3.Connection) -> bool:
    """Whether more is not indexed than one transaction should take, as after an upgrade."""
    query = f"SELECT count(*) FROM (SELECT 1 {_SINCE} LIMIT {_STEP})"
    return connection.execute(query, (_up_to(connection),)).fetchone()[0] == _STEP


def update_part(connection: sqlite3.Connection, read: Reader) -> None:
    """As `update_index`, but no more than others should wait for: the oldest."""
    update_index(connection, read, _STEP)


def update_index(connection: sqlite3.Connection, read: Reader, most: int = -1) -> None:
    """Index what anybody wrote since the index was last brought up to date.

    Args:
        connection: Inside a transaction.
        read: Reads entities as they are in that transaction.
        most: How many rows at most; negative for all.
    """
    query = f"SELECT rowid, urn {_SINCE} ORDER BY rowid LIMIT ?"
    rows = connection.execute(query, (_up_to(connection), most)).fetchall()
    written = list(dict.fromkeys([*_changed(connection), *(urn for _, urn in rows)]))
    if not written:
        return
    # A version is found by its Dataset's title and owners, too. So a Dataset that changed takes its versions with it.
    index = _Index(connection)
    known = set(written)
    try:
        for start in range(0, len(written), _PAGE):
            _update_page(index, read, written[start : start + _PAGE], known)
    except Damaged as error:
        # What was written counts. Searches read it one by one until the next write has indexed everything again.
        _log.warning("%s", error)
        index.clear()
        return
    connection.execute("DELETE FROM registry_changed")
    if rows:
        connection.execute(f"DELETE FROM {UP_TO}")
        connection.execute(f"INSERT INTO {UP_TO} VALUES (?)", (rows[-1][0],))


def _update_page(index: _Index, read: Reader, page: Sequence[str], known: Set[str]) -> None:
    """Index these entities, and the versions of the Datasets among them that are not in `known` themselves.

    A Dataset is written whenever a version is published. Only those of its versions are read again that are found by
    something else now, so that a publish does not cost more the more versions there are.
    """
    below = index.put(dict(entries(read, page)), page)
    others = [urn for urn in dict.fromkeys(below) if urn not in known]
    for start in range(0, len(others), _PAGE):
        some = others[start : start + _PAGE]
        index.put(dict(entries(read, some)), some)


def _up_to(connection: sqlite3.Connection) -> int:
    if not is_prepared(connection):
        return 0
    (upto,) = connection.execute(f"SELECT max(upto) FROM {UP_TO}").fetchone()
    return upto or 0


def _changed(connection: sqlite3.Connection) -> list[str]:
    if not is_prepared(connection):
        return []
    return [urn for (urn,) in connection.execute("SELECT urn FROM registry_changed")]


class _Index:
    """Reads and writes entries, many in one statement."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, found: Mapping[str, Entry], urns: Sequence[str]) -> list[str]:
        """Write the entries of some entities as far as they changed; remove those of others that have none now.

        Returns:
            The versions of Datasets among them that are found by something else now, or shown otherwise.
        """
        known = self._known(urns)
        packs = {urn: packed(entry) for urn, entry in found.items()}
        other = [urn for urn, each in known.items() if packs.get(urn) != each.facts]
        affected = self._affected(found, known, packs.keys() - known.keys() | set(other))
        self._forget([known[urn] for urn in other])
        self._connection.executemany(
            "DELETE FROM registry_found WHERE id = ?", [(known[urn].number,) for urn in known if urn not in found]
        )
        self._connection.executemany(
            "UPDATE registry_found SET shown = ?, facts = ? WHERE id = ?",
            [
                (found[urn].shown, packs[urn], each.number)
                for urn, each in known.items()
                if urn in found and (packs[urn], found[urn].shown) != (each.facts, each.shown)
            ],
        )
        added = dict(zip((urn for urn in packs if urn not in known), self._numbers(), strict=False))
        self._connection.executemany(
            "INSERT INTO registry_found VALUES (?, ?, ?, ?)",
            [(number, urn, found[urn].shown, packs[urn]) for urn, number in added.items()],
        )
        numbers = added | {urn: known[urn].number for urn in other if urn in found}
        self._connection.executemany(
            "INSERT INTO registry_tokens (rowid, tokens) VALUES (?, ?)",
            [(number, tokens_of(found[urn])) for urn, number in numbers.items()],
        )
        words = {word for urn in numbers for word in found[urn].words.split()}
        self._connection.executemany("INSERT OR IGNORE INTO registry_word VALUES (?)", [(each,) for each in words])
        return affected

    def _affected(self, found: Mapping[str, Entry], known: Mapping[str, _Known], other: Set[str]) -> list[str]:
        """The versions of Datasets that are found by something else, or shown otherwise.

        Args:
            found: The entries as they are now.
            known: As they were.
            other: Those of which more changed than what is shown.
        """
        affected: list[str] = []
        wholly = _datasets(each for urn, each in known.items() if urn not in found)
        for urn, entry in found.items():
            if entry.kind != "dataset":
                continue
            before = known[urn].shown if urn in known else None
            some = None if urn in other else versions_that_changed(before or "", entry.shown or "")
            affected += [version_urn(each, entry.env) for each in some or ()]
            wholly += [entry] if some is None else []
        return [*affected, *(urn for urn, _ in self.versions_below(wholly, _ALL))]

    def datasets(self, urns: Iterable[str]) -> list[Entry]:
        """The entries of those that were Datasets when they were indexed."""
        return _datasets(self._known(urns).values())

    def versions_below(self, datasets: Iterable[Entry], numbers: range) -> Iterator[tuple[str, int]]:
        """The versions of Datasets, each with its number."""
        by_env: dict[str, list[Term]] = {}
        for entry in datasets:
            by_env.setdefault(entry.env, []).extend(filter(_is_whole_name, entry.terms))
        query = """SELECT f.urn, f.id FROM registry_tokens t CROSS JOIN registry_found f ON f.id = t.rowid
            WHERE registry_tokens MATCH ? AND t.rowid >= ? AND t.rowid < ?"""
        for env, names in by_env.items():
            if names:
                wanted = any_of(f"version/{env}", names)
                yield from self._connection.execute(query, (wanted, numbers.start, numbers.stop))

    def numbers(self, urns: Iterable[str], within: range) -> dict[str, int]:
        """The numbers of those that are indexed."""
        known = ((urn, each.number) for urn, each in self._known(urns).items())
        return {urn: number for urn, number in known if number in within}

    def _known(self, urns: Iterable[str]) -> dict[str, _Known]:
        query = "SELECT urn, id, shown, facts FROM registry_found WHERE urn IN (SELECT value FROM json_each(?))"
        rows = self._connection.execute(query, (json.dumps(list(urns)),))
        return {urn: _Known(*rest) for urn, *rest in rows}

    def _numbers(self) -> Iterator[int]:
        """The numbers of new entries: those of newer ones are higher."""
        (last,) = self._connection.execute("SELECT max(id) FROM registry_found").fetchone()
        number = last or 0
        while True:
            number += 1
            yield number

    def clear(self) -> None:
        """Forget all entries, so that everything is indexed again."""
        for statement in (
            "INSERT INTO registry_tokens (registry_tokens) VALUES ('delete-all')",
            "DELETE FROM registry_found",
            "DELETE FROM registry_word",
            f"DELETE FROM {UP_TO}",
        ):
            self._connection.execute(statement)

    def _forget(self, known: Iterable[_Known]) -> None:
        """A full-text index without its texts needs the old text to remove it."""
        self._connection.executemany(
            "INSERT INTO registry_tokens (registry_tokens, rowid, tokens) VALUES ('delete', ?, ?)",
            [(each.number, tokens_of(unpacked(each.facts))) for each in known],
        )


def _datasets(known: Iterable[_Known]) -> list[Entry]:
    return [entry for each in known if (entry := unpacked(each.facts)).kind == "dataset"]


def _is_whole_name(term: Term) -> bool:
    """Whether a term is the name of a Dataset, and not the beginning of one."""
    return term.field == "dataset" and not term.value.endswith("*")

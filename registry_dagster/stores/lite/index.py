"""The embedded store's search index: tables beside DataHub Lite's own, which leaves them alone.

The index records the last row of the aspects that it covers. What we write is indexed in the same transaction; what
another program wrote, at our next write. Which table records it says by which rules entries were made, see
`_UP_TO`.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence, Set

from registry_dagster.datahub.search import Entry, Term
from registry_dagster.datahub.urns import version_urn
from registry_dagster.stores.matching import Reader, entries

__all__ = ["INDEX_SCHEMA", "has_index", "kind_term", "term_ids", "unindexed", "update_index"]

_UP_TO = "registry_indexed_3"
"""Its number is raised when entries get other terms or words: all is then indexed again by the next write."""

INDEX_SCHEMA = f"""
CREATE TABLE IF NOT EXISTS registry_entry (
    id INTEGER PRIMARY KEY, urn TEXT NOT NULL UNIQUE, terms TEXT NOT NULL, words TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS registry_term (
    id INTEGER PRIMARY KEY, field TEXT NOT NULL, value TEXT NOT NULL, UNIQUE (field, value));
CREATE TABLE IF NOT EXISTS registry_posting (
    term INTEGER NOT NULL, entry INTEGER NOT NULL, PRIMARY KEY (term, entry)) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS registry_words USING fts5 (words, content = '', detail = none, columnsize = 0);
CREATE TABLE IF NOT EXISTS {_UP_TO} (upto INTEGER NOT NULL);
"""

_PAGE = 200


def update_index(connection: sqlite3.Connection, read: Reader) -> None:
    """Index what anybody wrote since the index was last brought up to date.

    Args:
        connection: Inside a transaction.
        read: Reads entities as they are in that transaction.
    """
    written = unindexed(connection)
    if not written:
        return
    # A version is found by its Dataset's title and owners, too. So a Dataset that changed takes its versions with it.
    index = _Index(connection)
    known = set(written)
    for start in range(0, len(written), _PAGE):
        _update_page(index, read, written[start : start + _PAGE], known)
    connection.execute(f"DELETE FROM {_UP_TO}")
    connection.execute(f"INSERT INTO {_UP_TO} SELECT max(rowid) FROM metadata_aspect_v2")


def _update_page(index: _Index, read: Reader, page: Sequence[str], known: Set[str]) -> None:
    """Index these entities, and the versions of the Datasets among them that are not in `known` themselves.

    A Dataset is written whenever a version is published. Only those of its versions are read again that are found by
    something else now, so that a publish does not cost more the more versions there are.
    """
    found = dict(entries(read, page))
    for urn in set(page) - found.keys():
        index.remove(urn)
    below = [version for urn, entry in found.items() for version in _affected(index, entry, index.put(urn, entry))]
    for urn, entry in entries(read, [urn for urn in below if urn not in known]):
        index.put(urn, entry)


def _affected(index: _Index, entry: Entry, changed: Set[tuple[str, str]]) -> Sequence[str]:
    """The versions of a Dataset that are found by something else, now that some terms of its entry changed."""
    if entry.kind != "dataset" or not changed:
        return ()
    if {field for field, _ in changed} == {"retired"}:
        return [version_urn(version, entry.env) for _, version in changed]
    return index.versions_below([entry])


def unindexed(connection: sqlite3.Connection) -> list[str]:
    """Entities with an aspect that is not indexed yet, oldest first; all of them if there is no index.

    DataHub Lite's writer changes the current aspect in place: only the copy that it keeps of the old one is a new row.
    """
    upto = _indexed_up_to(connection)
    # In the order of rows, without the URN index: grouping by URN would read all of it.
    query = "SELECT urn FROM metadata_aspect_v2 NOT INDEXED WHERE rowid > ? ORDER BY rowid"
    return list(dict.fromkeys(urn for (urn,) in connection.execute(query, (upto,))))


def _indexed_up_to(connection: sqlite3.Connection) -> int:
    if not has_index(connection):
        return 0
    (upto,) = connection.execute(f"SELECT max(upto) FROM {_UP_TO}").fetchone()
    return upto or 0


def has_index(connection: sqlite3.Connection) -> bool:
    """Whether the index exists. Its last table is made last, so if that is there, all of it is."""
    return connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (_UP_TO,)).fetchone() is not None


def kind_term(kind: str, env: str) -> tuple[str, str]:
    """The term that every search includes."""
    return "kind", f"{kind}/{env}"


def term_ids(connection: sqlite3.Connection, terms: Iterable[tuple[str, str]]) -> list[int]:
    """The ids of those terms that some entity has."""
    query = "SELECT id FROM registry_term WHERE field = ? AND value = ?"
    return [number for term in terms for (number,) in connection.execute(query, tuple(term))]


def _dataset_terms(written: Iterable[Entry]) -> Iterator[Term]:
    return (term for entry in written if entry.kind == "dataset" for term in entry.terms)


def _is_whole_name(term: Term) -> bool:
    """Whether a term is the name of a Dataset, and not the beginning of one."""
    return term.field == "dataset" and not term.value.endswith("*")


class _Index:
    """Writes entries, and remembers the ids of terms."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._ids: dict[tuple[str, str], int] = {}
        self._of_id: dict[int, tuple[str, str]] = {}

    def put(self, urn: str, entry: Entry) -> Set[tuple[str, str]]:
        """Write an entry, or what changed in it; returns the terms that did, and `words` if they did."""
        terms = set(
            self._ids_of({kind_term(entry.kind, entry.env), *((each.field, each.value) for each in entry.terms)})
        )
        known = self._known(urn)
        if known is not None and known[1:] == (_ids_text(terms), entry.words):
            return frozenset()
        number, before, words = known or (self._added(urn), "[]", None)
        self._write(number, terms, set(json.loads(before)))
        if words != entry.words:
            self._write_words(number, words, entry.words)
        query = "UPDATE registry_entry SET terms = ?, words = ? WHERE id = ?"
        self._connection.execute(query, (_ids_text(terms), entry.words, number))
        changed = set(self._terms(terms ^ set(json.loads(before))))
        return changed if words == entry.words else {*changed, ("words", "")}

    def _added(self, urn: str) -> int | None:
        """The id of a new entry, still without terms and words."""
        query = "INSERT INTO registry_entry (urn, terms, words) VALUES (?, '[]', '')"
        return self._connection.execute(query, (urn,)).lastrowid

    def _write(self, number: int | None, terms: Set[int], before: Set[int]) -> None:
        many = self._connection.executemany
        many("INSERT INTO registry_posting VALUES (?, ?)", [(term, number) for term in terms - before])
        many("DELETE FROM registry_posting WHERE term = ? AND entry = ?", [(term, number) for term in before - terms])

    def _write_words(self, number: int | None, before: str | None, words: str) -> None:
        if before is not None:
            self._forget_words(number, before)
        self._connection.execute("INSERT INTO registry_words (rowid, words) VALUES (?, ?)", (number, words))

    def _terms(self, ids: Iterable[int]) -> Iterator[tuple[str, str]]:
        query = "SELECT field, value FROM registry_term WHERE id = ?"
        for number in ids:
            known = self._of_id.get(number)
            yield from [known] if known else self._connection.execute(query, (number,))

    def _known(self, urn: str) -> tuple[int, str, str] | None:
        query = "SELECT id, terms, words FROM registry_entry WHERE urn = ?"
        return self._connection.execute(query, (urn,)).fetchone()

    def remove(self, urn: str) -> None:
        """Remove an entity that is not, or no longer, searched for."""
        known = self._known(urn)
        if known is None:
            return
        number, terms, words = known
        query = "DELETE FROM registry_posting WHERE term = ? AND entry = ?"
        self._connection.executemany(query, [(term, number) for term in json.loads(terms)])
        self._forget_words(number, words)
        self._connection.execute("DELETE FROM registry_entry WHERE id = ?", (number,))

    def _forget_words(self, number: int | None, words: str) -> None:
        """A full-text index without its texts needs the old text to remove it."""
        query = "INSERT INTO registry_words (registry_words, rowid, words) VALUES ('delete', ?, ?)"
        self._connection.execute(query, (number, words))

    def versions_below(self, written: Iterable[Entry]) -> list[str]:
        """The versions of the Datasets among these, which are also found by their Dataset's title and owners."""
        query = "SELECT e.urn FROM registry_posting p JOIN registry_entry e ON e.id = p.entry WHERE p.term = ?"
        ids = term_ids(self._connection, filter(_is_whole_name, _dataset_terms(written)))
        return [urn for number in ids for (urn,) in self._connection.execute(query, (number,))]

    def _ids_of(self, terms: Set[tuple[str, str]]) -> Iterator[int]:
        """The ids of terms, which are added if nothing had them before."""
        new = sorted(term for term in terms if term not in self._ids)
        self._connection.executemany("INSERT OR IGNORE INTO registry_term (field, value) VALUES (?, ?)", new)
        for term, number in zip(new, term_ids(self._connection, new), strict=True):
            self._ids[term] = number
            self._of_id[number] = term
        return map(self._ids.__getitem__, terms)


def _ids_text(terms: Set[int]) -> str:
    return json.dumps(sorted(terms))

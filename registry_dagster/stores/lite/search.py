"""Searching the embedded store, newest first, page by page.

The rarest term leads, and the others are looked up for each entity that has it: the cost does not grow with what does
not match. What another program wrote since our last write is checked entity by entity.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from registry_dagster.datahub.search import Search
from registry_dagster.stores.lite.index import has_index, kind_term, term_ids, unindexed
from registry_dagster.stores.matching import Reader, fitting

__all__ = ["search_page"]

_PAGE = 200
_MANY = 5000
"""Where counting stops: a term that this many entities share is not rare."""


def search_page(
    connection: sqlite3.Connection, read: Reader, search: Search, before: int | None
) -> tuple[list[str], int | None]:
    """One page of what is found, and where the next page begins; None at the end.

    Args:
        connection: For reading.
        read: Reads entities.
        search: What to look for.
        before: Where the last page ended; None for the first page, which begins with what is not indexed yet.
    """
    since = unindexed(connection)
    newer = list(fitting(read, search, since[::-1])) if before is None else []
    rows = _indexed(connection, search, before) if has_index(connection) else []
    not_indexed = set(since)
    urns = [urn for _, urn in rows if urn not in not_indexed]
    return newer + urns, rows[-1][0] if len(rows) == _PAGE else None


def _indexed(connection: sqlite3.Connection, search: Search, before: int | None) -> list[tuple[int, str]]:
    """A page of (entry, URN) from the index, newest first."""
    alternatives = [[kind_term(search.kind, search.env)], *search.terms]
    conditions = [term_ids(connection, terms) for terms in alternatives]
    if not all(conditions):
        return []
    if search.words:
        source, last, leading = _led_by_words(search.words)
    else:
        conditions.sort(key=lambda terms: _count(connection, terms))
        source, last, leading = _led_by_terms(conditions.pop(0))
    clauses = [leading, *map(_has, conditions)]
    if before is not None:
        clauses.append(_Clause(f"{last} < ?", before))
    if without := term_ids(connection, search.without):
        clauses.append(_has(without, "NOT "))
    where = " AND ".join(clause.text for clause in clauses)
    query = f"{source} WHERE {where} ORDER BY {last} DESC LIMIT {_PAGE}"
    return connection.execute(query, [clause.value for clause in clauses]).fetchall()


class _Clause(NamedTuple):
    """A condition of a query, with the value of its one parameter."""

    text: str
    value: int | str


def _led_by_words(words: Sequence[str]) -> tuple[str, str, _Clause]:
    source = "SELECT e.id, e.urn FROM registry_words l CROSS JOIN registry_entry e ON e.id = l.rowid"
    return source, "l.rowid", _Clause("registry_words MATCH ?", " ".join(f'"{word}"*' for word in words))


def _led_by_terms(terms: Sequence[int]) -> tuple[str, str, _Clause]:
    source = "SELECT DISTINCT e.id, e.urn FROM registry_posting l CROSS JOIN registry_entry e ON e.id = l.entry"
    return source, "l.entry", _Clause(f"l.term {_one_of(terms)}", _values(terms))


def _has(terms: Sequence[int], negation: str = "") -> _Clause:
    text = f"{negation}EXISTS (SELECT 1 FROM registry_posting WHERE term {_one_of(terms)} AND entry = e.id)"
    return _Clause(text, _values(terms))


def _one_of(terms: Sequence[int]) -> str:
    return "= ?" if len(terms) == 1 else "IN (SELECT value FROM json_each(?))"


def _values(terms: Sequence[int]) -> int | str:
    return terms[0] if len(terms) == 1 else json.dumps(terms)


def _count(connection: sqlite3.Connection, terms: Sequence[int]) -> int:
    query = f"SELECT count(*) FROM (SELECT 1 FROM registry_posting WHERE term {_one_of(terms)} LIMIT {_MANY})"
    return connection.execute(query, [_values(terms)]).fetchone()[0]

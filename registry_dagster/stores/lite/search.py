"""Searching the embedded store, newest first, page by page.

The full-text index keeps, for each term and word, the entities that have it, in order, and skips what does not match.
What lists show is beside each entity, so that a page of results reads few pages of the file. What another program wrote
since our last write is checked entity by entity.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Set
from functools import partial
from typing import NamedTuple

from registry_dagster.datahub.search import Search
from registry_dagster.stores.lite.index import changed_within, unindexed
from registry_dagster.stores.lite.schema import is_prepared
from registry_dagster.stores.lite.tokens import expression
from registry_dagster.stores.matching import Reader, fitting
from registry_dagster.stores.store import Found

__all__ = ["Place", "search_page"]

_PAGE = 120
_QUERY = f"""
SELECT f.id, f.urn, f.shown FROM registry_tokens t CROSS JOIN registry_found f ON f.id = t.rowid
WHERE registry_tokens MATCH ? AND t.rowid < ? ORDER BY t.rowid DESC LIMIT {_PAGE}
"""


class Place(NamedTuple):
    """Where a page begins.

    Args:
        before: The number of the last entity of the page before.
        first: What was not indexed when the search began: the first page began with it.
    """

    before: int = 2**62
    first: Set[str] = frozenset()


def search_page(
    connection: sqlite3.Connection, read: Reader, search: Search, place: Place | None
) -> tuple[list[Found], Place | None]:
    """One page of what is found, and where the next page begins; None at the end.

    Args:
        connection: For reading.
        read: Reads entities.
        search: What to look for.
        place: Where it begins; None for the first page, which begins with what is not indexed yet.
    """
    since = unindexed(connection)
    newer = list(fitting(read, search, since[::-1])) if place is None else []
    if not is_prepared(connection):
        return newer, None
    place = place or Place(first=set(since))
    wanted = expression(search, partial(_words_like, connection))
    rows = connection.execute(_QUERY, (wanted, place.before)).fetchall() if wanted else []
    more = place._replace(before=rows[-1][0]) if len(rows) == _PAGE else None
    found = {number: Found(urn, shown) for number, urn, shown in rows if urn not in place.first}
    if since:
        changed = changed_within(connection, since, range(more.before if more else 0, place.before))
        now = fitting(read, search, [urn for urn in changed if urn not in place.first])
        found = {number: each for number, each in found.items() if each.urn not in changed}
        found |= {changed[each.urn]: each for each in now}
    return newer + [found[number] for number in sorted(found, reverse=True)], more


def _words_like(connection: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    query = "SELECT word FROM registry_word WHERE word >= ? AND word < ? LIMIT ?"
    rows = connection.execute(query, (beginning, f"{beginning}{chr(sys.maxunicode)}", most))
    return [word for (word,) in rows]

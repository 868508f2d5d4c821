"""Searching the embedded store, newest first, page by page.

The full-text index keeps, for each term and word, the entities that have it, in order, and skips what does not match.
What lists show is beside each entity, so that a page of results reads few pages of the file. What another program wrote
since our last write is checked entity by entity.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Mapping, Set
from functools import partial

from registry_dagster.datahub.search import Search
from registry_dagster.stores.lite.index import unindexed, versions_below
from registry_dagster.stores.lite.schema import is_prepared
from registry_dagster.stores.lite.tokens import expression
from registry_dagster.stores.matching import Reader, fitting
from registry_dagster.stores.store import Found

__all__ = ["search_page"]

_PAGE = 120
_QUERY = f"""
SELECT f.id, f.urn, f.shown FROM registry_tokens t CROSS JOIN registry_found f ON f.id = t.rowid
WHERE registry_tokens MATCH ? AND t.rowid < ? ORDER BY t.rowid DESC LIMIT {_PAGE}
"""
_NEWEST = 2**62


def search_page(
    connection: sqlite3.Connection, read: Reader, search: Search, before: int | None
) -> tuple[list[Found], int | None]:
    """One page of what is found, and where the next page begins; None at the end.

    Args:
        connection: For reading.
        read: Reads entities.
        search: What to look for.
        before: Where the last page ended; None for the first page, which begins with what is not indexed yet.
    """
    since = unindexed(connection)
    newer = list(fitting(read, search, since[::-1])) if before is None else []
    wanted = expression(search, partial(_words_like, connection)) if is_prepared(connection) else None
    if not wanted:
        return newer, None
    rows = connection.execute(_QUERY, (wanted, before or _NEWEST)).fetchall()
    more = rows[-1][0] if len(rows) == _PAGE else None
    found = {number: Found(urn, shown) for number, urn, shown in rows}
    if since:
        below = (
            versions_below(connection, since, range(more or 0, before or _NEWEST)) if search.kind == "version" else {}
        )
        found = _as_now(read, search, found, set(since), below)
    return newer + [found[number] for number in sorted(found, reverse=True)], more


def _words_like(connection: sqlite3.Connection, beginning: str, most: int) -> list[str]:
    query = "SELECT word FROM registry_word WHERE word >= ? AND word < ? LIMIT ?"
    rows = connection.execute(query, (beginning, f"{beginning}{chr(sys.maxunicode)}", most))
    return [word for (word,) in rows]


def _as_now(
    read: Reader, search: Search, found: Mapping[int, Found], since: Set[str], below: Mapping[str, int]
) -> dict[int, Found]:
    """What is indexed, without what was changed since. Versions below what was are looked at one by one."""
    kept = {number: each for number, each in found.items() if each.urn not in since and each.urn not in below}
    return kept | {below[each.urn]: each for each in fitting(read, search, [urn for urn in below if urn not in since])}

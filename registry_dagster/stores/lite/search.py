"""Searching the embedded store, newest first, page by page.

The full-text index keeps, for each term and word, the entities that have it, in order, and skips what does not match.
What lists show is beside each entity, so that a page of results reads few pages of the file. What another program wrote
since our last write is checked entity by entity.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence, Set

from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import container_urn, version_in
from registry_dagster.stores.lite.index import unindexed
from registry_dagster.stores.lite.schema import is_prepared
from registry_dagster.stores.lite.tokens import expression
from registry_dagster.stores.matching import Reader, entries, fitting
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
    wanted = expression(search) if is_prepared(connection) else None
    rows = connection.execute(_QUERY, (wanted, before or _NEWEST)).fetchall() if wanted else []
    found = [Found(urn, shown) for _, urn, shown in rows]
    more = rows[-1][0] if len(rows) == _PAGE else None
    return newer + (list(_as_now(read, search, found, set(since))) if since else found), more


def _as_now(read: Reader, search: Search, found: Sequence[Found], since: Set[str]) -> Iterator[Found]:
    """What is indexed, without what was changed since; and with their Datasets as they are now."""
    kept = [each for each in found if each.urn not in since]
    moved = [each.urn for each in kept if _container(each.urn, search.env) in since]
    now = {urn: entry.shown for urn, entry in entries(read, moved)} if moved else {}
    return (each._replace(shown=now.get(each.urn, each.shown)) for each in kept)


def _container(urn: str, env: str) -> str | None:
    version = version_in(urn)
    return container_urn(version.dataset, env) if version else None

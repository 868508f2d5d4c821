"""Dagster's event log, read page by page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import count
from typing import Any

import dagster as dg

__all__ = ["PAGE", "FetchPage", "all_records"]

PAGE = 1000
"""As many records as Dagster gives at once."""

FetchPage = Callable[..., Any]
"""Such as `fetch_materializations` of an instance: takes `limit` and `cursor`, and says whether there is more."""


def all_records(
    fetch: FetchPage, wanted: object, *, page_size: int = PAGE, pages: Iterable[object] | None = None
) -> Iterator[dg.EventLogRecord]:
    """All records that are wanted, in the order of the log's answer. A page is read when the one before is used up.

    Args:
        fetch: Reads one page.
        wanted: What it takes first: an asset key, a filter or the id of a run.
        page_size: How many records to ask for at once.
        pages: One element for each page that may be read. Default: read on to the end.
    """
    cursor: str | None = None
    for _ in count() if pages is None else pages:
        page = fetch(wanted, limit=page_size, cursor=cursor)
        yield from page.records
        if not page.has_more:
            return
        cursor = page.cursor

"""Reading many small objects: several at a time, in order, and no more than are asked for."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["ahead"]

_AT_ONCE = 16
_QUICK = 0.0002
"""Seconds: about what it costs to hand an item to a thread and its result back."""
_PATIENCE = 0.02
"""Seconds that quick items have to make up for; a few turns of other processes."""
_TURN = 0.015
"""Seconds that one item can lose: on a busy machine other processes stop any of them for longer."""
T = TypeVar("T")
R = TypeVar("R")


def ahead(read: Callable[[T], R], items: Iterable[T], at_once: int = _AT_ONCE) -> Generator[R, None, None]:
    """What `read` returns for each item, in order, while the next items are being read.

    Items are read one by one as long as that takes less than handing them to threads, as of small files in memory.
    Then, with each result that is taken, twice as many are read at once, so that little is read in vain for a caller
    who stops early; in the end as many again wait for a thread, so that none is idle while a slow item, or the next
    items themselves, are waited for. Items are taken only as they are needed, in the caller's thread.

    Args:
        read: Reads an item.
        items: What to read.
        at_once: How many at most.
    """
    rest = iter(items)
    yield from _while_quick(read, rest)
    yield from _in_threads(read, rest, at_once)


def _while_quick(read: Callable[[T], R], items: Iterator[T]) -> Iterator[R]:
    """Ends when items took too long, but for what other work on this machine may have taken of it."""
    lost = 0.0
    for item in items:
        start = time.perf_counter()
        result = read(item)
        lost = max(0.0, lost + min(time.perf_counter() - start, _TURN) - _QUICK)
        yield result
        if lost > _PATIENCE:
            return


def _in_threads(read: Callable[[T], R], items: Iterator[T], at_once: int) -> Iterator[R]:
    # How many are read or wait for a thread.
    width = min(2, at_once)
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(at_once, thread_name_prefix="registry-dagster-ahead") as pool:
        try:
            while True:
                running.extend(pool.submit(read, item) for item in islice(items, width - len(running)))
                if not running:
                    return
                result = running.popleft().result()
                yield result
                width = min(2 * width, 2 * at_once)
        finally:
            for future in running:
                future.cancel()

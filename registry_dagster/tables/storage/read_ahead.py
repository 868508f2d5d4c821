"""Reading many small objects: several at a time, in order, and no more than are asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

__all__ = ["ahead"]

_AT_ONCE = 16
T = TypeVar("T")
R = TypeVar("R")


def ahead(read: Callable[[T], R], items: Iterable[T]) -> Generator[R, None, None]:
    """What `read` returns for each item, in order, while the next items are being read.

    The first item is read alone. With each result that is taken, twice as many are read at once, up to 16, so that
    little is read in vain for a caller who stops early. Items are taken only as they are needed.
    """
    rest, width = iter(items), 1
    running: deque[Future[R]] = deque()
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="registry-dagster-ahead") as pool:
        try:
            while True:
                running.extend(pool.submit(read, item) for item in islice(rest, width - len(running)))
                if not running:
                    return
                result = running.popleft().result()
                yield result
                width = min(2 * width, _AT_ONCE)
        finally:
            for future in running:
                future.cancel()

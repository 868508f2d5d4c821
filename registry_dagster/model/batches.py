"""Values taken together: some at a time, or all of one key."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TypeVar

__all__ = ["batches", "grouped"]

T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


def batches(values: Iterable[T], size: int) -> Iterator[Sequence[T]]:
    """The values in order, at most `size` at a time, taken as they are needed."""
    rest = iter(values)
    while some := list(islice(rest, size)):
        yield some


def grouped(values: Iterable[T], key: Callable[[T], K]) -> dict[K, list[T]]:
    """Key → the values that have it. Keys come in the order of their first values, values in the given order."""
    groups: dict[K, list[T]] = {}
    for value in values:
        groups.setdefault(key(value), []).append(value)
    return groups

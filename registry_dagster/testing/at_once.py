"""Calls that start together: for tests of what happens when several people write."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from registry_dagster.errors import RegistryError

__all__ = ["at_once"]

T = TypeVar("T")


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """The results of calls that start together, each in a thread of its own."""
    results: dict[int, T] = {}
    errors: list[RegistryError] = []
    start = threading.Barrier(len(calls))

    def run(position: int) -> None:
        start.wait()
        try:
            results[position] = calls[position]()
        except RegistryError as error:
            errors.append(error)

    _run_together([threading.Thread(target=run, args=(position,)) for position in range(len(calls))])
    if errors:
        raise errors[0]
    return [results[position] for position in range(len(calls))]


def _run_together(threads: Sequence[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

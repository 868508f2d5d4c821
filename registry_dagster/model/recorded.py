"""Whether a model is declared now, or rebuilt from a record: what was published once is always read."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["is_recorded", "reading_records"]

_recorded: ContextVar[bool] = ContextVar("_recorded", default=False)


@contextmanager
def reading_records() -> Generator[None, None, None]:
    """Build models in here from what was published. What only a new declaration may not hold is then taken.

    A rule that is added later would otherwise make records unreadable that were published before it.
    """
    before = _recorded.set(True)
    try:
        yield
    finally:
        _recorded.reset(before)


def is_recorded() -> bool:
    """Whether a model is rebuilt from a record."""
    return _recorded.get()

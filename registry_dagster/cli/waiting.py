"""A remark on a terminal while a slow store is waited for, so that nobody takes it for a hang."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager

from registry_dagster.cli.output import errors, note
from registry_dagster.cli.run import Done

__all__ = ["patience"]

_SECONDS = 2.0


@contextmanager
def patience(what: str, seconds: float = _SECONDS) -> Generator[None, None, None]:
    """Say what is waited for if it takes longer than some seconds, unless something was shown by then."""
    if not errors.is_terminal:
        yield
        return

    def remark() -> None:
        if not Done.shown:
            note(f"waiting for {what}; Ctrl-C stops")

    timer = threading.Timer(seconds, remark)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()

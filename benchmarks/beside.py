"""A server in a process of its own, so that what it does costs what is measured nothing."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import PIPE, Popen

__all__ = ["served"]


@contextmanager
def served(program: str) -> Iterator[str]:
    """The address of a server, which it prints first.

    Args:
        program: Python that serves until it is ended.
    """
    with Popen([sys.executable, "-c", program], stdout=PIPE, text=True) as server:
        if server.stdout is None:
            raise RuntimeError("the server has no output")
        try:
            yield server.stdout.readline().strip()
        finally:
            server.terminate()

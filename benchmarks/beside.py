"""Processes of their own: for a server, so that it costs what is measured nothing, and for what is measured alone."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from subprocess import PIPE, Popen
from typing import ParamSpec, TypeVar

__all__ = ["alone", "served"]

P = ParamSpec("P")
R = TypeVar("R")


def alone(work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a function returns in a fresh process, which nothing before it made heavy."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
        return process.submit(work, *args, **kwargs).result()


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

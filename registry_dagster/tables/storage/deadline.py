"""A limit on how long to wait for calls that have none of their own."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import TypeVar

__all__ = ["within"]

T = TypeVar("T")


def within(seconds: float, call: Callable[[], T]) -> T:
    """What a call returns or raises. After the limit the call is abandoned, in a thread that ends with the process.

    Raises:
        TimeoutError: nothing came within the limit.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(call())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, name="registry-dagster-read", daemon=True).start()
    if not wait([future], timeout=seconds).done:
        raise TimeoutError
    return future.result()

"""Publish in a child process and kill it: `python -m tests.stores.lite.killed FOLDER (random|statements) COUNT`.

This process imports the registry once and forks a child a kill, so that a kill costs milliseconds.
"""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts, reference

_KILLS_A_FILE = 10
_PUBLISHES = 4
"""A killed process has published so many times at most, if the machine is as busy as before."""


DECLARED = (
    declared("neurons", owners=["team:olfaction"], tags=["fly"]),
    declared("synapses", references=(reference("neurons"),)),
)


def publish(path: Path, first: int, how_many: int) -> None:
    """Publish tables that nobody has published, by twos of which the second joins to the first."""
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        for number in range(first, first + how_many):
            for feature_table in DECLARED:
                registry.publish(feature_table, facts(number), message="why")


def seconds_of_a_publish() -> float:
    """How long `publish` takes on this machine now, after all that it imports is imported, so that no child has to."""
    with tempfile.TemporaryDirectory() as folder:
        publish(Path(folder) / "first.db", first=0, how_many=1)
        start = time.monotonic()
        publish(Path(folder) / "second.db", first=0, how_many=1)
        return time.monotonic() - start


def killed_at_a_random_moment(path: Path, turn: int, most: float) -> None:
    child = _child(lambda: publish(path, first=turn * 1000, how_many=1000))
    time.sleep(random.uniform(0, most))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def killed_at_a_statement(path: Path, statement: int) -> None:
    """The child kills itself just before SQLite runs its nth statement."""
    left = statement
    connect = sqlite3.connect

    def count(_: str) -> None:
        nonlocal left
        left -= 1
        if left <= 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    def run() -> None:
        sqlite3.connect = counted
        publish(path, first=0, how_many=1)

    os.waitpid(_child(run), 0)


def statements_of_a_publish(path: Path) -> int:
    """How many statements `publish` takes on a new file."""
    seen: list[str] = []
    connect = sqlite3.connect

    def counted(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(seen.append)
        return connection

    sqlite3.connect = counted
    try:
        publish(path, first=0, how_many=1)
    finally:
        sqlite3.connect = connect
    return len(seen)


def _child(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def main(folder: Path, kind: str, kills: int) -> None:
    if kind == "random":
        most = _PUBLISHES * seconds_of_a_publish()
        for turn in range(kills):
            killed_at_a_random_moment(folder / f"{turn // _KILLS_A_FILE}.db", turn, most)
    else:
        whole = statements_of_a_publish(folder / "whole.db")
        for turn in range(kills):
            statement = 1 + turn * whole // kills
            killed_at_a_statement(folder / f"{statement}.db", statement)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))

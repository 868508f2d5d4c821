"""A measured figure, its peer in the same run, and the goal for their ratio."""

from __future__ import annotations

import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["Result", "as_markdown", "fresh_process_seconds", "median_seconds"]


@dataclass(frozen=True)
class Result:
    """One line of the table. `ratio` says in the goal's terms how we stand to the peer."""

    what: str
    ours: str
    peer: str
    ratio: float
    goal: str

    @classmethod
    def seconds(cls, what: str, ours: float, peer: float, goal: str) -> Result:
        """From two medians in seconds."""
        return cls(what, f"{ours:.4f} s", f"{peer:.4f} s", ours / peer, goal)


def as_markdown(results: list[Result]) -> str:
    """The table, with the machine it was measured on."""
    lines = [
        "# Benchmark results",
        "",
        f"Python {platform.python_version()}, {platform.machine()}. Written by `make bench`; only the ratios carry",
        "over to other machines.",
        "",
        "| what | ours | peer | ratio | goal |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [f"| {each.what} | {each.ours} | {each.peer} | {each.ratio:.3f} | {each.goal} |" for each in results]
    return "\n".join([*lines, ""])


def fresh_process_seconds(ours: str, peer: str, runs: int = 7) -> tuple[float, float]:
    """Median wall seconds of two programs, each in fresh processes, in turn, after a warm-up."""
    timings: tuple[list[float], list[float]] = ([], [])
    for turn in range(runs + 1):
        for program, seconds in zip((ours, peer), timings, strict=True):
            start = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)
            if turn:
                seconds.append(time.perf_counter() - start)
    return statistics.median(timings[0]), statistics.median(timings[1])


def median_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median wall seconds of a call."""
    seconds: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)

"""A measured figure, its peer in the same run, and the goal for their ratio."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

__all__ = ["Part", "Result", "as_page", "median_seconds"]


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

    def to_row(self) -> str:
        """The line."""
        return f"| {self.what} | {self.ours} | {self.peer} | {self.ratio:.3f} | {self.goal} |"


@dataclass(frozen=True)
class Part:
    """What was measured together, and on how busy a machine."""

    name: str
    day: date
    load: float
    results: Sequence[Result]

    def to_markdown(self) -> str:
        """Its section of the page."""
        cores = os.cpu_count() or 1
        busy = "" if self.load < _IDLE * cores else " Other work kept the machine busy: the times are upper bounds."
        lines = [
            f"## {self.name}",
            "",
            f"Measured on {self.day}, at a load of {self.load:.1f} on {cores} cores.{busy}",
            "",
            "| what | ours | peer | ratio | goal |",
            "| --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| {each.what} | {each.ours} | {each.peer} | {each.ratio:.3f} | {each.goal} |" for each in self.results
        ]
        return "\n".join([*lines, ""])


_IDLE = 0.4
"""The load of a core below which a machine counts as idle."""


def as_page(parts: Iterable[Part], before: str = "") -> str:
    """The page of results: the sections of these parts, and what it said before of others.

    What was written by hand below the table of a part stays.
    """
    sections = {section.partition("\n")[0]: f"## {section}" for section in before.split("\n## ")[1:]}
    for part in parts:
        by_hand = _below_the_table(sections.get(part.name, ""))
        sections[part.name] = part.to_markdown() + (f"\n{by_hand}\n" if by_hand else "")
    title = (
        "# Benchmark results\n\n"
        f"Python {platform.python_version()}, {platform.machine()}. Written by `make bench`; only the ratios carry\n"
        "over to other machines.\n"
    )
    return "\n".join([title, *(f"{section.rstrip()}\n" for section in sections.values())])


def _below_the_table(section: str) -> str:
    *_, last = section.rpartition("\n|")
    return last.partition("\n")[2].strip()


def median_seconds(work: Callable[[], object], runs: int = 5) -> float:
    """Median wall seconds of a call."""
    seconds: list[float] = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)

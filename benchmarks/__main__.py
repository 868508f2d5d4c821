"""Run the benchmarks and print the table. All of them, or those that are named; only all are kept in results.md."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks.parts import PARTS, measure
from benchmarks.report import Result, as_markdown

RESULTS = Path(__file__).parent / "results.md"


def main(*names: str) -> None:
    """Measure, each part in a process of its own, which nothing before it made heavy."""
    results: list[Result] = []
    for name in names or PARTS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            results += process.submit(measure, name).result()
    page = as_markdown(results)
    if not names:
        RESULTS.write_text(page)
    print(page)


if __name__ == "__main__":
    main(*sys.argv[1:])

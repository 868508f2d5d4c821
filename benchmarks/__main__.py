"""Run the benchmarks and print the table. All of them, or those that are named; only all are kept in results.md."""

from __future__ import annotations

import logging
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import definitions, gate, imports, publish_run, publishing, reading, requests_sent, stored
from benchmarks.report import Result, as_markdown

RESULTS = Path(__file__).parent / "results.md"
PARTS = {
    "imports": imports.run,
    "definitions": definitions.run,
    "publishing": publishing.run,
    "requests_sent": requests_sent.run,
    "publish_run": publish_run.run,
    "gate": gate.run,
    "stored": stored.run,
    "reading": reading.run,
}


def main(*names: str) -> None:
    """Measure, each part in a process of its own, which nothing before it made heavy."""
    results: list[Result] = []
    for name in names or PARTS:
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
            results += process.submit(_measure, name).result()
    page = as_markdown(results)
    if not names:
        RESULTS.write_text(page)
    print(page)


def _measure(name: str) -> list[Result]:
    logging.disable(logging.CRITICAL)  # Dagster's runs
    return list(PARTS[name]())


if __name__ == "__main__":
    main(*sys.argv[1:])

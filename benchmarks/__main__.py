"""Run all benchmarks, print the table, and keep it in results.md."""

from __future__ import annotations

import logging
from pathlib import Path

from benchmarks import definitions, gate, imports, publish_run, publishing, reading, requests_sent, stored
from benchmarks.report import Result, as_markdown

RESULTS = Path(__file__).parent / "results.md"


def main() -> None:
    """Measure."""
    logging.disable(logging.CRITICAL)  # Dagster's runs
    parts = (imports, definitions, publishing, requests_sent, publish_run, gate, stored, reading)
    results: list[Result] = [result for part in parts for result in part.run()]
    page = as_markdown(results)
    RESULTS.write_text(page)
    print(page)


if __name__ == "__main__":
    main()

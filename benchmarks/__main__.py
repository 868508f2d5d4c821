"""Run all benchmarks, print the table, and keep it in results.md."""

from __future__ import annotations

from pathlib import Path

from benchmarks import definitions, imports, publishing, requests_sent
from benchmarks.report import Result, as_markdown

RESULTS = Path(__file__).parent / "results.md"


def main() -> None:
    """Measure."""
    results: list[Result] = [*imports.run(), *definitions.run(), *publishing.run(), *requests_sent.run()]
    page = as_markdown(results)
    RESULTS.write_text(page)
    print(page)


if __name__ == "__main__":
    main()

"""Run the benchmarks and print the tables. All of them, or the parts that are named.

Kept in results.md: all, or with `--keep` those that are named.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timezone
from pathlib import Path

from benchmarks.beside import alone
from benchmarks.parts import PARTS, measure
from benchmarks.report import Part, as_page

RESULTS = Path(__file__).parent / "results.md"
_KEEP = "--keep"


def main(*words: str) -> None:
    """Measure, each part in a process of its own."""
    names = [word for word in words if word != _KEEP]
    for name in names or PARTS:
        load = os.getloadavg()[0]
        part = Part(name, datetime.now(timezone.utc).date(), load, alone(measure, name))
        print(part.to_markdown())
        if _KEEP in words or not names:
            RESULTS.write_text(as_page([part], RESULTS.read_text()))


if __name__ == "__main__":
    main(*sys.argv[1:])

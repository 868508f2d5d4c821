"""The benchmarks are a program that runs; of their figures the one that is no time is held here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_part_is_measured_by_its_name_and_few_requests_publish() -> None:
    root = Path(__file__).parent.parent
    kept = (root / "benchmarks" / "results.md").read_bytes()
    command = [sys.executable, "-m", "benchmarks", "requests_sent"]
    printed = subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout
    (row,) = [line for line in printed.splitlines() if line.startswith("| requests to publish")]
    assert float(row.split("|")[4]) <= 0.1
    assert (root / "benchmarks" / "results.md").read_bytes() == kept

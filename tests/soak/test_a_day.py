"""A day of a large lab: 20 processes publish 50,000 versions into one file and ask 500,000 questions of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.a_day import TENTHS, Day, check, spend

MOST_GROWTH = 1.2
"""A writer remembers the datasets that it used last: here at most 6,000 versions of them."""


@pytest.mark.soak
def test_a_day_of_a_large_lab_is_recorded_exactly_once_in_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "registry.db"
    logs = spend(Day(), path)
    check(Day(), path, logs)
    for log in logs:
        assert log.memory[TENTHS - 1] <= MOST_GROWTH * log.memory[1], "nothing else is remembered"

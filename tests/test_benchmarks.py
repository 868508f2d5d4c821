"""The benchmarks are a program that runs; of their figures the one that is no time is held here."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.report import Part, Result, as_page

ROW = Result("a tick", "0.1 s", "0.2 s", 0.5, "≤ 1")


def test_a_part_is_measured_by_its_name_and_few_requests_publish(
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = Path(__file__).parent.parent
    kept = (root / "benchmarks" / "results.md").read_bytes()
    main("requests_sent")
    (row,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| requests to publish")]
    assert float(row.split("|")[4]) <= 0.1
    assert (root / "benchmarks" / "results.md").read_bytes() == kept


def test_a_part_that_is_measured_again_leaves_the_other_parts_and_what_was_written_by_hand() -> None:
    day = date(2026, 11, 29)
    before = (
        as_page([Part("gate", day, 0.1, [ROW]), Part("stored", day, 5.0, [ROW])])
        + "\nBy a profile, 87 % is Dagster's.\n"
    )
    after = as_page([Part("stored", day, 0.2, [ROW, ROW])], before)
    gate, stored = after.split("\n## ")[1:]
    assert gate in before
    assert "at a load of 0.2" in stored
    assert stored.count("| a tick |") == 2
    assert stored.endswith("\nBy a profile, 87 % is Dagster's.\n")


def test_a_busy_machine_is_said() -> None:
    day = date(2026, 11, 29)
    assert "upper bounds" in Part("gate", day, 7.0, [ROW]).to_markdown()
    assert "upper bounds" not in Part("gate", day, 0.1, [ROW]).to_markdown()

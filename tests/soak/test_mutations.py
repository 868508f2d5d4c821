"""Thousands of damaged tables: every error is ours, nothing hangs or swells, and no fact is said that others deny."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.pages import ROOT
from tests.soak.mutations import MOST_SECONDS

SEEDS = 6_000
USUAL = 60
BLOCK = 250


def wrong_in(directory: Path, first: int, count: int) -> list[object]:
    """What went wrong in a block of seeds, run in a process of its own, which a damaged file might end."""
    directory.mkdir()
    command = [sys.executable, "-m", "tests.soak.mutations", str(directory), str(first), str(count)]
    patient = 60 + count * MOST_SECONDS
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=patient, check=False)
    said = [json.loads(line) for line in ended.stdout.splitlines()]
    if not said or said[-1] != {"done": count}:
        said.append({"wrong": [f"the process ended with {ended.returncode}", ended.stderr[-1500:]], "after": said[-1:]})
    return [each for each in said if "wrong" in each]


def test_some_damaged_tables(tmp_path: Path) -> None:
    assert wrong_in(tmp_path / "some", 0, USUAL) == []


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, SEEDS, BLOCK))
def test_many_damaged_tables(tmp_path: Path, first: int) -> None:
    assert wrong_in(tmp_path / "block", first, BLOCK) == []

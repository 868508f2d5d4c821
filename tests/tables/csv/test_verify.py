"""What became of a recorded CSV file."""

from __future__ import annotations

import os
from pathlib import Path

from registry_dagster.tables import inspect_table
from registry_dagster.tables.verify import verify_table


def test_a_csv_file_is_intact_changed_or_missing(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_text("id\n1\n")
    facts = inspect_table(file, schema={"id": "int64"})
    assert verify_table(facts).state == "intact"
    os.utime(file, ns=(1, 1))
    found = verify_table(facts)
    assert (found.state, "written again, maybe with the same content" in found.reason) == ("changed", True)
    file.write_text("id\n1\n2\n")
    found = verify_table(facts)
    assert (found.state, "now has 7 bytes" in found.reason) == ("changed", True)
    file.unlink()
    assert verify_table(facts).state == "missing"
    file.mkdir()
    assert verify_table(facts).state == "changed"

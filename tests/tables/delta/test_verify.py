"""What becomes of a pinned version of a Delta table, and how that is found out."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.delta import verify as delta_verify
from registry_dagster.tables.verify import verify_table
from tests.tables.conftest import CountingStorage
from tests.tables.delta.delta_tables import apart_from_commit

ROWS = pa.table({"body_id": pa.array([1, 2, 3], pa.int64()), "score": [0.5, 0.25, 1.0]})
HOUR = 3600


def write(path: Path, times: int = 1, mode: Any = "append") -> deltalake.DeltaTable:
    for _ in range(times):
        deltalake.write_deltalake(path, ROWS, mode=mode)
    return deltalake.DeltaTable(path)


def commit(path: Path, version: int) -> Path:
    return path / "_delta_log" / f"{version:020}.json"


def actions(path: Path, version: int) -> list[dict[str, Any]]:
    return [json.loads(line) for line in commit(path, version).read_text().splitlines()]


def data_file(path: Path, version: int) -> Path:
    """The file that a commit added."""
    (added,) = [action["add"]["path"] for action in actions(path, version) if "add" in action]
    return path / added


def pin(facts: TableFacts) -> DeltaPin:
    assert isinstance(facts.pin, DeltaPin)
    return facts.pin


def vacuum(path: Path) -> None:
    deltalake.DeltaTable(path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)


def test_later_commits_and_checkpoints_leave_it_intact(tmp_path: Path) -> None:
    write(tmp_path, times=2)
    facts = inspect_table(tmp_path)
    write(tmp_path, times=2).create_checkpoint()
    write(tmp_path, mode="overwrite")
    found = verify_table(facts)
    assert found.state == "intact"
    assert "version 1 is in the log as recorded; the 2 data files that were looked at are there" in found.reason


def test_vacuuming_files_that_a_later_commit_removed_makes_it_missing(tmp_path: Path) -> None:
    write(tmp_path, times=2)
    facts = inspect_table(tmp_path)
    now = inspect_table(tmp_path, version=write(tmp_path, mode="overwrite").version())
    vacuum(tmp_path)
    found = verify_table(facts)
    assert found.state == "missing"
    assert "2 are gone: vacuumed or removed" in found.reason
    assert verify_table(now).state == "intact"


def test_vacuuming_what_was_never_part_of_it_is_no_loss(tmp_path: Path) -> None:
    write(tmp_path)
    facts = inspect_table(tmp_path)
    write(tmp_path, times=2)
    deltalake.DeltaTable(tmp_path).optimize.compact()
    deltalake.write_deltalake(tmp_path, ROWS, mode="append")
    data_file(tmp_path, 1).unlink()
    assert verify_table(facts).state == "intact"


def test_a_log_that_was_cleaned_up_makes_it_missing(tmp_path: Path) -> None:
    write(tmp_path, times=3)
    facts = inspect_table(tmp_path, version=1)
    write(tmp_path).create_checkpoint()
    for version in range(3):
        commit(tmp_path, version).unlink()
    found = verify_table(facts)
    assert found.state == "missing"
    assert "has no version 1; its log has versions 3 to 3 (the log before was cleaned up)" in found.reason
    assert verify_table(inspect_table(tmp_path)).state == "intact"


def test_a_version_of_which_only_the_checkpoint_is_left_is_intact(tmp_path: Path) -> None:
    write(tmp_path, times=3).create_checkpoint()
    facts = inspect_table(tmp_path)
    for version in range(3):
        commit(tmp_path, version).unlink()
    found = verify_table(facts)
    assert found.state == "intact"
    assert "the 3 data files" in found.reason
    next(tmp_path.glob("*.parquet")).unlink()
    assert verify_table(facts).state == "missing"


def test_a_table_created_again_with_as_many_versions_is_a_change(tmp_path: Path) -> None:
    write(tmp_path / "t", times=2)
    facts = inspect_table(tmp_path / "t")
    shutil.rmtree(tmp_path / "t")
    write(tmp_path / "t", times=2)
    found = verify_table(facts)
    assert found.state == "changed"
    another = pin(inspect_table(tmp_path / "t")).table_id
    assert f"its id is {another}, but {pin(facts).table_id} was recorded" in found.reason


def test_a_table_created_again_with_fewer_versions_is_named_where_the_version_is_missing(tmp_path: Path) -> None:
    write(tmp_path / "t", times=2)
    facts = inspect_table(tmp_path / "t")
    shutil.rmtree(tmp_path / "t")
    write(tmp_path / "t")
    found = verify_table(facts)
    assert found.state == "missing"
    assert f"Another table is there now: its id is {pin(inspect_table(tmp_path / 't')).table_id}" in found.reason


def test_a_data_file_that_was_removed_or_overwritten_is_found(tmp_path: Path) -> None:
    write(tmp_path)
    facts = inspect_table(tmp_path)
    data_file(tmp_path, 0).write_bytes(b"x")
    found = verify_table(facts)
    assert found.state == "changed"
    assert "1 is of another size" in found.reason
    assert any(each.found.startswith("1 bytes; the log says") for each in found.evidence)
    data_file(tmp_path, 0).unlink()
    assert verify_table(facts).state == "missing"


def test_names_of_partitions_are_decoded(tmp_path: Path) -> None:
    deltalake.write_deltalake(
        tmp_path, ROWS.append_column("where", pa.array(["a b", "ä/%", "c"])), partition_by="where"
    )
    found = verify_table(inspect_table(tmp_path))
    assert found.state == "intact"
    assert "the 3 data files" in found.reason


def test_a_commit_that_was_made_again_is_a_change_where_only_its_time_was_recorded(tmp_path: Path) -> None:
    write(tmp_path, times=2)
    aged = commit(tmp_path, 1).stat().st_mtime - HOUR
    os.utime(commit(tmp_path, 1), (aged, aged))
    facts = apart_from_commit(inspect_table(tmp_path))
    commit(tmp_path, 1).unlink()
    write(tmp_path)
    found = verify_table(facts)
    assert found.state == "changed"
    assert "it was written again" in found.reason


def test_a_copied_log_is_intact_where_commits_carry_their_own_time(tmp_path: Path) -> None:
    write(tmp_path)
    made = 1_700_000_000_000
    edited = actions(tmp_path, 0)
    for action in edited:
        if "metaData" in action:
            action["metaData"]["configuration"] = {"delta.enableInCommitTimestamps": "true"}
        elif "commitInfo" in action:
            action["commitInfo"]["inCommitTimestamp"] = made
    commit(tmp_path, 0).write_text("\n".join(json.dumps(action) for action in edited))
    facts = inspect_table(tmp_path)
    committed_at = pin(facts).committed_at
    assert committed_at is not None
    os.utime(commit(tmp_path, 0), (0, 0))
    assert verify_table(facts).state == "intact"
    an_hour_before = {"committed_at": committed_at - timedelta(hours=1), "commit_digest": None}
    other = facts.pin.model_copy(update=an_hour_before)
    assert verify_table(facts.model_copy(update={"pin": other})).state == "changed"


def test_a_damaged_log_is_a_change(tmp_path: Path) -> None:
    write(tmp_path, times=3)
    facts = inspect_table(tmp_path)
    text = commit(tmp_path, 0).read_text()
    commit(tmp_path, 0).write_text(text[:-40])
    assert verify_table(facts).state == "changed"
    commit(tmp_path, 0).write_text(text)
    commit(tmp_path, 1).unlink()
    found = verify_table(facts)
    assert found.state == "changed"
    assert "commits before version 2 are missing" in found.reason


@pytest.mark.parametrize("broken", [{"metaData": 5}, {"protocol": [1]}])
def test_fields_of_other_types_than_the_protocols_are_a_damaged_log(tmp_path: Path, broken: dict[str, Any]) -> None:
    write(tmp_path)
    facts = inspect_table(tmp_path)
    changed = [
        {**action, **{name: broken[name] for name in broken if name in action}} for action in actions(tmp_path, 0)
    ]
    commit(tmp_path, 0).write_text("\n".join(map(json.dumps, changed)))
    with pytest.raises(UnsupportedTable, match="The log is damaged"):
        inspect_table(tmp_path)
    assert verify_table(facts).state == "changed"


@pytest.mark.parametrize("path", ["/lake/old/f.parquet", "file:/lake/old/f.parquet", "dbfs:/old/f", "s3://b/old/f"])
def test_files_of_another_table_are_not_looked_for_below_this_one(tmp_path: Path, path: str) -> None:
    write(tmp_path)
    cloned = [
        {"add": {**action["add"], "path": path}} if "add" in action else action for action in actions(tmp_path, 0)
    ]
    commit(tmp_path, 0).write_text("\n".join(map(json.dumps, cloned)))
    found = verify_table(inspect_table(tmp_path))
    assert (found.state, "no data file could be sampled" in found.reason) == ("intact", True)


@pytest.fixture
def bytes_looked_at(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Path below the table → bytes that `verify_table` read of it."""
    read_of: dict[str, int] = {}
    opened: Callable[..., Any] = delta_verify.open_storage

    def counting(*args: Any) -> CountingStorage:
        storage = CountingStorage(opened(*args))
        storage.read_of = read_of
        return storage

    monkeypatch.setattr(delta_verify, "open_storage", counting)
    return read_of


def test_however_long_the_log_few_commits_are_read(tmp_path: Path, bytes_looked_at: dict[str, int]) -> None:
    write(tmp_path)
    for version in range(1, 300):
        commit(tmp_path, version).write_text(json.dumps({"commitInfo": {"operation": "WRITE"}}))
    found = verify_table(inspect_table(tmp_path, version=150))
    assert (found.state, "no data file could be sampled" in found.reason) == ("intact", True)
    assert 20 < len(bytes_looked_at) < 50

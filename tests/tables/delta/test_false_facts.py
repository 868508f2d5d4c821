"""What was false once: facts of torn logs, of checksum files that contradict their log, of commits made again."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.delta import actions, live
from registry_dagster.tables.verify import verify_table
from tests.tables.delta.delta_tables import log_file, pin_of


def ids(*values: int) -> pa.Table:
    return pa.table({"id": pa.array(values, pa.int64())})


def write_two(path: Path) -> Path:
    """Two commits, the second of which adds a column; its file."""
    deltalake.write_deltalake(path, ids(1))
    wider = pa.table({"id": [2], "more": ["x"]})
    deltalake.write_deltalake(path, wider, mode="append", schema_mode="merge")
    return log_file(path, 1)


def whole_and_cut(data: bytes) -> dict[str, bytes]:
    at, end = data.index(b'"metaData"'), len(data)
    return {
        "nothing": b"",
        "NULs": bytes(end),
        "NULs at the end": data[: end - 40] + bytes(40),
        "NULs inside": data[:30] + bytes(30) + data[60:],
        "before the second action": data[:at],
        "inside a key": data[: at + 6],
        "inside the metadata": data[: at + 60],
        "inside the first action": data[:8],
        "before the last brace": data.rstrip()[:-1],
        "nested too deeply": data + b'{"metaData":' + b"[" * 100_000,
        "an action that is no object": data + b"\n5\n",
    }


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("damage", whole_and_cut(b'"metaData"'))
def test_a_torn_last_commit_is_not_taken_for_the_version_before(tmp_path: Path, damage: str, counts: bool) -> None:
    commit = write_two(tmp_path)
    commit.write_bytes(whole_and_cut(commit.read_bytes())[damage])
    with pytest.raises(UnsupportedTable, match=r"00001\.json cannot be read: .*The log is damaged"):
        inspect_table(tmp_path, counts=counts)


def test_a_commit_without_a_last_line_break_is_whole(tmp_path: Path) -> None:
    commit = write_two(tmp_path)
    commit.write_bytes(commit.read_bytes().rstrip(b"\n"))
    assert [field.path for field in inspect_table(tmp_path, counts=True).fields] == ["id", "more"]


def crc_of(path: Path, version: int, **changes: Any) -> None:
    """A checksum file that agrees with the log, but for the changes."""
    lines = [json.loads(line) for at in range(version + 1) for line in log_file(path, at).read_text().splitlines()]
    last = {name: value for action in lines for name, value in action.items()}
    added = [action["add"] for action in lines if "add" in action]
    counts = {"tableSizeBytes": sum(each["size"] for each in added), "numFiles": len(added)}
    checksum = {**counts, "metadata": last["metaData"], "protocol": last["protocol"], **changes}
    log_file(path, version, "crc").write_text(json.dumps(checksum))


def counts_of(facts: TableFacts) -> tuple[int | None, ...]:
    return facts.rows, facts.bytes, facts.files


def test_a_checksum_file_that_agrees_with_its_log_has_the_counts(tmp_path: Path) -> None:
    write_two(tmp_path)
    counted = inspect_table(tmp_path, counts=True)
    crc_of(tmp_path, 1)
    assert counts_of(inspect_table(tmp_path)) == (None, counted.bytes, counted.files)


def test_counts_of_a_checksum_file_that_its_log_contradicts_are_those_of_the_log(tmp_path: Path) -> None:
    write_two(tmp_path)
    counted = inspect_table(tmp_path, counts=True)
    crc_of(tmp_path, 1, tableSizeBytes=999, numFiles=77)
    assert counts_of(inspect_table(tmp_path)) == (None, counted.bytes, counted.files)


@pytest.mark.parametrize(
    "changes",
    [
        {"metadata": {"id": "another", "schemaString": "{}"}},
        {"txnId": "another"},
        {"metadata": None},
        {"metadata": 5},
        {"tableSizeBytes": -1, "numFiles": "two"},
        {"tableSizeBytes": 10**4000, "numFiles": 1.5},
    ],
)
def test_a_checksum_file_of_another_commit_says_nothing(tmp_path: Path, changes: dict[str, Any]) -> None:
    commit = write_two(tmp_path)
    commit.write_text(commit.read_text().replace('{"commitInfo":{', '{"commitInfo":{"txnId":"own",'))
    plain = inspect_table(tmp_path)
    crc_of(tmp_path, 1, **changes)
    facts = inspect_table(tmp_path)
    assert facts == plain
    assert counts_of(facts) == (None, None, None)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"version":' + "9" * 4000 + "}", '{"version":-5}', "[1]", "\0"])
@pytest.mark.parametrize("name", ["_last_checkpoint", f"{1:020}.crc"])
def test_a_hint_that_cannot_be_read_is_passed_over(tmp_path: Path, name: str, text: str) -> None:
    write_two(tmp_path)
    plain = inspect_table(tmp_path)
    log_file(tmp_path, name).write_text(text)
    assert inspect_table(tmp_path) == plain


@pytest.mark.parametrize("keep_time", [False, True])
def test_another_commit_of_the_same_number_is_a_change(tmp_path: Path, keep_time: bool) -> None:
    deltalake.write_deltalake(tmp_path, ids(1))
    deltalake.write_deltalake(tmp_path, ids(2), mode="append")
    facts = inspect_table(tmp_path, counts=True)
    commit = log_file(tmp_path, 1)
    stat = commit.stat()
    commit.unlink()
    deltalake.write_deltalake(tmp_path, ids(7, 8, 9), mode="append")
    if keep_time:
        os.utime(commit, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    found = verify_table(facts)
    assert (found.state, "is not the recorded one" in found.reason) == ("changed", True)


def test_a_commit_that_became_nuls_is_a_change(tmp_path: Path) -> None:
    commit = write_two(tmp_path)
    facts = inspect_table(tmp_path)
    stat = commit.stat()
    commit.write_bytes(bytes(stat.st_size))
    os.utime(commit, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert verify_table(facts).state == "changed"


def test_a_copy_of_a_log_with_other_times_holds_the_same_commit(tmp_path: Path) -> None:
    commit = write_two(tmp_path)
    facts = inspect_table(tmp_path)
    os.utime(commit, (0, 0))
    assert verify_table(facts).state == "intact"


def remove_again(path: Path) -> TableFacts:
    """A table whose only file a later commit removes twice, and is vacuumed; the facts of its empty version."""
    deltalake.write_deltalake(path, ids(1, 2))
    (name,) = [file.name for file in path.glob("*.parquet")]
    deltalake.DeltaTable(path).delete()
    facts = inspect_table(path, version=1, counts=True)
    (path / name).unlink()
    removed = {"remove": {"path": name, "deletionTimestamp": 1, "dataChange": True}}
    log_file(path, 2).write_text(json.dumps(removed) + "\n")
    return facts


def test_a_second_removal_of_a_file_does_not_make_a_version_without_it_missing(tmp_path: Path) -> None:
    facts = remove_again(tmp_path)
    assert counts_of(facts) == (0, 0, 0)
    assert verify_table(facts).state == "intact"
    assert verify_table(inspect_table(tmp_path, version=0)).state == "missing"


def test_a_lost_file_that_a_long_log_may_have_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts = remove_again(tmp_path)
    monkeypatch.setattr(live, "_MOST_BYTES", 10)
    found = verify_table(facts)
    assert (found.state, "the log is too long to prove" in found.reason) == ("unknown", True)


@pytest.mark.parametrize("checkpointed", [0, 1])
def test_whether_a_version_has_a_lost_file_is_read_from_its_checkpoint(tmp_path: Path, checkpointed: int) -> None:
    deltalake.write_deltalake(tmp_path, ids(1, 2))
    if not checkpointed:
        deltalake.DeltaTable(tmp_path).create_checkpoint()
    deltalake.write_deltalake(tmp_path, ids(3), mode="append")
    if checkpointed:
        deltalake.DeltaTable(tmp_path).create_checkpoint()
    facts = inspect_table(tmp_path)
    deltalake.DeltaTable(tmp_path).delete()
    deltalake.DeltaTable(tmp_path).vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
    assert pin_of(facts).version == 1
    assert verify_table(facts).state == "missing"


def test_a_version_of_an_absurd_number_is_refused_at_once(tmp_path: Path) -> None:
    write_two(tmp_path)
    log_file(tmp_path, 1).rename(log_file(tmp_path, 10**19))
    with pytest.raises(UnsupportedTable, match="commits before version 10000000000000000000 are missing"):
        inspect_table(tmp_path)


def test_a_line_that_does_not_end_is_not_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit = write_two(tmp_path)
    long = '{"x":"' + "y" * (6 << 20) + '"}'
    commit.write_text(f"{commit.read_text().rstrip()}\n{long}\n")
    assert len(inspect_table(tmp_path, counts=True).fields) == 2
    monkeypatch.setattr(actions, "_MOST_CHUNKS", 5)
    with pytest.raises(UnsupportedTable, match="a line of it is longer than 5 MiB"):
        inspect_table(tmp_path)

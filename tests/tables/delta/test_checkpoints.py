"""Delta checkpoints of every kind, compacted commits and checksum files say the same as the commits."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.stored_tables import delta_commits
from registry_dagster.errors import TableUnreachable, UnsupportedTable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.delta import inspect as delta_inspect
from registry_dagster.tables.delta.inspect import inspect_delta
from registry_dagster.tables.storage.local import LocalStorage
from tests.tables.delta.delta_tables import (
    CHECKPOINTS,
    EMBEDDINGS,
    apart_from_commit,
    assert_same_as_deltalake,
    edit_actions,
    keep_in_checkpoint,
    log_file,
    pin_of,
    write,
)
from tests.tables.places import PLACES, Place


def test_the_metadata_comes_from_the_checkpoint_when_the_commits_are_gone(tmp_path: Path) -> None:
    write(tmp_path, commits=3).create_checkpoint()
    whole = inspect_table(tmp_path)
    log_file(tmp_path, 0).unlink()
    log_file(tmp_path, 1).unlink()
    assert inspect_table(tmp_path) == whole
    log_file(tmp_path, 2).unlink()
    assert inspect_table(tmp_path).fields == whole.fields
    assert pin_of(inspect_table(tmp_path)).committed_at is None


@pytest.mark.parametrize("hint", [None, "", "{}", '{"version": 77}', "[]"])
def test_a_missing_or_wrong_checkpoint_hint_changes_nothing(tmp_path: Path, hint: str | None) -> None:
    write(tmp_path, commits=2).create_checkpoint()
    write(tmp_path)
    expected = inspect_table(tmp_path)
    file = log_file(tmp_path, "_last_checkpoint")
    file.unlink() if hint is None else file.write_text(hint)
    assert inspect_table(tmp_path) == expected


@pytest.mark.parametrize("kind", CHECKPOINTS)
def test_every_kind_of_checkpoint_tells_what_the_commits_told(tmp_path: Path, kind: str) -> None:
    write(tmp_path, commits=3)
    before = inspect_table(tmp_path, counts=True)
    assert (before.rows, before.files) == (9, 6)
    keep_in_checkpoint(tmp_path, kind)
    assert apart_from_commit(inspect_table(tmp_path, counts=True)) == apart_from_commit(before)
    assert_same_as_deltalake(before, tmp_path)

    write(tmp_path)
    deltalake.DeltaTable(tmp_path).delete("neuropil = 'LH'")
    after = inspect_table(tmp_path, counts=True)
    assert (pin_of(after).version, after.rows, after.files) == (4, 8, 4)
    assert_same_as_deltalake(after, tmp_path)


def test_a_checkpoint_that_lacks_a_part_is_none(tmp_path: Path) -> None:
    write(tmp_path, commits=2)
    keep_in_checkpoint(tmp_path, "multi-part")
    log_file(tmp_path, 1, f"checkpoint.{1:010}.{3:010}.parquet").unlink()
    with pytest.raises(UnsupportedTable, match="commits before version 1 are missing"):
        inspect_table(tmp_path)


def test_a_missing_sidecar_matters_to_counts_alone(tmp_path: Path) -> None:
    write(tmp_path, commits=2)
    expected = inspect_table(tmp_path)
    keep_in_checkpoint(tmp_path, "v2 json with sidecars")
    shutil.rmtree(tmp_path / "_delta_log" / "_sidecars")
    assert apart_from_commit(inspect_table(tmp_path)) == apart_from_commit(expected)
    with pytest.raises(UnsupportedTable, match=r"cannot be read: its sidecar _delta_log/_sidecars/0-.* is missing"):
        inspect_table(tmp_path, counts=True)


def test_of_a_checkpoint_only_the_row_groups_with_metadata_are_read(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    write(tmp_path)
    expected = inspect_table(tmp_path)
    keep_in_checkpoint(tmp_path, "classic")
    file = log_file(tmp_path, 0, "checkpoint.parquet")
    actions = pq.read_table(file)
    add = next(row["add"] for row in actions.to_pylist() if row["add"])
    adds = [{"add": {**add, "path": os.urandom(32).hex()}} for _ in range(20_000)]
    with pq.ParquetWriter(file, actions.schema) as writer:
        writer.write_table(pa.Table.from_pylist(adds, schema=actions.schema))
        writer.write_table(actions)
    bytes_read.clear()
    assert inspect_table(tmp_path).fields == expected.fields
    assert file.stat().st_size > 1_000_000
    assert bytes_read[f"_delta_log/{file.name}"] < 100_000


def test_compacted_commits_stand_for_the_commits_they_repeat(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    write(tmp_path, commits=6)
    expected = inspect_table(tmp_path, counts=True)
    for first, last in ((0, 1), (1, 3), (2, 3), (4, 6)):
        lines = [log_file(tmp_path, version).read_text() for version in range(first, min(last, 5) + 1)]
        log_file(tmp_path, f"{first:020}.{last:020}.compacted.json").write_text("\n".join(lines))
    bytes_read.clear()
    assert inspect_table(tmp_path, counts=True) == expected
    names = [f"{5:020}.json", f"{4:020}.json", f"{1:020}.{3:020}.compacted.json", f"{0:020}.json"]
    assert {path.removeprefix("_delta_log/") for path in bytes_read} == set(names)
    log_file(tmp_path, 2).unlink()
    with pytest.raises(UnsupportedTable, match="commits before version 5 are missing"):
        inspect_table(tmp_path)


def test_a_checksum_file_counts_what_a_long_log_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delta_inspect, "_SHORT_LOG", 100)
    write(tmp_path, commits=2)
    expected = inspect_table(tmp_path)
    actions = [json.loads(line) for line in log_file(tmp_path, 0).read_text().splitlines()]
    found = {name: value for action in actions for name, value in action.items()}
    checksum = {
        "tableSizeBytes": 1234,
        "numFiles": 4,
        "metadata": found["metaData"],
        "protocol": found["protocol"],
    }
    log_file(tmp_path, 1, "crc").write_text(json.dumps(checksum))
    facts = inspect_table(tmp_path)
    assert (facts.pin, facts.arrow_schema) == (expected.pin, expected.arrow_schema)
    assert (facts.rows, facts.bytes, facts.files) == (None, 1234, 4)


def test_the_configuration_is_read_from_a_checkpoint_too(tmp_path: Path) -> None:
    write(tmp_path)
    edit_actions(tmp_path, 0, metaData={"configuration": {"delta.enableInCommitTimestamps": "true"}})
    commit = {"commitInfo": {"inCommitTimestamp": 1_600_000_000_250}}
    log_file(tmp_path, 1).write_text(json.dumps(commit))
    protocol = {"minReaderVersion": 1, "minWriterVersion": 2}
    metadata = json.loads(log_file(tmp_path, 0).read_text().splitlines()[2])["metaData"]
    pairs = pa.array([list(metadata["configuration"].items()), None], pa.map_(pa.string(), pa.string()))
    described = pa.StructArray.from_arrays(
        [pa.array([metadata["id"], None]), pa.array([metadata["schemaString"], None]), pairs],
        names=["id", "schemaString", "configuration"],
        mask=pa.array([False, True]),
    )
    checkpoint = pa.table({"metaData": described, "protocol": [None, protocol]})
    pq.write_table(checkpoint, log_file(tmp_path, 0, "checkpoint.parquet"))
    log_file(tmp_path, 0).unlink()
    moment = datetime(2020, 9, 13, 12, 26, 40, 250_000, tzinfo=timezone.utc)
    assert pin_of(inspect_table(tmp_path)).committed_at == moment


def test_every_version_around_checkpoints_agrees_with_deltalake(tmp_path: Path) -> None:
    data = EMBEDDINGS
    for number in range(6):
        data = data.append_column(f"score_{number}", pa.array([0.5] * 3))
        deltalake.write_deltalake(tmp_path, data, mode="append", schema_mode="merge", partition_by=["neuropil"])
        if number in {1, 4}:
            deltalake.DeltaTable(tmp_path).create_checkpoint()
    for version in range(6):
        facts = inspect_table(tmp_path, version=version)
        assert len(facts.fields) == 6 + version + 1
        assert_same_as_deltalake(facts, tmp_path)
    assert inspect_table(tmp_path) == inspect_table(tmp_path, version=5)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"numFiles": 4}'])
def test_a_checksum_file_that_is_cut_off_or_says_nothing_is_passed_over(tmp_path: Path, content: str) -> None:
    write(tmp_path)
    expected = inspect_table(tmp_path)
    log_file(tmp_path, 0, "crc").write_text(content)
    facts = inspect_table(tmp_path)
    assert (facts.pin, facts.arrow_schema, facts.fields) == (expected.pin, expected.arrow_schema, expected.fields)


def test_the_time_of_a_commit_may_stand_in_its_checksum_file(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    write(tmp_path)
    edit_actions(tmp_path, 0, metaData={"configuration": {"delta.enableInCommitTimestamps": "true"}})
    actions = [json.loads(line) for line in log_file(tmp_path, 0).read_text().splitlines()]
    found = {name: value for action in actions for name, value in action.items()}
    checksum = {"metadata": found["metaData"], "protocol": found["protocol"], "inCommitTimestampOpt": 1_600_000_000_250}
    log_file(tmp_path, 0, "crc").write_text(json.dumps(checksum))
    moment = datetime(2020, 9, 13, 12, 26, 40, 250_000, tzinfo=timezone.utc)
    assert pin_of(inspect_table(tmp_path)).committed_at == moment
    assert set(bytes_read) == {f"_delta_log/{0:020}.crc", f"_delta_log/{0:020}.json"}


class Unreachable(LocalStorage):
    """A store that stops answering when a checkpoint is read."""

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        if path.endswith(".checkpoint.parquet"):
            raise TableUnreachable("the store gave no answer")
        return super().read(path, start, length)


def test_a_store_that_stops_answering_within_a_checkpoint_is_not_called_a_damaged_log(tmp_path: Path) -> None:
    write(tmp_path, commits=2)
    keep_in_checkpoint(tmp_path, "classic")
    with pytest.raises(TableUnreachable, match="^the store gave no answer$"):
        inspect_delta(Unreachable(tmp_path))


@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_a_long_log_is_read_several_commits_at_a_time_in_any_store(place: Place, tmp_path: Path) -> None:
    delta_commits(tmp_path / "made-up", 60)
    for file in (tmp_path / "made-up" / "_delta_log").iterdir():
        place.put(f"t/_delta_log/{file.name}", file.read_bytes())
    facts = inspect_table(place.at("t"), counts=True, storage_options=place.options)
    assert (pin_of(facts).version, pin_of(facts).table_id) == (59, "made-up")
    assert (facts.rows, facts.files) == (600_000, 60)

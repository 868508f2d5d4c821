"""Delta: the log alone tells a version, and tells what deltalake tells."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables import decode_schema, inspect_table

EMBEDDINGS = pa.table(
    {
        "id": pa.array([1, 2, 3], pa.int64()),
        "neuropil": ["AL", "LH", "AL"],
        "v": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2)),
        "pt": pa.array([{"x": 1, "y": 2}] * 3),
    }
)


def write(path: Path, commits: int = 1, data: pa.Table = EMBEDDINGS) -> deltalake.DeltaTable:
    for _ in range(commits):
        deltalake.write_deltalake(path, data, mode="append", partition_by=["neuropil"])
    return deltalake.DeltaTable(path)


def pin_of(facts: TableFacts) -> DeltaPin:
    assert isinstance(facts.pin, DeltaPin)
    return facts.pin


def assert_same_as_deltalake(facts: TableFacts, path: Path) -> None:
    theirs = deltalake.DeltaTable(path, version=pin_of(facts).version)
    assert pin_of(facts).table_id == str(theirs.metadata().id)
    assert facts.partition_columns == tuple(theirs.metadata().partition_columns)
    expected = pa.schema(theirs.schema().to_arrow())
    assert decode_schema(facts.arrow_schema).equals(expected, check_metadata=True)


def log_file(path: Path, name: int | str, suffix: str = "json") -> Path:
    return path / "_delta_log" / (f"{name:020}.{suffix}" if isinstance(name, int) else name)


def edit_actions(path: Path, version: int, **changes: dict[str, Any]) -> None:
    """Change fields of actions in a commit, keeping the file's times."""
    file = log_file(path, version)
    actions = [json.loads(line) for line in file.read_text().splitlines()]
    for action in actions:
        for name, change in changes.items():
            if name in action:
                action[name] |= change
    file.write_text("\n".join(json.dumps(action) for action in actions))


def test_the_latest_version_by_default(tmp_path: Path) -> None:
    write(tmp_path, commits=3)
    facts = inspect_table(tmp_path)
    assert (facts.format, facts.location, pin_of(facts).version) == ("delta", tmp_path.resolve().as_uri(), 2)
    assert [(field.path, field.type) for field in facts.fields] == [
        ("id", "int64"),
        ("neuropil", "string"),
        ("v", "list<float32>"),
        ("pt", "struct"),
        ("pt.x", "int64"),
        ("pt.y", "int64"),
    ]
    assert facts.partition_columns == ("neuropil",)
    assert (facts.rows, facts.bytes, facts.files) == (None, None, None)
    assert_same_as_deltalake(facts, tmp_path)


def test_a_pinned_version_is_not_moved_by_later_commits_or_checkpoints(tmp_path: Path) -> None:
    write(tmp_path, commits=2)
    before = inspect_table(tmp_path, version=1)
    assert inspect_table(tmp_path, version="1") == before
    wider = EMBEDDINGS.append_column("score", pa.array([0.5] * 3))
    deltalake.write_deltalake(tmp_path, wider, mode="append", schema_mode="merge")
    deltalake.DeltaTable(tmp_path).create_checkpoint()
    assert inspect_table(tmp_path, version=1) == before
    assert inspect_table(tmp_path).fields[-1].path == "score"


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


def test_multi_part_and_v2_checkpoints(tmp_path: Path) -> None:
    write(tmp_path, commits=2).create_checkpoint()
    log_file(tmp_path, 0).unlink()
    expected = inspect_table(tmp_path)
    single = log_file(tmp_path, 1, "checkpoint.parquet")
    checkpoint = pq.read_table(single)

    half = len(checkpoint) // 2
    for part, rows in ((1, checkpoint.slice(0, half)), (2, checkpoint.slice(half))):
        pq.write_table(rows, log_file(tmp_path, 1, f"checkpoint.{part:010}.{2:010}.parquet"))
    single.unlink()
    assert inspect_table(tmp_path) == expected

    log_file(tmp_path, 1, f"checkpoint.{1:010}.{2:010}.parquet").unlink()
    with pytest.raises(UnsupportedTable, match="commits before version 1 are missing"):
        inspect_table(tmp_path)

    pq.write_table(checkpoint, log_file(tmp_path, 1, f"checkpoint.{uuid.uuid4()}.parquet"), row_group_size=1)
    assert inspect_table(tmp_path) == expected

    next((tmp_path / "_delta_log").glob("*.checkpoint.*-*.parquet")).unlink()
    rows = checkpoint.select(["metaData", "protocol"]).to_pylist()
    lines = [json.dumps({name: value}) for row in rows for name, value in row.items() if value]
    log_file(tmp_path, 1, f"checkpoint.{uuid.uuid4()}.json").write_text("\n".join(lines))
    assert inspect_table(tmp_path) == expected


def test_a_checksum_file_serves_metadata_and_counts(tmp_path: Path, bytes_read: dict[str, int]) -> None:
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
    bytes_read.clear()
    facts = inspect_table(tmp_path)
    assert (facts.pin, facts.arrow_schema) == (expected.pin, expected.arrow_schema)
    assert (facts.rows, facts.bytes, facts.files) == (None, 1234, 4)
    assert list(bytes_read) == [f"_delta_log/{1:020}.crc"]


def test_no_data_file_is_read(
    tmp_path: Path, bytes_read: dict[str, int], overwrite_data_files: Callable[[Path, str], int]
) -> None:
    write(tmp_path, commits=12).create_checkpoint()
    before = inspect_table(tmp_path)
    assert overwrite_data_files(tmp_path, ".parquet") > 12
    assert inspect_table(tmp_path) == before
    assert all(path.startswith("_delta_log/") for path in bytes_read)


def test_the_commit_time_is_the_log_files_or_the_one_in_the_commit(tmp_path: Path) -> None:
    write(tmp_path)
    os.utime(log_file(tmp_path, 0), ns=(0, 1_700_000_000_500_000_000))
    moment = datetime(2023, 11, 14, 22, 13, 20, 500_000, tzinfo=timezone.utc)
    assert pin_of(inspect_table(tmp_path)).committed_at == moment

    edit_actions(tmp_path, 0, metaData={"configuration": {"delta.enableInCommitTimestamps": "true"}})
    with pytest.raises(UnsupportedTable, match=r"has no commitInfo.inCommitTimestamp"):
        inspect_table(tmp_path)
    edit_actions(tmp_path, 0, commitInfo={"inCommitTimestamp": 1_600_000_000_250})
    moment = datetime(2020, 9, 13, 12, 26, 40, 250_000, tzinfo=timezone.utc)
    assert pin_of(inspect_table(tmp_path)).committed_at == moment


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


def test_features_that_only_change_how_data_is_read_are_no_obstacle(tmp_path: Path) -> None:
    write(tmp_path)
    expected = inspect_table(tmp_path)
    features = [
        "deletionVectors",
        "columnMapping",
        "timestampNtz",
        "v2Checkpoint",
        "typeWidening",
        "variantType",
    ]
    edit_actions(tmp_path, 0, protocol={"minReaderVersion": 3, "readerFeatures": features})
    assert inspect_table(tmp_path).fields == expected.fields


@pytest.mark.parametrize(
    ("protocol", "reason"),
    [
        (
            {"readerFeatures": ["timeTravel", "deletionVectors"]},
            "needs a Delta reader that knows timeTravel; ",
        ),
        (
            {"minReaderVersion": 4, "readerFeatures": None},
            "needs a Delta reader that knows minReaderVersion 4",
        ),
        ({"readerFeatures": ["catalogManaged"]}, r"is a catalog-managed Delta table \(catalogManaged\)"),
        ({"readerFeatures": ["catalogOwned-preview"]}, "is a catalog-managed Delta table"),
    ],
)
def test_a_reader_feature_that_is_not_known_is_refused_by_name(
    tmp_path: Path, protocol: dict[str, Any], reason: str
) -> None:
    write(tmp_path)
    edit_actions(tmp_path, 0, protocol={"minReaderVersion": 3, **protocol})
    with pytest.raises(UnsupportedTable, match=reason):
        inspect_table(tmp_path)


def test_mapped_columns_have_their_logical_names(tmp_path: Path) -> None:
    write(tmp_path)
    field = {"name": "body id", "type": "long", "nullable": False}
    field |= {"metadata": {"delta.columnMapping.id": 1, "delta.columnMapping.physicalName": "col-7f"}}
    schema = {"type": "struct", "fields": [field]}
    change = {"schemaString": json.dumps(schema), "partitionColumns": [], "configuration": None}
    edit_actions(tmp_path, 0, metaData=change)
    facts = inspect_table(tmp_path)
    assert [(field.path, field.type, field.nullable) for field in facts.fields] == [("body id", "int64", False)]
    assert facts.arrow_schema == inspect_table(tmp_path).arrow_schema


def test_a_type_deltalake_does_not_know_is_refused(tmp_path: Path) -> None:
    write(tmp_path)
    schema = {
        "type": "struct",
        "fields": [{"name": "g", "type": "geometry", "nullable": True, "metadata": {}}],
    }
    edit_actions(tmp_path, 0, metaData={"schemaString": json.dumps(schema)})
    with pytest.raises(UnsupportedTable, match="Unsupported Delta table type: 'geometry'"):
        inspect_table(tmp_path)


def test_versions_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path, commits=3).create_checkpoint()
    with pytest.raises(TableNotFound, match=r"has no version 9; its log has versions 0 to 2\.$"):
        inspect_table(tmp_path, version=9)
    log_file(tmp_path, 0).unlink()
    cleaned = r"has no version 1; its log has versions 2 to 2 \(the log before was cleaned up\)"
    with pytest.raises(TableNotFound, match=cleaned):
        inspect_table(tmp_path, version=1)
    for version in ("yesterday", -1, "²"):
        with pytest.raises(TableNotFound, match="is no version of a Delta table; versions are whole numbers"):
            inspect_table(tmp_path, version=version)


def test_a_gap_in_the_log_is_not_read_over(tmp_path: Path) -> None:
    write(tmp_path, commits=4)
    log_file(tmp_path, 2).unlink()
    with pytest.raises(UnsupportedTable, match="commits before version 3 are missing from _delta_log/"):
        inspect_table(tmp_path)
    assert pin_of(inspect_table(tmp_path, version=1)).version == 1


def test_damaged_logs_are_named(tmp_path: Path) -> None:
    write(tmp_path)
    log_file(tmp_path, 0).write_text('{"metaData": {')
    with pytest.raises(UnsupportedTable, match=r"00000.json cannot be read: it is not JSON .* restore the file"):
        inspect_table(tmp_path)
    log_file(tmp_path, 0).write_text('{"commitInfo": {}}')
    with pytest.raises(UnsupportedTable, match="has no metaData and no protocol at version 0"):
        inspect_table(tmp_path)
    log_file(tmp_path, 0).write_text('{"metaData": {"id": "x"}}\n{"protocol": {"minReaderVersion": 1}}')
    with pytest.raises(UnsupportedTable, match="metaData without schemaString"):
        inspect_table(tmp_path)
    shutil.copy(__file__, log_file(tmp_path, 0, "checkpoint.parquet"))
    with pytest.raises(UnsupportedTable, match=r"checkpoint.parquet cannot be read"):
        inspect_table(tmp_path)
    shutil.rmtree(tmp_path / "_delta_log")
    with pytest.raises(TableNotFound, match="holds no commit and no checkpoint"):
        inspect_table(tmp_path, format="delta")


def test_a_long_commit_is_read_in_pieces(tmp_path: Path) -> None:
    write(tmp_path)
    expected = inspect_table(tmp_path)
    file = log_file(tmp_path, 0)
    noise = json.dumps({"add": {"path": "x" * 300, "metaData": "no"}})
    file.write_text("\n".join([noise] * 8000) + "\n" + file.read_text())
    assert inspect_table(tmp_path).fields == expected.fields

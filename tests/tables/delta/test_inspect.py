"""Delta: the log alone gives a version, and the same facts as deltalake."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.tables import inspect_table
from tests.tables.delta.delta_tables import EMBEDDINGS, assert_same_as_deltalake, edit_actions, log_file, pin_of, write


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
    with pytest.raises(UnsupportedTable, match=r"version 0 has no commitInfo.inCommitTimestamp"):
        inspect_table(tmp_path)
    edit_actions(tmp_path, 0, commitInfo={"inCommitTimestamp": 1_600_000_000_250})
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
    with pytest.raises(UnsupportedTable, match="Unsupported Delta table type: 'geometry'") as refused:
        inspect_table(tmp_path)
    assert "\x1b" not in str(refused.value)


def test_versions_that_are_not_there(tmp_path: Path) -> None:
    write(tmp_path, commits=3).create_checkpoint()
    with pytest.raises(TableNotFound, match=r"has no version 9; its log has versions 0 to 2\.$"):
        inspect_table(tmp_path, version=9)
    log_file(tmp_path, 0).unlink()
    cleaned = r"has no version 1; its log has versions 2 to 2 \(the log before was cleaned up\)"
    with pytest.raises(TableNotFound, match=cleaned):
        inspect_table(tmp_path, version=1)
    for version in ("yesterday", -1, "²"):
        with pytest.raises(TableNotFound, match="is not a version of a Delta table; give a whole number"):
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
    log_file(tmp_path, 0).write_text('{"commitInfo": {}}')
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

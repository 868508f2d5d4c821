"""Delta tables for tests: written by deltalake, their logs then changed by hand where it cannot write them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq

from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables import decode_schema

__all__ = [
    "CHECKPOINTS",
    "EMBEDDINGS",
    "apart_from_commit",
    "assert_same_as_deltalake",
    "edit_actions",
    "keep_in_checkpoint",
    "log_file",
    "pin_of",
    "write",
]

_UUID = "80a083e8-7026-4e79-81be-64bd76c43a11"
_MAPS = {"configuration", "options", "partitionValues", "tags"}
_V2_FEATURES = {"readerFeatures": ["v2Checkpoint"], "writerFeatures": ["v2Checkpoint"]}
_V2 = {"minReaderVersion": 3, "minWriterVersion": 7, **_V2_FEATURES}

CHECKPOINTS = ["classic", "multi-part", "v2 parquet", "v2 parquet with sidecars", "v2 json", "v2 json with sidecars"]
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


def apart_from_commit(facts: TableFacts) -> TableFacts:
    """The facts without what an edit of the log changes: the commit file's digest, and features of checkpoints."""
    edited: dict[str, object] = {"commit_digest": None, "reader_features": ()}
    return facts.model_copy(update={"pin": facts.pin.model_copy(update=edited)})


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


def keep_in_checkpoint(path: Path, kind: str) -> None:
    """Leave the table's state in a checkpoint of its latest version only, of one of the kinds in `CHECKPOINTS`.

    The version's own commit stays, for its time; without actions, so that it cannot stand in for the checkpoint.
    """
    table = deltalake.DeltaTable(path)
    table.create_checkpoint()
    version = table.version()
    commit, written = log_file(path, version), log_file(path, version, "checkpoint.parquet")
    for file in (path / "_delta_log").iterdir():
        if file not in {commit, written}:
            file.unlink()
    stat = commit.stat()
    commit.write_text('{"commitInfo": {}}')
    os.utime(commit, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    if kind == "classic":
        return
    actions = pq.read_table(written)
    written.unlink()
    if kind == "multi-part":
        for part, some in enumerate(_in_parts(actions.to_pylist(), 3), 1):
            _write_actions(log_file(path, version, f"checkpoint.{part:010}.{3:010}.parquet"), actions.schema, some)
        return
    rows = [{name: value for name, value in row.items() if value is not None} for row in actions.to_pylist()]
    kept = [{"protocol": _V2} if "protocol" in row else row for row in rows if "add" not in row]
    kept.append({"checkpointMetadata": {"version": version}})
    files = [row for row in rows if "add" in row]
    if "sidecars" in kind:
        for number, some in enumerate(_in_parts(files, 2)):
            kept.append({"sidecar": _sidecar(path, number, actions.schema, some)})
    else:
        kept += files
    name = f"checkpoint.{_UUID}.{'json' if 'json' in kind else 'parquet'}"
    _write_actions(log_file(path, version, name), actions.schema, kept)


def _in_parts(rows: list[Any], count: int) -> list[list[Any]]:
    return [rows[part * len(rows) // count : (part + 1) * len(rows) // count] for part in range(count)]


def _sidecar(path: Path, number: int, schema: pa.Schema, rows: list[dict[str, Any]]) -> dict[str, Any]:
    file = path / "_delta_log" / "_sidecars" / f"{number}-{_UUID}.parquet"
    file.parent.mkdir(exist_ok=True)
    _write_actions(file, pa.schema([schema.field("add"), schema.field("remove")]), rows)
    return {"path": file.name, "sizeInBytes": file.stat().st_size, "modificationTime": 1_700_000_000_000}


def _write_actions(file: Path, schema: pa.Schema, rows: list[dict[str, Any]]) -> None:
    if file.suffix == ".json":
        file.write_text("\n".join(json.dumps(_with_maps(row)) for row in rows))
        return
    described = pa.field("checkpointMetadata", pa.struct([("version", pa.int64())]))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.append(described)), file)


def _with_maps(value: Any) -> Any:
    """JSON objects in place of maps, which pyarrow gives as pairs."""
    if not isinstance(value, dict):
        return value
    return {name: dict(inner or ()) if name in _MAPS else _with_maps(inner) for name, inner in value.items()}

"""Made-up tables in storage for measuring: as much metadata as the largest have, and no data."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["Keys", "delta_checkpoint", "delta_commits", "iceberg_metadata", "lance_versions"]

_ROWS = 10_000
_SCHEMA = {
    "type": "struct",
    "fields": [
        {"name": name, "type": type, "nullable": True, "metadata": {}}
        for name, type in (("body_id", "long"), ("x", "double"), ("y", "double"), ("score", "float"))
    ],
}
_MOMENT = 1_700_000_000_000


def _metadata(name: str) -> dict[str, Any]:
    described = {"id": name, "format": {"provider": "parquet", "options": {}}, "schemaString": json.dumps(_SCHEMA)}
    return {**described, "partitionColumns": [], "configuration": {}, "createdTime": _MOMENT}


def _added(number: int) -> dict[str, Any]:
    named = {"path": f"part-{number:08}-{uuid.uuid5(uuid.NAMESPACE_OID, str(number))}-c000.snappy.parquet"}
    return {**named, "size": 1_000_000, "modificationTime": _MOMENT, "dataChange": True, "partitionValues": {}}


def _stats(number: int) -> dict[str, Any]:
    """Statistics that differ from file to file, as real ones do."""
    low = random.Random(number).randrange(10**12)
    return {
        "numRecords": _ROWS,
        "minValues": {"body_id": 720575940000000000 + low, "x": low / 7e6, "y": low / 11e6, "score": low / 1e15},
        "maxValues": {"body_id": 720575941000000000 + low, "x": low / 3e6, "y": low / 5e6, "score": 1 - low / 1e15},
        "nullCount": {"body_id": 0, "x": 0, "y": 0, "score": 0},
    }


def delta_commits(path: Path, commits: int) -> None:
    """A Delta log of commits of one file each, and no checkpoint."""
    log = path / "_delta_log"
    log.mkdir(parents=True)
    for version in range(commits):
        actions: list[dict[str, Any]] = [{"commitInfo": {"timestamp": _MOMENT + version, "operation": "WRITE"}}]
        if version == 0:
            actions += [
                {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
                {"metaData": _metadata("made-up")},
            ]
        actions.append({"add": {**_added(version), "stats": json.dumps(_stats(version))}})
        (log / f"{version:020}.json").write_text("\n".join(json.dumps(action) for action in actions))


def delta_checkpoint(path: Path, files: int, *, stats_as_columns: bool = False) -> None:
    """A Delta log of one checkpoint with many files, and one commit after it.

    Args:
        path: The table's directory, made here.
        files: How many files the checkpoint lists.
        stats_as_columns: Keep statistics as `stats_parsed`, not as JSON.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    delta_commits(path, 1)
    log = path / "_delta_log"
    (log / f"{0:020}.json").rename(log / f"{1:020}.json")
    (log / f"{1:020}.json").write_text(json.dumps({"add": {**_added(files), "stats": json.dumps(_stats(files))}}))
    texts = pa.map_(pa.string(), pa.string())
    stats = pa.struct([("numRecords", pa.int64())]) if stats_as_columns else pa.string()
    add = pa.struct(
        [
            ("path", pa.string()),
            ("partitionValues", texts),
            ("size", pa.int64()),
            ("modificationTime", pa.int64()),
            ("dataChange", pa.bool_()),
            ("stats_parsed" if stats_as_columns else "stats", stats),
        ]
    )
    described = [("id", pa.string()), ("schemaString", pa.string()), ("partitionColumns", pa.list_(pa.string()))]
    form = pa.struct([("provider", pa.string()), ("options", texts)])
    described += [("format", form), ("configuration", texts), ("createdTime", pa.int64())]
    protocol = pa.struct([("minReaderVersion", pa.int32()), ("minWriterVersion", pa.int32())])
    schema = pa.schema([("add", add), ("metaData", pa.struct(described)), ("protocol", protocol)])

    def counted(number: int) -> dict[str, Any]:
        stats = _stats(number)
        return {**_added(number), **({"stats_parsed": stats} if stats_as_columns else {"stats": json.dumps(stats)})}

    with pq.ParquetWriter(log / f"{0:020}.checkpoint.parquet", schema) as writer:
        first = [{"metaData": _metadata("made-up")}, {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}]
        writer.write_table(pa.Table.from_pylist(first, schema=schema))
        for start in range(0, files, 50_000):
            some = [{"add": counted(number)} for number in range(start, min(start + 50_000, files))]
            writer.write_table(pa.Table.from_pylist(some, schema=schema))
    (log / "_last_checkpoint").write_text(json.dumps({"version": 0, "size": files + 2}))


def iceberg_metadata(path: Path, snapshots: int) -> Path:
    """An Iceberg metadata file with many snapshots of one table; returns where it is."""
    path.mkdir(parents=True)
    names = [(1, "body_id", "long"), (2, "x", "double"), (3, "y", "double"), (4, "score", "float")]
    fields = [{"id": number, "name": name, "required": False, "type": type} for number, name, type in names]
    schema = {"type": "struct", "schema-id": 0, "fields": fields}
    summary = {"operation": "append", "total-records": "3", "total-delete-files": "0", "total-data-files": "1"}
    numbered = [
        {
            "snapshot-id": number,
            "parent-snapshot-id": number - 1,
            "sequence-number": number,
            "timestamp-ms": _MOMENT + number,
            "manifest-list": f"{path.as_uri()}/metadata/snap-{number}-{uuid.UUID(int=number)}.avro",
            "summary": {**summary, "total-files-size": "1234", "added-data-files": "1", "added-records": "3"},
            "schema-id": 0,
        }
        for number in range(1, snapshots + 1)
    ]
    metadata = {
        "format-version": 2,
        "table-uuid": str(uuid.UUID(int=7)),
        "location": path.as_uri(),
        "last-sequence-number": snapshots,
        "last-updated-ms": _MOMENT + snapshots,
        "last-column-id": 4,
        "schemas": [schema],
        "current-schema-id": 0,
        "partition-specs": [{"spec-id": 0, "fields": []}],
        "default-spec-id": 0,
        "last-partition-id": 999,
        "sort-orders": [{"order-id": 0, "fields": []}],
        "default-sort-order-id": 0,
        "current-snapshot-id": snapshots,
        "snapshots": numbered,
        "snapshot-log": [
            {"snapshot-id": each["snapshot-id"], "timestamp-ms": each["timestamp-ms"]} for each in numbered
        ],
    }
    file = path / "v1.metadata.json"
    file.write_text(json.dumps(metadata))
    return file


def lance_versions(path: Path, versions: int) -> None:
    """A Lance dataset with many versions of three rows more each."""
    import lance
    import pyarrow as pa

    rows = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "score": pa.array([0.5] * 3, pa.float32())})
    for _ in range(versions):
        lance.write_dataset(rows, path, mode="append" if path.exists() else "create")


class Keys:
    """A store with a Parquet table of many partitioned keys. Each has the content of one small file.

    It keeps none of them: the listing is made up as it is read.

    Args:
        count: How many keys.
        content: What every file holds.
    """

    location = "s3://made-up/table"

    def __init__(self, count: int, content: bytes) -> None:
        self.count = count
        self._content = content

    def exists(self, path: str = "") -> bool:
        return True

    def is_object(self, path: str = "") -> bool:
        return path.endswith(".parquet")

    def head(self, path: str = "") -> StoredObject:
        return StoredObject(path, len(self._content), "0123456789abcdef0123456789abcdef", _WRITTEN)

    def read(self, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        return self._content[start : None if length is None else start + length]

    def read_suffix(self, path: str, length: int) -> tuple[StoredObject, bytes]:
        return self.head(path), self._content[-length:]

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        for number in range(self.count):
            path = f"day={number // 1000:05}/part-{number % 1000:05}.snappy.parquet"
            if path.startswith(prefix) and path > start_after:
                yield self.head(path)


_WRITTEN = datetime(2024, 1, 1, tzinfo=timezone.utc)

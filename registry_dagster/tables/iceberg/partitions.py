"""The columns that a snapshot's files are partitioned by, whatever became of the table's partition spec since."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.errors import TableError
from registry_dagster.tables.iceberg.manifest_list import partition_specs_of
from registry_dagster.tables.iceberg.metadata import Json, Metadata, Snapshot
from registry_dagster.tables.iceberg.named import may_follow, named_in
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["partition_columns"]

Path = tuple[str, ...]


def partition_columns(
    metadata: Metadata, snapshot: Snapshot, schema: Json, options: StorageOptions | None
) -> list[Path]:
    """The path of each column by whose own value all files of a snapshot are partitioned, not by a bucket of it.

    The metadata does not say by which spec a snapshot was written. If there were several, the snapshot's manifest
    list does; where it cannot be asked, only columns of every spec are sure.
    """
    paths = dict(_paths((), schema))
    specs = {spec["spec-id"]: list(_by_value(spec, paths)) for spec in metadata.partition_specs}
    used = _used_by(metadata, snapshot, options) & specs.keys() if len(specs) > 1 else set[int]()
    chosen = [specs[number] for number in used or specs]
    return [path for path in chosen[-1] if all(path in columns for columns in chosen)]


def _by_value(spec: Json, paths: dict[int, Path]) -> Iterator[Path]:
    for field in spec["fields"]:
        if field["transform"] == "identity" and field["source-id"] in paths:
            yield paths[field["source-id"]]


def _used_by(metadata: Metadata, snapshot: Snapshot, options: StorageOptions | None) -> set[int]:
    """The numbers of the specs of a snapshot's manifests; empty if they are not known."""
    try:
        location = named_in(metadata.where, snapshot.json.get("manifest-list"))
        return (
            partition_specs_of(open_storage(location, options))
            if may_follow(location, metadata.where, options)
            else set()
        )
    except TableError:
        return set()


def _paths(above: Path, struct: Json) -> Iterator[tuple[int, Path]]:
    for field in struct["fields"]:
        path = (*above, field["name"])
        yield field["id"], path
        if isinstance(field["type"], dict) and field["type"]["type"] == "struct":
            yield from _paths(path, field["type"])

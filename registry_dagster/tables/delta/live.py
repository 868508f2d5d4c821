"""Whether a data file belongs to a Delta version: asked of the log for a file that is gone."""

from __future__ import annotations

from typing import Any

from registry_dagster.tables.delta.actions import actions_in, parquet_reading, row_groups_with
from registry_dagster.tables.delta.log import Log
from registry_dagster.tables.delta.samples import DataFile
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["is_live"]

_MOST_BYTES = 128 << 20
_CERTAINTY = (False, None, True)
_BATCH = 64 * 1024


def is_live(storage: Storage, log: Log, file: DataFile) -> bool | None:
    """Whether the version has a file, by the newest action on it; None if that would read too much of the log.

    That a later commit removes a file proves little: some writers remove what was removed before.

    Raises:
        UnsupportedTable: a file of the log is damaged.
    """
    tail = list(log.tail())
    if sum(stored.size for stored in tail) > _MOST_BYTES:
        return None
    for stored in tail:
        if (found := _said(storage, stored, file)) is not None:
            return found
    return _in_checkpoint(storage, log.checkpoint, file)


def _said(storage: Storage, stored: StoredObject, file: DataFile) -> bool | None:
    """What a commit says of a file. With a deletion vector it is removed and added again in one commit."""
    names = {name for name, action in actions_in(storage, stored, ("add", "remove")) if _is(action, file)}
    return "add" in names if names else None


def _is(action: Any, file: DataFile) -> bool:
    return action["path"] == file.written


def _in_checkpoint(storage: Storage, checkpoint: tuple[StoredObject, ...], file: DataFile) -> bool | None:
    """Whether a checkpoint lists a file; None for one that keeps its list elsewhere, or a long one."""
    found: list[bool | None] = [_lists(storage, stored, file) for stored in checkpoint]
    return max(found, key=_CERTAINTY.index, default=False)


def _lists(storage: Storage, stored: StoredObject, file: DataFile) -> bool | None:
    if not stored.path.endswith(".parquet"):
        return None
    with parquet_reading(storage, stored) as opened:
        groups = row_groups_with(opened, ("add",))
        if row_groups_with(opened, ("sidecar",)) or _bytes_of_paths(opened, groups) > _MOST_BYTES:
            return None
        batches = opened.iter_batches(_BATCH, row_groups=groups, columns=["add.path"])
        return any(file.written in batch.column("add").field("path").to_pylist() for batch in batches)


def _bytes_of_paths(opened: Any, groups: list[int]) -> int:
    position = [opened.schema.column(at).path for at in range(len(opened.schema))].index("add.path")
    return sum(opened.metadata.row_group(group).column(position).total_compressed_size for group in groups)

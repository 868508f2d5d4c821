"""A few data files of a Delta version, found without reading its list of files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.storage.protocol import Storage, StoredFile, StoredObject

__all__ = ["DataFile", "sampled"]

_EACH = 4
_MOST_COMMITS = 20
_MOST_BYTES = 1 << 20
_BUFFER = 64 * 1024
_BATCH = 64
_MOST_BATCHES = 50
_COMMIT = re.compile(rf"{LOG}/\d{{20}}\.json")
_ABSOLUTE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:/")
"""A path, or a URI: `file:/…` and `dbfs:/…` have one slash."""
Action = dict[str, Any]


class DataFile(NamedTuple):
    """A data file of a version.

    Args:
        path: Below the table.
        size: In bytes, as the log says; None where it does not.
    """

    path: str
    size: int | None


def sampled(storage: Storage, log: Log) -> list[DataFile]:
    """A few files of the version that later commits removed, which vacuuming deletes first; and a few others.

    Reads a bounded part of the log on both sides of the version.
    """
    files = [*islice(_removed_since(storage, log), _EACH), *islice(_added_before(storage, log), _EACH)]
    return list({file.path: file for file in files}.values())


def _removed_since(storage: Storage, log: Log) -> Iterator[DataFile]:
    """Files that commits after the version removed without having added them: the version has them."""
    added: set[str] = set()
    after = storage.list(f"{LOG}/", f"{LOG}/{log.version:020d}.json")
    commits = (stored for stored in after if _COMMIT.fullmatch(stored.path))
    for stored in islice(commits, _MOST_COMMITS):
        actions, whole = _actions(storage, stored)
        for file in _named(actions, "remove"):
            if file.path not in added:
                yield file
        if not whole:
            return
        added |= {file.path for file in _named(actions, "add")}


def _added_before(storage: Storage, log: Log) -> Iterator[DataFile]:
    """Files that the newest commits up to the version added, or its checkpoint holds, and none of them removed."""
    removed: set[str] = set()
    for count, number in enumerate(sorted(log.commits, reverse=True)):
        if count == _MOST_COMMITS:
            return
        actions, whole = _actions(storage, log.commits[number])
        yield from (file for file in _named(actions, "add") if file.path not in removed)
        if not whole:
            return
        removed |= {file.path for file in _named(actions, "remove")}
    for stored in log.checkpoint[:1]:
        if stored.path.endswith(".parquet"):
            yield from (file for file in _in_checkpoint(storage, stored) if file.path not in removed)


def _actions(storage: Storage, stored: StoredObject) -> tuple[list[Action], bool]:
    """The actions at the start of a commit, and whether these are all."""
    text = storage.read(stored.path, 0, _MOST_BYTES)
    whole = stored.size <= len(text)
    lines = text.split(b"\n") if whole else text.split(b"\n")[:-1]
    try:
        actions = [json.loads(line) for line in lines if line.strip()]
    except ValueError as error:
        raise UnsupportedTable(f"{storage.location}/{stored.path} cannot be read: it is not JSON.") from error
    return [action for action in actions if is_json_object(action)], whole


def _named(actions: list[Action], name: str) -> Iterator[DataFile]:
    for action in actions:
        if is_json_object(file := action.get(name)):
            yield from _file(file)


def _file(action: Action) -> Iterator[DataFile]:
    """A path is relative to the table, percent-encoded; one that is absolute is of another table (a clone)."""
    path, size = action.get("path"), action.get("size")
    if isinstance(path, str) and not _ABSOLUTE.match(path):
        yield DataFile(unquote(path), size if isinstance(size, int) else None)


def _in_checkpoint(storage: Storage, stored: StoredObject) -> Iterator[DataFile]:
    """Page by page, since the list of files may be large."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    source: Any = StoredFile(storage, stored)
    try:
        file: Any = pq.ParquetFile(source, buffer_size=_BUFFER)
        if "add" not in file.schema_arrow.names:
            return
        for batch in islice(file.iter_batches(_BATCH, columns=["add.path", "add.size"]), _MOST_BATCHES):
            for action in batch.column("add").drop_null().to_pylist():
                yield from _file(action)
    except (pa.ArrowException, OSError) as error:
        raise UnsupportedTable(f"{storage.location}/{stored.path} cannot be read: {plain_text(error)}.") from error

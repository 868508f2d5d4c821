"""A few data files of a Delta version, found without reading its list of files."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.tables.delta.actions import actions_in, parquet_reading
from registry_dagster.tables.delta.log import Log
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["MOST_COMMITS", "DataFile", "sampled"]

_EACH = 4
MOST_COMMITS = 20
"""On each side of the version."""
_MOST_BYTES = 1 << 20
_BUFFER = 64 * 1024
_BATCH = 64
_MOST_BATCHES = 50
_OPPOSITE = {"add": "remove", "remove": "add"}
_ABSOLUTE = re.compile(r"/|[A-Za-z][A-Za-z0-9+.-]*:/")
"""A path, or a URI: `file:/…` and `dbfs:/…` have one slash."""


class DataFile(NamedTuple):
    """A data file of a version.

    Args:
        path: Below the table.
        size: In bytes, as the log says; None where it does not.
        written: Its path as the log writes it, percent-encoded.
    """

    path: str
    size: int | None
    written: str


def sampled(storage: Storage, log: Log) -> list[DataFile]:
    """A few files of the version that later commits removed, which vacuuming deletes first; and a few others.

    Reads a bounded part of the log on both sides of the version.

    Args:
        storage: At the table.
        log: With the `MOST_COMMITS` after the version.

    Raises:
        UnsupportedTable: a file of the log is damaged.
    """
    files = [*islice(_removed_since(storage, log), _EACH), *islice(_added_before(storage, log), _EACH)]
    return list({file.path: file for file in files}.values())


def _removed_since(storage: Storage, log: Log) -> Iterator[DataFile]:
    """Files that commits after the version removed without having added them: the version has them."""
    yield from _in_commits(storage, log.later, "remove", set())


def _added_before(storage: Storage, log: Log) -> Iterator[DataFile]:
    """Files that the newest commits up to the version added, or its checkpoint holds, and none of them removed."""
    removed: set[str] = set()
    newest_first = (log.commits[number] for number in sorted(log.commits, reverse=True))
    if (yield from _in_commits(storage, newest_first, "add", removed)):
        for stored in log.checkpoint[:1]:
            yield from (file for file in _in_checkpoint(storage, stored) if file.path not in removed)


def _in_commits(
    storage: Storage, commits: Iterable[StoredObject], wanted: str, settled: set[str]
) -> Generator[DataFile, None, bool]:
    """Files that commits add (or remove), but for those that a commit before them removed (or added).

    Args:
        storage: At the table.
        commits: Going away from the version.
        wanted: `add` or `remove`.
        settled: Filled with the paths that the commits remove, or add.

    Returns:
        Whether all commits were read. One that is too long ends the walk: what its unread part settles, the next
        would give.
    """
    for count, commit in enumerate(commits):
        if count == MOST_COMMITS:
            return False
        files = _by_action(storage, commit)
        yield from (file for file in files[wanted] if file.path not in settled)
        if commit.size > _MOST_BYTES:
            return False
        settled |= {file.path for file in files[_OPPOSITE[wanted]]}
    return True


def _by_action(storage: Storage, commit: StoredObject) -> dict[str, list[DataFile]]:
    """The files that a commit adds, and those that it removes."""
    files: dict[str, list[DataFile]] = {action: [] for action in _OPPOSITE}
    for name, action in actions_in(storage, commit, tuple(files), _MOST_BYTES):
        files[name] += _file(action)
    return files


def _file(action: Any) -> Iterator[DataFile]:
    """A path is relative to the table, percent-encoded; others lead to another table (a clone)."""
    path, size = (action.get("path"), action.get("size")) if is_json_object(action) else (None, None)
    if isinstance(path, str) and not _ABSOLUTE.match(path) and ".." not in unquote(path).split("/"):
        yield DataFile(unquote(path), size if isinstance(size, int) else None, path)


def _in_checkpoint(storage: Storage, stored: StoredObject) -> Iterator[DataFile]:
    """Page by page, since the list of files may be large; nothing of a JSON checkpoint, whose list is elsewhere."""
    if not stored.path.endswith(".parquet"):
        return
    with parquet_reading(storage, stored, _BUFFER) as file:
        if "add" not in file.schema_arrow.names:
            return
        for batch in islice(file.iter_batches(_BATCH, columns=["add.path", "add.size"]), _MOST_BATCHES):
            for action in batch.column("add").drop_null().to_pylist():
                yield from _file(action)

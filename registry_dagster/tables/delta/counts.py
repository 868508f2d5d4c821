"""Counts of a Delta version from its list of files: rows, bytes and files, without opening one of them.

Sections named here are those of the Delta Transaction Log Protocol, PROTOCOL.md of delta-io/delta.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.tables.delta.actions import actions_in, damaged, parquet_reading, row_groups_with
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.json_text import json_value
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = ["DeltaCounts", "count_files"]

_BATCH = 64 * 1024
_STATS = r'^\s*\{\s*"numRecords"\s*:\s*(?P<rows>\d+)\s*[,}]'
_ROWS, _JSON_STATS = "add.stats_parsed.numRecords", "add.stats"
_VECTOR = "add.deletionVector."


@dataclass(frozen=True)
class DeltaCounts:
    """Counts of the files that are live at a version.

    Args:
        rows: Rows that are not deleted; None if a file has no statistics.
        bytes: Of the data files.
        files: Data files.
    """

    rows: int | None
    bytes: int
    files: int


class _OverBudget(Exception):
    """Counting would read more than the budget."""


def count_files(storage: Storage, log: Log, budget: int) -> DeltaCounts | None:
    """Counts of a version; None if that would read more bytes of the log than the budget.

    Rows that a deletion vector deletes do not count. Memory is bounded by what changed since the checkpoint.

    Raises:
        UnsupportedTable: a file of the log is damaged.
    """
    tally = _Tally(budget)
    try:
        _count(storage, log, tally)
    except _OverBudget:
        return None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnsupportedTable(
            f"{storage.location}: its {LOG}/ lists a file in a way that cannot be read ({plain_text(error)}). "
            "The log is damaged; write the table again."
        ) from error
    return DeltaCounts(tally.rows if tally.complete else None, tally.bytes, tally.files)


def _count(storage: Storage, log: Log, tally: _Tally) -> None:
    # Newest first, the checkpoint last: what the tail has decided about a file, an older entry cannot change.
    tail = list(log.tail())
    tally.spend(sum(stored.size for stored in tail))
    for actions in ahead(lambda stored: list(actions_in(storage, stored, ("add", "remove"))), tail):
        tally.commit(actions)
    for stored in _with_sidecars(storage, log.checkpoint, tally):
        _count_checkpoint(storage, stored, tally)


@dataclass
class _Tally:
    """What was counted so far, and the files on which newer commits have already decided."""

    budget: int
    rows: int = 0
    bytes: int = 0
    files: int = 0
    complete: bool = True
    decided: set[str] = field(default_factory=set[str])

    def spend(self, bytes: int) -> None:
        self.budget -= bytes
        if self.budget < 0:
            raise _OverBudget

    def commit(self, actions: list[tuple[str, Any]]) -> None:
        """Counts a commit. Commits come newest first.

        Section "Action Reconciliation": the newest action on a file, together with its deletion vector, decides.
        """
        for name, action in actions:
            if (key := _key(action)) not in self.decided:
                self.decided.add(key)
                if name == "add":
                    self.add(_rows(action), action["size"], 1)

    def add(self, rows: int | None, bytes: int, files: int) -> None:
        self.complete = self.complete and rows is not None
        self.rows += rows or 0
        self.bytes += bytes
        self.files += files


def _key(action: Mapping[str, Any]) -> str:
    vector = action.get("deletionVector")
    return f"{action['path']}\0{_vector_id(vector) if vector else ''}"


def _vector_id(vector: Mapping[str, Any]) -> str:
    offset = vector.get("offset")
    return f"{vector['storageType']}{vector['pathOrInlineDv']}" + ("" if offset is None else f"@{offset}")


def _rows(action: Mapping[str, Any]) -> int | None:
    rows = _stats_rows(action.get("stats"))
    vector = action.get("deletionVector")
    return rows - int(vector["cardinality"]) if rows is not None and vector else rows


def _stats_rows(text: str | None) -> int | None:
    """Section "Per-file Statistics"."""
    stats: Any = json_value(text) if text else {}
    rows = stats.get("numRecords")
    return rows if isinstance(rows, int) and rows >= 0 else None


def _with_sidecars(storage: Storage, checkpoint: tuple[StoredObject, ...], tally: _Tally) -> Iterator[StoredObject]:
    """The files of a checkpoint, and those that a V2 checkpoint keeps its list of files in."""
    for stored in checkpoint:
        yield stored
        if stored.path.endswith(".json"):
            tally.spend(stored.size)
        for _, sidecar in actions_in(storage, stored, ("sidecar",)):
            yield _sidecar(storage, stored, unquote(sidecar["path"]).rpartition("/")[2])


def _sidecar(storage: Storage, stored: StoredObject, name: str) -> StoredObject:
    path = f"{LOG}/_sidecars/{name}"
    try:
        return storage.head(path)
    except TableNotFound as error:
        raise damaged(storage, stored.path, f"its sidecar {path} is missing") from error


def _count_checkpoint(storage: Storage, stored: StoredObject, tally: _Tally) -> None:
    if stored.path.endswith(".json"):
        tally.commit(list(actions_in(storage, stored, ("add",))))
        return
    with parquet_reading(storage, stored) as file:
        # Paths are long, so they are read only if newer commits decided about some of them.
        groups = row_groups_with(file, ("add",))
        columns, cost = _columns(file, groups, by_path=bool(tally.decided))
        tally.spend(cost)
        for group in groups:
            for batch in file.iter_batches(_BATCH, row_groups=[group], columns=columns):
                _count_batch(batch.column("add").drop_null(), tally)


def _columns(file: Any, groups: list[int], by_path: bool) -> tuple[list[str], int]:
    """The columns to read, and how many bytes they take in these row groups."""
    paths = [file.schema.column(index).path for index in range(len(file.schema))]
    wanted = _wanted(paths, by_path)
    positions = list(map(paths.index, wanted))
    read = (file.metadata.row_group(group).column(position) for group in groups for position in positions)
    return wanted, sum(column.total_compressed_size for column in read)


def _wanted(paths: list[str], by_path: bool) -> list[str]:
    stats = _ROWS if _ROWS in paths else _JSON_STATS
    counted = {"add.size", stats, "add.path" if by_path else "add.size"}
    return [path for path in paths if path in counted or path.startswith(_VECTOR)]


def _count_batch(adds: Any, tally: _Tally) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    functions: Any = pc
    names = adds.type.names
    vectors = adds.field("deletionVector") if "deletionVector" in names else pa.nulls(len(adds))
    if tally.decided:
        undecided = _undecided(adds, vectors, tally.decided)
        adds, vectors = adds.filter(undecided), vectors.filter(undecided)
    rows = _without_deleted(_rows_of_batch(adds, names), vectors)
    total = None if rows.null_count else functions.sum(rows, min_count=0).as_py()
    tally.add(total, functions.sum(adds.field("size"), min_count=0).as_py(), len(adds))


def _without_deleted(rows: Any, vectors: Any) -> Any:
    import pyarrow.compute as pc

    functions: Any = pc
    if vectors.null_count == len(vectors):
        return rows
    return functions.subtract(rows, functions.fill_null(functions.struct_field(vectors, "cardinality"), 0))


def _undecided(adds: Any, vectors: Any, decided: set[str]) -> Any:
    """Which of a batch's files newer commits have not decided about, as an array of booleans."""
    import pyarrow as pa

    files = zip(adds.field("path").to_pylist(), vectors.to_pylist(), strict=True)
    keys = (_key({"path": path, "deletionVector": vector}) for path, vector in files)
    return pa.array([key not in decided for key in keys], pa.bool_())


def _rows_of_batch(adds: Any, names: list[str]) -> Any:
    """Rows by file, null where a file has no statistics."""
    import pyarrow as pa
    import pyarrow.compute as pc

    functions: Any = pc
    if "stats_parsed" in names:
        return functions.struct_field(adds, ["stats_parsed", "numRecords"])
    if "stats" not in names:
        return pa.nulls(len(adds), pa.int64())
    return _rows_in_json(adds.field("stats"))


def _rows_in_json(texts: Any) -> Any:
    """Rows by the text of a file's statistics.

    Most writers put the rows first in the JSON, where a regular expression finds them; only if it fails is the JSON
    of a batch parsed.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    functions: Any = pc
    found = functions.struct_field(functions.extract_regex(texts, pattern=_STATS), "rows")
    if found.null_count > texts.null_count:
        return pa.array([_stats_rows(text) for text in texts.to_pylist()], pa.int64())
    return found.cast(pa.int64())

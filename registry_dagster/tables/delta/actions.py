"""The actions in a commit or a checkpoint of a Delta log: the one place where these files are read.

No more of a file is read than the wanted actions need.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, cast

from registry_dagster.errors import RegistryError, UnsupportedTable
from registry_dagster.tables.json_text import json_value
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.storage.protocol import Storage, StoredFile, StoredObject

__all__ = [
    "CHUNK",
    "Action",
    "actions_in",
    "damaged",
    "first_actions",
    "parquet_reading",
    "row_groups_with",
    "well_formed",
]

Action = dict[str, Any]
_FILLED = {"add": "path", "metaData": "id", "protocol": "minReaderVersion", "sidecar": "path"}
"""For each action a field that is never null in it."""
_WHOLE = re.compile(rb"\{[^\0]*\}")
CHUNK = 1 << 20
"""How many bytes of a JSON file are read at a time."""
_MOST_CHUNKS = 64
"""Of one line; the schema of ten thousand columns is a few of them."""
_BATCH = 8192


def first_actions(storage: Storage, stored: StoredObject, names: Collection[str]) -> Action:
    """The first action of each name in a commit or a checkpoint, by name.

    Raises:
        UnsupportedTable: the file is damaged.
    """
    found: Action = {}
    for name, action in actions_in(storage, stored, names):
        found.setdefault(name, action)
        if len(found) == len(names):
            break
    return found


def actions_in(
    storage: Storage, stored: StoredObject, names: Collection[str], most_bytes: int | None = None, head: bytes = b""
) -> Iterator[tuple[str, Any]]:
    """Every action of these names, with its name, in a commit or a checkpoint. Others are passed over.

    Maps inside an action from a Parquet file are lists of pairs, as pyarrow gives them.

    Args:
        storage: At the table.
        stored: The file.
        names: Such as `add` and `remove`.
        most_bytes: How much to read of a JSON file, from its start; None: all of it.
        head: Its first `CHUNK` bytes, if they were read already.

    Raises:
        UnsupportedTable: the file is damaged.
    """
    if stored.path.endswith(".parquet"):
        return _in_parquet(storage, stored, names)
    return _in_json(storage, stored, names, stored.size if most_bytes is None else most_bytes, head)


def _in_json(
    storage: Storage, stored: StoredObject, names: Collection[str], most_bytes: int, head: bytes
) -> Iterator[tuple[str, Any]]:
    # Most lines of a long commit are other actions: one without the name in it need not be parsed. But the last
    # line is, and the others must look like objects: a crash may leave a commit cut off, or parts of it as NULs.
    has_name = _any_of(tuple(names)).search
    line = b"{}"
    for lines in _lines(storage, stored, most_bytes, head):
        for line in filter(None, map(bytes.strip, lines)):
            if has_name(line):
                yield from _wanted(_parsed(storage, stored, line), names)
            elif not _WHOLE.fullmatch(line):
                raise damaged(storage, stored.path, "a line of it is not a JSON object")
    if most_bytes >= stored.size:
        _parsed(storage, stored, line)


@lru_cache(maxsize=16)
def _any_of(names: Sequence[str]) -> re.Pattern[bytes]:
    """One of these names, quoted: a line without it has none of these actions."""
    return re.compile(f'"(?:{"|".join(names)})"'.encode())


def _wanted(action: Action, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    return ((name, action[name]) for name in names if action.get(name) is not None)


def _parsed(storage: Storage, stored: StoredObject, text: bytes) -> Action:
    try:
        value = json_value(text)
    except ValueError as error:
        raise damaged(storage, stored.path, f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise damaged(storage, stored.path, "it does not hold JSON objects")
    return cast(Action, value)


def _lines(storage: Storage, stored: StoredObject, most_bytes: int, head: bytes) -> Iterator[Sequence[bytes]]:
    """The lines that end in each chunk."""
    rest: list[bytes] = []
    end = min(stored.size, most_bytes)
    for start in range(0, end, CHUNK):
        chunk = head if head and start == 0 else storage.read(stored.path, start, min(CHUNK, end - start))
        lines = chunk.split(b"\n")
        rest.append(lines[0])
        if len(rest) > _MOST_CHUNKS:
            raise damaged(storage, stored.path, f"a line of it is longer than {_MOST_CHUNKS} MiB")
        if len(lines) > 1:
            lines[0], rest = b"".join(rest), [lines.pop()]
            yield lines
    if end == stored.size:
        yield [b"".join(rest)]


def _in_parquet(storage: Storage, stored: StoredObject, names: Collection[str]) -> Iterator[tuple[str, Any]]:
    with parquet_reading(storage, stored) as file:
        columns = [name for name in names if name in file.schema_arrow.names]
        for batch in file.iter_batches(_BATCH, row_groups=row_groups_with(file, columns), columns=columns):
            for name in columns:
                for value in batch.column(name).drop_null().to_pylist():
                    yield name, value


@contextmanager
def parquet_reading(
    storage: Storage, stored: StoredObject, page_bytes: int | None = None
) -> Generator[Any, None, None]:
    """A checkpoint as a `pyarrow.parquet.ParquetFile`.

    Args:
        storage: At the table.
        stored: The file.
        page_bytes: How much to read at a time, for who needs only the start; None: column chunks as a whole,
            those that are next to each other in one read.

    Raises:
        UnsupportedTable: it is damaged.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        source: Any = StoredFile(storage, stored)
        yield pq.ParquetFile(source, pre_buffer=page_bytes is None, buffer_size=page_bytes or 0)
    except (pa.ArrowException, OSError) as error:
        raise damaged(storage, stored.path, plain_text(error)) from error


def row_groups_with(file: Any, names: Collection[str]) -> list[int]:
    """The row groups that may hold one of these actions, by the statistics of a column that each of them fills."""
    positions = _filled_columns(file, names)
    return [index for index in range(file.num_row_groups) if _fills_any(file.metadata.row_group(index), positions)]


def _filled_columns(file: Any, names: Collection[str]) -> list[int]:
    filled = {f"{name}.{_FILLED[name]}" for name in names}
    return [index for index in range(len(file.schema)) if file.schema.column(index).path in filled]


def _fills_any(group: Any, positions: Collection[int]) -> bool:
    """Whether one of these columns may have a value in a row group."""
    return any(_has_values(group.column(position).statistics, group.num_rows) for position in positions)


def _has_values(statistics: Any, rows: int) -> bool:
    return statistics is None or not statistics.has_null_count or statistics.null_count < rows


@contextmanager
def well_formed(storage: Storage) -> Generator[None, None, None]:
    """Wraps code that relies on the types that the protocol gives to the fields of actions.

    Raises:
        UnsupportedTable: a field is of another type.
    """
    try:
        yield
    except RegistryError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
        raise UnsupportedTable(
            f"{storage.location}: its _delta_log/ holds an action with a field whose type is not that of the Delta "
            f"protocol ({type(error).__name__}). The log is damaged; restore it."
        ) from error


def damaged(storage: Storage, path: str, what: str) -> UnsupportedTable:
    """The error for a file of the log that cannot be read."""
    return UnsupportedTable(f"{storage.location}/{path} cannot be read: {what}. The log is damaged; restore the file.")

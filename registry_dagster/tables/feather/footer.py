"""The footer of an Arrow IPC file: its columns, and where its record batches are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["MAGIC", "Footer", "read_footer"]

MAGIC = b"ARROW1"
"""What such a file begins and ends with."""

_SUFFIX = 64 * 1024
_END = 4 + len(MAGIC)
"""After the footer: its length, and the magic."""
_LONGEST = 64 * 1024 * 1024
"""Enough for two million record batches."""
_BEGINNINGS = {
    b"FEA1": "it is a Feather file of version 1, which says less about its columns",
    b"\xff\xff\xff\xff": "it is an Arrow IPC stream, which has no footer",
    b"ARRO": "it is cut off: it does not end in a footer",
    b"": "it is empty (0 bytes)",
}


@dataclass(frozen=True)
class Footer:
    """What a footer says, and of which file.

    Args:
        stored: The file.
        schema: The `pyarrow.Schema`.
        data: The footer itself, a FlatBuffer.
    """

    stored: StoredObject
    schema: Any
    data: bytes


def read_footer(storage: Storage) -> Footer:
    """The footer of the file, in one read where it fits in the suffix, else in two.

    Raises:
        UnsupportedTable: the file is damaged, or not an Arrow IPC file.
    """
    stored, tail = storage.read_suffix("", _SUFFIX)
    if tail[-len(MAGIC) :] != MAGIC:
        raise _without_footer(storage)
    length = int.from_bytes(tail[-_END : -len(MAGIC)], "little", signed=True)
    if not 0 < length <= min(_LONGEST, stored.size - _END):
        raise _damaged(storage, f"its footer claims {length} bytes of the file's {stored.size}")
    data = _before_end(storage, stored, tail, length)
    return Footer(stored, _schema(storage, data), data)


def _before_end(storage: Storage, stored: StoredObject, tail: bytes, length: int) -> bytes:
    whole = length + _END
    if whole <= len(tail):
        return tail[-whole:-_END]
    return storage.read("", stored.size - whole, length)


def _schema(storage: Storage, data: bytes) -> Any:
    """By pyarrow, which reads a file from its end: what comes before the footer is not looked at."""
    import pyarrow as pa

    begin = MAGIC + bytes(2 * _END)
    file = pa.BufferReader(begin + data + len(data).to_bytes(4, "little") + MAGIC)
    try:
        return pa.ipc.open_file(file).schema
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise _damaged(storage, f"its footer cannot be read ({plain_text(error)})") from error


def _without_footer(storage: Storage) -> UnsupportedTable:
    head = storage.read("", 0, 4)
    return _damaged(storage, _BEGINNINGS.get(head, f"it starts with {head!r}, not {MAGIC!r}"))


def _damaged(storage: Storage, what: str) -> UnsupportedTable:
    return UnsupportedTable(
        f"{storage.location} cannot be read as a Feather file: {what}. Write it again, such as with "
        "pyarrow.feather.write_feather."
    )

"""The text of a CSV file, from its start and within bounds, whether it is compressed or not."""

from __future__ import annotations

import codecs
import csv
import io
import zlib
from collections.abc import Iterator
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["ENDINGS", "GZIP", "first_record", "pieces"]

GZIP = ".csv.gz"
ENDINGS = (".csv", GZIP)
_FIRST, _MOST = 64 * 1024, 1024 * 1024
_WINDOW = 31
"""What zlib calls the gzip format."""


def first_record(storage: Storage) -> list[str]:
    """The fields of the first line of a file: at most 1 MiB, of which mostly the first 64 KiB are read.

    Raises:
        UnsupportedTable: it is empty, longer, not UTF-8, or not CSV.
    """
    for most in (_FIRST, _MOST):
        data = _start(storage, most)
        if (record := _record(storage, data, is_whole=len(data) < most)) is not None:
            return record
    raise _unfit(storage, f"its first line is longer than {_MOST // 1024**2} MiB")


def pieces(storage: Storage, length: int) -> Iterator[bytes]:
    """The bytes of a file, inflated, in pieces of at most that length; compressed members follow each other."""
    size = storage.head().size
    read = (storage.read("", start, min(length, size - start)) for start in range(0, size, length))
    return _inflated(storage, read, length) if _is_compressed(storage) else read


def _is_compressed(storage: Storage) -> bool:
    return storage.location.lower().endswith(GZIP)


def _inflated(storage: Storage, read: Iterator[bytes], length: int) -> Iterator[bytes]:
    engine = zlib.decompressobj(_WINDOW)
    try:
        for data in read:
            rest = data
            while rest:
                engine = zlib.decompressobj(_WINDOW) if engine.eof else engine
                yield from _output(engine, rest, length)
                # Files may be padded with NULs to the block size of a tape.
                rest = engine.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise _unfit(storage, "it is damaged, or not gzip, though its name says so") from error
    if not engine.eof:
        raise _unfit(storage, "it is cut off")


def _output(engine: Any, data: bytes, length: int) -> Iterator[bytes]:
    """What bytes of one member inflate to, as long as there is some."""
    while found := engine.decompress(data, length):
        yield found
        data = engine.unconsumed_tail


def _start(storage: Storage, most: int) -> bytes:
    """The first bytes of the text, at most that many."""
    found = bytearray()
    for piece in pieces(storage, most):
        found += piece
        if len(found) >= most:
            break
    return bytes(found[:most])


def _record(storage: Storage, data: bytes, *, is_whole: bool) -> list[str] | None:
    """The first record of a text; None if the text may end before it does."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(data, is_whole)
    except UnicodeDecodeError as error:
        raise _unfit(storage, "its first line is not UTF-8") from error
    lines = io.StringIO(text, newline="")
    try:
        record = next(csv.reader(lines, strict=True), None)
    except csv.Error as error:
        if not is_whole:
            return None
        raise _unfit(storage, f"its first line is not CSV ({error})") from error
    if not is_whole and lines.tell() == len(text):
        return None
    if not record:
        raise _unfit(storage, "it is empty, or its first line is")
    return record


def _unfit(storage: Storage, what: str) -> UnsupportedTable:
    return UnsupportedTable(
        f"{storage.location} cannot be read: {what}. Write it as CSV in UTF-8 whose first line is the names of the "
        "columns."
    )

"""How many rows a CSV file has, by the reader that the programs use."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.csv.header import Header
from registry_dagster.tables.csv.text import pieces
from registry_dagster.tables.storage.locations import plain_text
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["rows_of"]

_PIECE = 4 * 1024 * 1024


class _TooMuch(Exception):
    """More bytes than may be read."""


class _Text(io.RawIOBase):
    """The text of a file, up to a number of bytes; what is more raises `_TooMuch`."""

    def __init__(self, read: Iterator[bytes], most: int) -> None:
        super().__init__()
        self._read, self._left, self._piece = read, most, b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        """At most that many bytes; none at the end."""
        if not self._piece:
            self._next()
        found, self._piece = self._piece[:size], self._piece[size:]
        return found

    def _next(self) -> None:
        self._piece = next(filter(None, self._read), b"")
        self._left -= len(self._piece)
        if self._left < 0:
            raise _TooMuch


def rows_of(storage: Storage, header: Header, most: int) -> int | None:
    """The number of rows; None if the file is larger, or inflates to more, than may be read.

    Raises:
        UnsupportedTable: a line has another number of fields.
    """
    import pyarrow as pa

    if storage.head().size > most:
        return None
    try:
        return sum(batch.num_rows for batch in _batches(_Text(pieces(storage, _PIECE), most), header))
    except _TooMuch:
        return None
    except pa.ArrowInvalid as error:
        raise UnsupportedTable(
            f"{storage.location} cannot be read as CSV: {plain_text(error)}. Write it again."
        ) from error


def _batches(text: Any, header: Header) -> Any:
    import pyarrow as pa
    import pyarrow.csv as pv

    names = header.schema.names
    return pv.open_csv(
        text,
        pv.ReadOptions(use_threads=False, column_names=None if header.is_line else names),
        pv.ParseOptions(newlines_in_values=True),
        pv.ConvertOptions(include_columns=names[:1], column_types={names[0]: pa.string()}),
    )

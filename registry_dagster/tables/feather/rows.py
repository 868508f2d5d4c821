"""How many rows an Arrow IPC file has, from the metadata of its record batches. No data is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from registry_dagster.tables.feather.flatbuffer import FlatTable, number
from registry_dagster.tables.feather.footer import Footer
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = ["count_rows"]

_LEAST = 4096
"""What a read counts for at least, since many small ones take long too."""
_BLOCK = 24
_RECORD_BATCHES = 3
"""The field of a footer."""
_HEADER_TYPE, _HEADER = 1, 2
"""The fields of a message."""
_RECORD_BATCH = 3
"""The type of header that a record batch has."""
_CONTINUATION = b"\xff\xff\xff\xff"


@dataclass(frozen=True)
class _Block:
    """Where the metadata of a record batch is.

    Args:
        offset: From the beginning of the file, in bytes.
        length: In bytes.
    """

    offset: int
    length: int


def count_rows(storage: Storage, footer: Footer, budget: int) -> int | None:
    """The rows of all record batches; None when their metadata takes more bytes than the budget.

    Raises:
        ValueError: the metadata is damaged.
    """
    blocks = list(_blocks(footer))
    if sum(max(_LEAST, block.length) for block in blocks) > budget:
        return None
    return sum(ahead(lambda block: _rows(storage.read("", block.offset, block.length)), blocks))


def _blocks(footer: Footer) -> Iterator[_Block]:
    for struct in FlatTable.root(footer.data).structs(_RECORD_BATCHES, _BLOCK):
        block = _Block(number(struct, 0, 8, signed=True), number(struct, 8, 4, signed=True))
        if block.offset < 0 or not 0 < block.length <= footer.stored.size - block.offset:
            raise ValueError(f"a record batch at {block.offset} is not inside the file")
        yield block


def _rows(metadata: bytes) -> int:
    """The rows that the metadata of one record batch says: its length in bytes, then a message."""
    message = FlatTable.root(metadata[8 if metadata.startswith(_CONTINUATION) else 4 :])
    if message.value(_HEADER_TYPE, 1) != _RECORD_BATCH:
        raise ValueError("what is said to be a record batch is none")
    rows = message.table(_HEADER).value(0, 8)
    if rows < 0:
        raise ValueError(f"a record batch has {rows} rows")
    return rows

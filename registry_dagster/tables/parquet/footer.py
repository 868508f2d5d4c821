"""The footer of a Parquet file: its columns and number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.storage.locations import below, plain_text
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["Footer", "read_footer"]

_SUFFIX = 64 * 1024


@dataclass(frozen=True)
class Footer:
    """What a footer says.

    Args:
        path: Of its file.
        schema: The `pyarrow.Schema`.
        rows: Number of rows; None where those of its row groups are not as many.
        bytes: How much of the file was read.
    """

    path: str
    schema: Any
    rows: int | None
    bytes: int


def read_footer(storage: Storage, path: str, suffix: int = _SUFFIX) -> Footer:
    """The footer of a Parquet file, in one read where it fits in the suffix, else in two.

    Nothing about column chunks is asked of pyarrow: pyarrow 26 aborts the process on those of an encrypted column.

    Raises:
        UnsupportedTable: the file is damaged, not Parquet, or its footer is encrypted.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    data, read = _footer_bytes(storage, path, suffix)
    file: Any
    try:
        file = pq.ParquetFile(pa.BufferReader(data))
        return Footer(path, file.schema_arrow, _rows(file.metadata), read)
    except (pa.ArrowException, OSError, UnicodeError) as error:
        raise _damaged(storage, path, f"its Parquet footer cannot be read ({plain_text(error)})") from error


def _rows(metadata: Any) -> int | None:
    """Readers go by row groups, and some by the whole: where they differ, nobody knows."""
    grouped = sum(metadata.row_group(group).num_rows for group in range(metadata.num_row_groups))
    return grouped if grouped == metadata.num_rows else None


def _footer_bytes(storage: Storage, path: str, suffix: int) -> tuple[bytes, int]:
    """The end of a Parquet file from its footer on, which is all that a reader of the schema needs; and what was read.

    A Parquet file ends with the footer, the footer's length in 4 bytes, and the magic `PAR1`; `PARE` if the footer
    is encrypted.
    """
    stored, tail = storage.read_suffix(path, suffix)
    _refuse_other_end(storage, path, stored.size, tail)
    length = int.from_bytes(tail[-8:-4], "little") + 8
    if length + 4 > stored.size:
        raise _damaged(storage, path, f"its footer claims {length} bytes, but the file has {stored.size}")
    if length <= len(tail):
        return tail[-length:], len(tail)
    return storage.read(path, stored.size - length, length), len(tail) + length


def _refuse_other_end(storage: Storage, path: str, size: int, tail: bytes) -> None:
    """Refuse a file that does not end in a footer, or in an encrypted one."""
    if tail[-4:] == b"PARE":
        raise UnsupportedTable(
            f"{below(storage.location, path)} has an encrypted footer, so its schema cannot be read. "
            "Write it with a plaintext footer; its columns may stay encrypted."
        )
    if size == 0:
        raise _damaged(storage, path, "it is empty (0 bytes)")
    if tail[-4:] != b"PAR1":
        raise _without_footer(storage, path, size)


def _without_footer(storage: Storage, path: str, size: int) -> UnsupportedTable:
    head = storage.read(path, 0, 4)
    if head in {b"PAR1", b"PARE"}:
        return _damaged(storage, path, f"it is cut off: its {size} bytes do not end in a footer")
    return _damaged(storage, path, f"it is not Parquet: it starts with {head!r}, not PAR1")


def _damaged(storage: Storage, path: str, what: str) -> UnsupportedTable:
    return UnsupportedTable(f"{below(storage.location, path)} cannot be read: {what}. Write the file again.")

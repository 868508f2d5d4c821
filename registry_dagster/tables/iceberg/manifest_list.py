"""The file that lists a snapshot's manifests, in Avro."""

from __future__ import annotations

import io
import zlib
from types import SimpleNamespace
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["is_whole", "partition_specs_of"]

_SUFFIX = 64 * 1024
_SYNC = 16
_MOST_BYTES = 16 << 20


def is_whole(storage: Storage) -> tuple[StoredObject, bool]:
    """The head of an Avro file, and whether it is one to its end: it ends in the marker that its header announces."""
    stored, tail = storage.read_suffix("", _SUFFIX)
    head = tail if stored.size <= _SUFFIX else storage.read("", 0, _SUFFIX)
    return stored, head.startswith(b"Obj\x01") and _header_announces(head, tail[-_SYNC:])


def _header_announces(head: bytes, marker: bytes) -> bool:
    """Whether the header of an Avro file, a map and then a marker of 16 bytes, has this marker."""
    try:
        return marker == _marker(io.BytesIO(head[4:]))
    except (EOFError, ValueError):
        return False


def _marker(header: io.BytesIO) -> bytes:
    while count := _long(header):
        if count < 0:
            _long(header)
        for _ in range(2 * abs(count)):
            _taken(header, _long(header))
    return _taken(header, _SYNC)


def _long(data: io.BytesIO) -> int:
    """A zigzag varint of at most 64 bits."""
    value = 0
    for shift in range(0, 70, 7):
        byte = _taken(data, 1)[0]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1)
    raise ValueError("a number of more than 64 bits")


def _taken(data: io.BytesIO, length: int) -> bytes:
    taken = data.read(length) if length >= 0 else b""
    if len(taken) != length:
        raise EOFError
    return taken


def partition_specs_of(storage: Storage) -> set[int]:
    """The numbers of the partition specs that the listed manifests were written by.

    Raises:
        UnsupportedTable: the file is damaged, or too long to be read for this.
    """
    from pyiceberg.manifest import read_manifest_list

    stored = storage.head()
    if stored.size > _MOST_BYTES:
        raise UnsupportedTable(f"{storage.location} is too long to be read: {stored.size:,} bytes.")
    data = storage.read("", 0, stored.size)
    in_memory: Any = SimpleNamespace(open=lambda: io.BytesIO(data))
    try:
        return {manifest.partition_spec_id for manifest in read_manifest_list(in_memory)}
    except (ArithmeticError, AssertionError, EOFError, LookupError, TypeError, ValueError, zlib.error) as error:
        raise UnsupportedTable(f"{storage.location} is damaged: it cannot be read as a manifest list.") from error

"""The file that lists a snapshot's manifests, in Avro."""

from __future__ import annotations

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.iceberg.avro import MARKER_BYTES, marker_of, records_in
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["is_whole", "partition_specs_of"]

_SUFFIX = 64 * 1024
_MOST_BYTES = 16 << 20


def is_whole(storage: Storage) -> tuple[StoredObject, bool]:
    """The head of an Avro file, and whether it is one to its end: it ends in the marker that its header announces."""
    stored, tail = storage.read_suffix("", _SUFFIX)
    head = tail if stored.size <= _SUFFIX else storage.read("", 0, _SUFFIX)
    try:
        return stored, marker_of(head) == tail[-MARKER_BYTES:]
    except ValueError:
        return stored, False


def partition_specs_of(storage: Storage) -> set[int]:
    """The numbers of the partition specs that the listed manifests were written by.

    Raises:
        UnsupportedTable: the file is damaged, of another codec, or too long to be read for this.
    """
    stored = storage.head()
    if stored.size > _MOST_BYTES:
        raise UnsupportedTable(f"{storage.location} is too long to be read: {stored.size:,} bytes.")
    try:
        return {int(manifest["partition_spec_id"]) for manifest in records_in(storage.read("", 0, stored.size))}
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise UnsupportedTable(f"{storage.location} is damaged: it cannot be read as a manifest list.") from error

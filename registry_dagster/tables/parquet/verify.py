"""Parquet: the files are listed again, and their fingerprint compared."""

from __future__ import annotations

from registry_dagster.errors import UnknownFormat
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.parquet.listing import ParquetFiles
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Finding, Saw

__all__ = ["verify_parquet"]


def verify_parquet(storage: Storage, table: TableFacts, pin: ParquetPin, saw: Saw) -> Finding:
    """Finds every file that was added, removed or written again; a store's change token tells the last.

    Raises:
        TableError: the files cannot be listed, or are no longer one table.
    """
    if not storage.exists():
        return Finding("missing", f"Nothing is stored at {storage.location}.")
    try:
        listing = ParquetFiles.read(storage)
    except UnknownFormat as error:
        return Finding("missing", str(error))
    now = f"{_amount(listing.files, listing.bytes)}, last written {listing.modified:%Y-%m-%d %H:%M:%S} UTC"
    saw(storage.location, f"{now}, in state {listing.fingerprint}")
    if listing.fingerprint == pin.fingerprint:
        return Finding("intact", f"the listing of its files ({now}) is as recorded.")
    if (listing.files, listing.bytes) == (table.files, table.bytes):
        return Finding(
            "changed",
            f"as many files and bytes as recorded, but some were written again, maybe with the same content: {now}.",
        )
    return Finding("changed", f"there are {now}; recorded are {_amount(table.files, table.bytes)}.")


def _amount(files: int | None, size: int | None) -> str:
    if files is None or size is None:
        return f"the files in another state{'' if size is None else f' of {size:,} bytes'}"
    return f"{files:,} file{'s' if files != 1 else ''} of {size:,} bytes"

"""Whether what is at another place is a recorded table in its recorded state. Metadata only.

Formats with versions of their own prove it by their identifiers. The others keep none: what can be compared is the
relative path and size of each file, and that the content is the same is then a person's word.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from registry_dagster.errors import OtherTable, TableError, TableNotFound
from registry_dagster.model.place import Place
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.inspect import inspect_table
from registry_dagster.tables.storage.locations import normalise, nothing_stored
from registry_dagster.tables.storage.object_page import ObjectPage, joined_texts
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import OptionsOf, options_of, scheme_of
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["Files", "Shape", "place_by_files", "place_by_identity"]


def place_by_identity(
    table: TableFacts, location: str, version: int | str, options: OptionsOf | None, compared: str
) -> Place:
    """The place, if the format's own identifiers are those of the record.

    Args:
        table: The table as it was recorded.
        location: The other place.
        version: How the format's inspection names the state.
        options: See `inspect_table`.
        compared: What the identifiers are, in words.

    Raises:
        OtherTable: another table, or another state of it, is there.
        TableError: see `inspect_table`.
    """
    found = inspect_table(location, table.format, version, options_of(options, location))
    there, recorded = found.pin.identity, table.pin.identity
    if there != recorded:
        differs = "; ".join(
            f"{name} {value}, and {recorded.get(name)} is recorded"
            for name, value in there.items()
            if value != recorded.get(name)
        )
        raise OtherTable(f"{found.location} holds another state than the record: {differs}")
    return Place(location=found.location, pin=found.pin, basis="proven", compared=compared)


class Shape:
    """The relative paths and sizes of files, as one digest: what a copy keeps."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, page: ObjectPage) -> None:
        """Adds the files of a page, in key order."""
        self._digest.update(joined_texts(page.paths, "\0", page.size_texts, "\n"))

    def __str__(self) -> str:
        return self._digest.hexdigest()


@dataclass(frozen=True)
class Files:
    """The files of a table, as a listing shows them.

    Args:
        fingerprint: Their state, as the pin names it.
        shape: Their relative paths and sizes.
        count, bytes: How many, and their size.
        modified: When the latest was written.
    """

    fingerprint: str
    shape: str
    count: int
    bytes: int
    modified: datetime | None


def place_by_files(
    table: TableFacts, location: str, options: OptionsOf | None, read: Callable[[Storage], Files]
) -> Place:
    """The place, if its files have the relative paths and sizes of the recorded ones.

    Where the recorded place can no longer be listed, or holds another state, their number and total size are
    compared with the record.

    Raises:
        OtherTable: they differ.
        TableError: the place cannot be listed.
    """
    there = open_storage(normalise(location), options_of(options, location))
    if not there.exists():
        raise TableNotFound(nothing_stored(there.location))
    found = read(there)
    # Options that were given for the new place are sent to no store of another kind.
    ours = options if callable(options) or scheme_of(location) == scheme_of(table.location) else None
    here = _recorded_files(table, ours, read)
    if here is not None:
        same, compared = here.shape == found.shape, f"the same relative paths and sizes as at {table.location}"
    else:
        same = (found.count, found.bytes) == (table.files, table.bytes)
        compared = "as many files and bytes as recorded; the recorded place can no longer be compared"
    if not same:
        raise OtherTable(
            f"{there.location} holds {found.count:,} files of {found.bytes:,} bytes, with other paths or sizes than "
            f"the recorded {table.files or 0:,} files of {table.bytes or 0:,} bytes"
        )
    pin = table.pin.model_copy(update={"fingerprint": found.fingerprint, "last_modified": found.modified})
    return Place(location=there.location, pin=pin, basis="declared", compared=_short(compared))


def _recorded_files(table: TableFacts, options: OptionsOf | None, read: Callable[[Storage], Files]) -> Files | None:
    """The files at the recorded place, if they are still in the recorded state."""
    try:
        files = read(open_storage(table.location, options_of(options, table.location)))
    except TableError:
        return None
    return files if files.fingerprint == table.pin.identity.get("fingerprint") else None


def _short(text: str, most: int = 200) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"

"""A table that is one file, proven to be in the state that was pinned: what formats of one file share."""

from __future__ import annotations

import os

from registry_dagster.errors import TableNotFound
from registry_dagster.model.place import Place
from registry_dagster.model.table import CsvPin, FeatherPin, TableFacts
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.same_state import Files, Shape, place_by_files
from registry_dagster.tables.storage.locations import local_path, normalise
from registry_dagster.tables.storage.object_page import ObjectPage
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import OptionsOf, StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from registry_dagster.tables.verdict import Look, Note

__all__ = ["fingerprint_of", "pinned_file", "place_file", "refuse_other_state", "verify_file"]


def pinned_file(
    location: str | os.PathLike[str], fingerprint: str, storage_options: StorageOptions | None, kind: str
) -> str:
    """The file of a table: a path on a local disk, else a URI. Its data is not read.

    Args:
        location: The file.
        fingerprint: The state it must be in, which the pin records.
        storage_options: See `inspect_table`.
        kind: Of file, for messages.

    Raises:
        TableNotFound: the file is in another state, or gone.
        TableError: see `inspect_table`.
    """
    storage = open_storage(normalise(location), storage_options)
    refuse_other_state(storage, storage.head(), fingerprint, kind)
    local = local_path(storage.location)
    return storage.location if local is None else str(local)


def fingerprint_of(storage: Storage, stored: StoredObject) -> str:
    """The state of the file, by its name, size and change token."""
    fingerprint = Fingerprint()
    fingerprint.add_file(storage, stored)
    return str(fingerprint)


def refuse_other_state(storage: Storage, stored: StoredObject, state: int | str | None, kind: str) -> None:
    """Refuse a file that is not in a state; None: any will do.

    Raises:
        TableNotFound: it is in another one.
    """
    now = fingerprint_of(storage, stored)
    if state not in {None, now}:
        raise TableNotFound(
            f"{storage.location} is not in state {state}: the file is now in state {now}, and {kind} keeps no "
            "earlier one. Leave the version out to inspect it."
        )


def verify_file(table: TableFacts, pin: CsvPin | FeatherPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a file that was removed or written again, by its size and its store's change token.

    Raises:
        TableError: the store cannot answer.
    """
    storage = open_storage(table.location, options)
    if not storage.exists():
        return Look("missing", f"Nothing is stored at {storage.location}.")
    if not storage.is_object():
        return Look("changed", f"{storage.location} is a directory now.")
    stored = storage.head()
    found = fingerprint_of(storage, stored)
    now = f"{stored.size:,} bytes, last written {stored.modified:%Y-%m-%d %H:%M:%S} UTC"
    note(storage.location, f"{now}, in state {found}")
    if found == pin.fingerprint:
        return Look("intact", f"the file ({now}) is as recorded.")
    if stored.size == table.bytes:
        return Look("changed", f"the file was written again, maybe with the same content: {now}.")
    return Look("changed", f"the file now has {now}, but {_size(table.bytes)} recorded.")


def place_file(table: TableFacts, pin: CsvPin | FeatherPin, location: str, options: OptionsOf | None) -> Place:
    """The place of a file of the same size.

    Raises:
        OtherTable: the sizes differ.
    """
    return place_by_files(table, location, options, _files)


def _files(storage: Storage) -> Files:
    stored = storage.head()
    shape = Shape()
    shape.add(ObjectPage.of([stored]))
    return Files(fingerprint_of(storage, stored), str(shape), 1, stored.size, stored.modified)


def _size(size: int | None) -> str:
    return "another state was" if size is None else f"{size:,} bytes were"

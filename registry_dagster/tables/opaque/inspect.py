"""Opaque tables: the columns are declared; the state is that of the listing, or what the publisher calls it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.table import OpaquePin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.declared import Declared, type_of
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.object_page import ObjectPage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.pages import pages_of
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["Listing", "inspect_opaque"]

_DIGEST = "sha256:"


@dataclass
class Listing:
    """What is stored at a location, gathered page by page; all of it counts, hidden files too.

    Args:
        files, bytes: How many files, and their size.
        modified: When the latest of them was written.
    """

    files: int = 0
    bytes: int = 0
    modified: datetime | None = None
    _fingerprint: Fingerprint = field(default_factory=Fingerprint)

    @classmethod
    def read(cls, storage: Storage, *, seen: Callable[[ObjectPage], None] | None = None) -> Listing:
        """The listing of a file or a directory.

        Args:
            storage: At the file or directory.
            seen: Called with the files, page by page.

        Raises:
            TableError: the store cannot list.
        """
        found = cls()
        if storage.is_object():
            stored = storage.head()
            found._fingerprint.add_file(storage, stored)
            found._add(ObjectPage.of([stored]), seen)
        else:
            for page in pages_of(storage):
                found._fingerprint.add(page)
                found._add(page, seen)
        return found

    def _add(self, page: ObjectPage, seen: Callable[[ObjectPage], None] | None) -> None:
        self.files += len(page)
        self.bytes += page.bytes
        self.modified = max(self.modified or page.latest, page.latest)
        if seen is not None:
            seen(page)

    @property
    def fingerprint(self) -> str:
        """The text of the fingerprint over all files."""
        return str(self._fingerprint)


def inspect_opaque(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
    declared: Declared | None = None,
) -> TableFacts:
    """Facts of a table that is not read: its columns and how to read it are declared.

    Args:
        storage: At the file or directory.
        version: The fingerprint that its files must have; any other text is what the publisher calls the state,
            and then nothing is listed.
        storage_options: Not needed: the storage reads all.
        count_bytes: Not needed: the rows of such a table are never known.
        declared: All columns and types, and how to read it.

    Raises:
        InvalidDeclaration: a declared type is unknown.
        TableNotFound: `version` is not the fingerprint of what is stored now.
        UnsupportedTable: columns or how to read it are not declared; or it has no state: nothing is stored in it, or
            its store cannot list.
    """
    schema, how_to_read = _declared(storage, declared or Declared())
    if version is not None and not str(version).startswith(_DIGEST):
        pin, found = OpaquePin(state=str(version), how_to_read=how_to_read), None
    else:
        found = _listing(storage, version)
        pin = OpaquePin(fingerprint=found.fingerprint, how_to_read=how_to_read, last_modified=found.modified)
    return TableFacts(
        location=storage.location,
        pin=pin,
        fields=fields_of(schema),
        arrow_schema=encode_schema(schema),
        bytes=None if found is None else found.bytes,
        files=None if found is None else found.files,
    )


def _declared(storage: Storage, declared: Declared) -> tuple[Any, str]:
    import pyarrow as pa

    if not declared.schema or not declared.how_to_read:
        raise UnsupportedTable(
            f"{storage.location} is to be recorded as opaque, so nothing of it is read. Declare its columns with "
            'schema=, such as schema={"root_id": "uint64"}, and how people read it with how_to_read=.'
        )
    fields = [pa.field(name, type_of(name, dtype)) for name, dtype in declared.schema.items()]
    return pa.schema(fields), declared.how_to_read


def _listing(storage: Storage, version: int | str | None) -> Listing:
    try:
        found = Listing.read(storage)
    except TableError as error:
        raise type(error)(f"{error} Or name its state with version=, such as version='2024-01'.") from error
    if not found.files:
        raise UnsupportedTable(
            f"{storage.location} holds no file, so it has no state that an overwrite would change. Write it first, or "
            "name its state with version=, such as version='2024-01'."
        )
    if version not in {None, found.fingerprint}:
        raise TableNotFound(
            f"{storage.location} is not in state {version}: its files are now in state {found.fingerprint}. Leave the "
            "version out to record them."
        )
    return found

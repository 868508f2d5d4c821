"""Opaque tables: the relative paths and sizes of all files are compared at another place."""

from __future__ import annotations

from registry_dagster.errors import OtherTable
from registry_dagster.model.place import Place
from registry_dagster.model.table import OpaquePin, TableFacts
from registry_dagster.tables.opaque.inspect import Listing
from registry_dagster.tables.same_state import Files, Shape, place_by_files
from registry_dagster.tables.storage.options import OptionsOf
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["place_opaque"]


def place_opaque(table: TableFacts, pin: OpaquePin, location: str, options: OptionsOf | None) -> Place:
    """The place of the same files, by their paths and sizes.

    Raises:
        OtherTable: paths or sizes differ; or the state is one that only its publisher can name.
    """
    if pin.state is not None:
        raise OtherTable(
            f"the state {pin.state!r} of {table.location} is what its publisher calls it, so nothing can be compared; "
            "publish the table at its new place"
        )
    return place_by_files(table, location, options, _files)


def _files(storage: Storage) -> Files:
    shape = Shape()
    found = Listing.read(storage, seen=shape.add)
    return Files(found.fingerprint, str(shape), found.files, found.bytes, found.modified)

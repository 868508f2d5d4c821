"""Parquet: the relative paths and sizes of the data files are compared at another place."""

from __future__ import annotations

from registry_dagster.model.place import Place
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.parquet.listing import ParquetFiles
from registry_dagster.tables.same_state import Files, Shape, place_by_files
from registry_dagster.tables.storage.options import OptionsOf
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["place_parquet"]


def place_parquet(table: TableFacts, pin: ParquetPin, location: str, options: OptionsOf | None) -> Place:
    """The place of the same files, by their paths and sizes.

    Raises:
        OtherTable: paths or sizes differ.
    """
    return place_by_files(table, location, options, _files)


def _files(storage: Storage) -> Files:
    shape = Shape()
    found = ParquetFiles.read(storage, seen=shape.add)
    return Files(found.fingerprint, str(shape), found.files, found.bytes, found.modified)

"""Iceberg: the table's uuid and the snapshot prove the state at another place."""

from __future__ import annotations

from registry_dagster.model.place import Place
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.same_state import place_by_identity
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["place_iceberg"]


def place_iceberg(table: TableFacts, pin: IcebergPin, location: str, options: OptionsOf | None) -> Place:
    """The place of the same snapshot. Its metadata file is another one: it names the files at the new place.

    Raises:
        OtherTable: another table, snapshot or schema is there.
    """
    return place_by_identity(table, location, str(pin.snapshot_id), options, "the same table uuid and snapshot")

"""Lance: the version and the transaction that made it prove the state at another place."""

from __future__ import annotations

from registry_dagster.errors import OtherTable
from registry_dagster.model.place import Place
from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables.same_state import place_by_identity
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["place_lance"]


def place_lance(table: TableFacts, pin: LancePin, location: str, options: OptionsOf | None) -> Place:
    """The place of the same version, made by the same transaction.

    Raises:
        OtherTable: another dataset or version is there; or the record does not know the transaction.
    """
    if pin.transaction_uuid is None:
        raise OtherTable(f"{table.location} was recorded without a transaction, so no copy can be shown to be it")
    return place_by_identity(table, location, pin.version, options, "the same version and transaction")

"""Delta: the table's id, the version and its commit prove the state at another place."""

from __future__ import annotations

from registry_dagster.errors import OtherTable
from registry_dagster.model.place import Place
from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.same_state import place_by_identity
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["place_delta"]


def place_delta(table: TableFacts, pin: DeltaPin, location: str, options: OptionsOf | None) -> Place:
    """The place of the same version, with the same commit.

    Raises:
        OtherTable: another table or version is there, or one whose commit is another or cannot be compared.
    """
    place = place_by_identity(table, location, pin.version, options, "the same table id, version and commit")
    there = place.pin.commit_digest if isinstance(place.pin, DeltaPin) else None
    if there is None or there != pin.commit_digest:
        raise OtherTable(
            f"{place.location} holds version {pin.version} of this table, but its commit file cannot be shown to be "
            f"the recorded one: its digest is {there or 'unknown'}, and {pin.commit_digest or 'none'} is recorded"
        )
    return place

"""One way to the verdict on a recorded table, whatever its format."""

from __future__ import annotations

import time
from pathlib import Path
from urllib.parse import urlsplit

from registry_dagster.errors import (
    RegistryError,
    TableAccessDenied,
    TableNotFound,
    TableUnreachable,
    UnknownFormat,
    UnsupportedTable,
)
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.formats import format_of
from registry_dagster.tables.storage.connections import Connections
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.locations import local_path
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Evidence, Look, Note, TableState, TableVerdict

__all__ = ["StoresOutOfReach", "state_of", "verify_table"]

_MOMENT = 15.0
"""Seconds for which a store that could not be reached is not tried again."""

_STATES: tuple[tuple[type[RegistryError], TableState], ...] = (
    (TableNotFound, "missing"),
    (TableAccessDenied, "unreachable"),
    (TableUnreachable, "unreachable"),
    # It could be read when it was recorded, so what cannot be read now was changed since.
    (UnsupportedTable, "changed"),
    (UnknownFormat, "changed"),
    (RegistryError, "unknown"),
)


class StoresOutOfReach:
    """The stores that could not be reached a moment ago. Each is waited for once, not once for each of its tables.

    Those that can be reached keep their connections from one table to the next.
    """

    def __init__(self) -> None:
        self._since: dict[str, float] = {}
        self._connections = Connections()

    def look_at(self, table: TableFacts, options: StorageOptions | None, note: Note | None = None) -> Look:
        """What `verify_table` finds, with the errors of the store raised.

        Args:
            table: The table as it was recorded.
            options: See `inspect_table`.
            note: Takes down the evidence.

        Raises:
            TableError: the table cannot be looked at; `state_of` says what that means.
        """
        # Tables are verified in threads: two may still wait for one store at the same time, which does no harm.
        store = "://".join(urlsplit(table.location)[:2])
        if time.monotonic() - self._since.get(store, -_MOMENT) < _MOMENT:
            raise TableUnreachable(f"{table.location}: {store} could not be reached for another table a moment ago.")
        try:
            with self._connections.shared():
                return _look(table, options, note or _discard)
        except TableUnreachable:
            self._since[store] = time.monotonic()
            raise


def verify_table(
    table: TableFacts,
    storage_options: StorageOptions | None = None,
    *,
    stores: StoresOutOfReach | None = None,
) -> TableVerdict:
    """Whether a recorded table is still there in the state it was recorded in. Writes nothing, reads no data.

    It takes the cheapest look that can decide: a few requests, whatever the size of the table. An error of the
    store becomes part of the verdict and is not raised.

    Args:
        table: The table as it was recorded.
        storage_options: See `inspect_table`.
        stores: What earlier calls found out about the stores.
    """
    evidence: list[Evidence] = []

    def note(where: str, found: str) -> None:
        evidence.append(Evidence(where, found))

    try:
        look = (stores or StoresOutOfReach()).look_at(table, storage_options, note)
    except RegistryError as error:
        look = Look(state_of(error), str(error))
    return TableVerdict(*look, table.location, table.format, tuple(evidence))


def state_of(error: RegistryError) -> TableState:
    """What it means for a recorded table that looking at it raised this error."""
    return next(state for kind, state in _STATES if isinstance(error, kind))


def _look(table: TableFacts, options: StorageOptions | None, note: Note) -> Look:
    path = local_path(table.location)
    if path is not None and _is_out_of_reach(path):
        note(path.parent.as_uri(), "no such directory on this machine")
        return Look(
            "unreachable",
            f"{table.location} is on a local disk, and on this machine even the directory above it does not exist: "
            "the disk is not mounted here, or the directory was removed.",
        )
    return format_of(table).verify(table, options, note)


def _is_out_of_reach(path: Path) -> bool:
    """Whether even the directory above is missing, so that it is not known what became of the table."""
    return not LocalStorage(path).exists() and not LocalStorage(path.parent).exists()


def _discard(where: str, found: str) -> None:
    """For callers that do not want the evidence."""

"""One way to the verdict on a recorded table, whatever its format."""

from __future__ import annotations

import time
from urllib.parse import urlsplit

from registry_dagster.errors import (
    RegistryError,
    TableAccessDenied,
    TableNotFound,
    TableUnreachable,
    UnknownFormat,
    UnsupportedTable,
)
from registry_dagster.model.table import DeltaPin, IcebergPin, LancePin, ParquetPin, TableFacts
from registry_dagster.tables.delta.verify import verify_delta
from registry_dagster.tables.iceberg.verify import verify_iceberg
from registry_dagster.tables.lance.verify import verify_lance
from registry_dagster.tables.parquet.verify import verify_parquet
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.locations import local_path
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verdict import Evidence, Finding, Saw, TableState, TableVerdict

__all__ = ["StoresOutOfReach", "state_of", "verify_table"]

_MOMENT = 15.0
"""Seconds."""


def _unnoted(where: str, found: str) -> None:
    """Evidence that nobody asked for."""


_STATES: tuple[tuple[type[RegistryError], TableState], ...] = (
    (TableNotFound, "missing"),
    (TableAccessDenied, "unreachable"),
    (TableUnreachable, "unreachable"),
    # It could be read when it was recorded.
    (UnsupportedTable, "changed"),
    (UnknownFormat, "changed"),
    (RegistryError, "unknown"),
)


class StoresOutOfReach:
    """The stores that could not be reached a moment ago: each is waited for once, not for each of its tables."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look_at(self, table: TableFacts, options: StorageOptions | None, saw: Saw = _unnoted) -> Finding:
        """As `verify_table`, but what the store answers is raised.

        Raises:
            TableError: the table cannot be looked at; `state_of` says what that means.
        """
        store = "://".join(urlsplit(table.location)[:2])
        if time.monotonic() - self._since.get(store, -_MOMENT) < _MOMENT:
            raise TableUnreachable(f"{table.location}: {store} could not be reached for another table a moment ago.")
        try:
            return _look(table, options, saw)
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

    The cheapest look that finds out: a few requests, whatever the size of the table. What its store
    answers becomes part of the verdict and is not raised.

    Args:
        table: As recorded.
        storage_options: As of `inspect_table`.
        stores: What is known of stores from looks at other tables.
    """
    evidence: list[Evidence] = []

    def saw(where: str, found: str) -> None:
        evidence.append(Evidence(where, found))

    try:
        finding = (stores or StoresOutOfReach()).look_at(table, storage_options, saw)
    except RegistryError as error:
        finding = Finding(state_of(error), str(error))
    return TableVerdict(*finding, table.location, table.format, tuple(evidence))


def state_of(error: RegistryError) -> TableState:
    """What it means for a recorded table that it cannot be looked at."""
    return next(state for kind, state in _STATES if isinstance(error, kind))


def _look(table: TableFacts, options: StorageOptions | None, saw: Saw) -> Finding:
    path = local_path(table.location)
    if path is not None and not LocalStorage(path).exists() and not LocalStorage(path.parent).exists():
        saw(path.parent.as_uri(), "no such directory on this machine")
        return Finding(
            "unreachable",
            f"{table.location} is on a local disk, and this machine has not even the directory above it: "
            "the disk is not mounted here, or the directory was removed.",
        )
    match table.pin:
        case ParquetPin():
            return verify_parquet(open_storage(table.location, options), table, table.pin, saw)
        case DeltaPin():
            return verify_delta(open_storage(table.location, options), table.pin, saw)
        case IcebergPin():
            return verify_iceberg(table.pin, options, saw)
        case LancePin():
            return verify_lance(open_storage(table.location, options), table.pin, saw)

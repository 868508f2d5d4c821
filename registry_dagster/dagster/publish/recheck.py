"""A second check of tables before they are published: what was pinned may be gone or overwritten by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.dagster.publish.frozen_tables import FrozenTable
from registry_dagster.errors import PublishRefused, RegistryError
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.settings import TABLES_AT_ONCE
from registry_dagster.tables.storage.read_ahead import ahead
from registry_dagster.tables.verdict import Look
from registry_dagster.tables.verify import StoresOutOfReach, state_of

__all__ = ["Recheck"]


class Recheck:
    """Refuses tables that are no longer what was pinned: their record would be false.

    A table whose store gives no answer here is unknown, not gone: it gets a warning and is published.

    Args:
        options: Storage options of the tables' stores; values may be `dg.EnvVar`.
    """

    def __init__(self, options: Mapping[str, Any] | None) -> None:
        self._options = options
        self._stores = StoresOutOfReach()
        self.warnings: list[str] = []

    def check(self, tables: Sequence[FrozenTable | RegistryError]) -> list[FrozenTable | RegistryError]:
        """The same tables, with an error in place of each that is gone or has changed."""
        return list(ahead(self._check_one, tables, TABLES_AT_ONCE))

    def _check_one(self, frozen: FrozenTable | RegistryError) -> FrozenTable | RegistryError:
        if isinstance(frozen, RegistryError):
            return frozen
        return self._judge(frozen, self._look(frozen.table))

    def _judge(self, frozen: FrozenTable, look: Look) -> FrozenTable | PublishRefused:
        state, reason = look
        match state:
            case "intact":
                return frozen
            case "missing":
                return PublishRefused(f"the table that was materialized no longer exists: {reason}")
            case "changed":
                return PublishRefused(
                    f"{frozen.table.location} has changed since it was materialized: {reason} Publish a newer "
                    "materialization of the asset; if there is none, materialize it again."
                )
            case "unreachable" | "unknown":
                self.warnings.append(f"Could not check here whether the table is still as materialized: {reason}")
                return frozen

    def _look(self, table: TableFacts) -> Look:
        local = table.location.startswith("file:")
        try:
            return self._stores.look_at(table, None if local else resolve_options(self._options))
        except RegistryError as error:
            return Look(state_of(error), str(error))

"""A second look at tables before they are published: what was pinned may be gone or overwritten by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from registry_dagster.dagster.pin.storage_options import resolved
from registry_dagster.dagster.publish.targets import Materialized
from registry_dagster.errors import PublishRefused, RegistryError
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.verdict import Look
from registry_dagster.tables.verify import StoresOutOfReach, state_of

__all__ = ["SecondLook"]

_AT_ONCE = 8


class SecondLook:
    """Refuses tables that are no longer what was pinned, as verifying them tells: their record would be false.

    A table in a store that gives no answer here is unknown, not gone. It is warned of and published.

    Args:
        options: Storage options of the tables' stores; values may be `dg.EnvVar`.
    """

    def __init__(self, options: Mapping[str, Any] | None) -> None:
        self._options = options
        self._stores = StoresOutOfReach()
        self.warnings: list[str] = []

    def at(self, found: Sequence[Materialized | RegistryError]) -> list[Materialized | RegistryError]:
        """What was found, with an error in place of each table that is gone or another one."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._at_one, found))

    def _at_one(self, found: Materialized | RegistryError) -> Materialized | RegistryError:
        if isinstance(found, RegistryError):
            return found
        try:
            state, reason = self._look(found.table)
        except RegistryError as error:
            state, reason = Look(state_of(error), str(error))
        match state:
            case "intact":
                return found
            case "missing":
                return PublishRefused(f"the table that was materialized is not there any more: {reason}")
            case "changed":
                return PublishRefused(
                    f"{found.table.location} is not the table that was materialized any more: {reason} Publish its "
                    "newest materialization."
                )
            case "unreachable" | "unknown":
                self.warnings.append(f"Whether the table is still as it was materialized cannot be told here: {reason}")
                return found

    def _look(self, table: TableFacts) -> Look:
        local = table.location.startswith("file:")
        return self._stores.look_at(table, None if local else resolved(self._options))

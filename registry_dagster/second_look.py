"""A second look at tables before they are published: what was pinned may be gone or overwritten by now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from registry_dagster.errors import PublishRefused, RegistryError, TableError, TableNotFound, TableUnreachable
from registry_dagster.model.table import TableFacts
from registry_dagster.store_options import resolved
from registry_dagster.tables import inspect_table
from registry_dagster.targets import Materialized

__all__ = ["SecondLook"]

_AT_ONCE = 8


class SecondLook:
    """Refuses tables that are no longer what was pinned: their record would be false.

    A table in a store that gives no answer here is unknown, not gone. It is warned of and published.

    Args:
        options: Storage options of the tables' stores; values may be `dg.EnvVar`.
    """

    def __init__(self, options: Mapping[str, Any] | None) -> None:
        self._options = options
        self._unreachable: dict[str, str] = {}
        self.warnings: list[str] = []

    def at(self, found: Sequence[Materialized | RegistryError]) -> list[Materialized | RegistryError]:
        """What was found, with an error in place of each table that is gone or another one."""
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(self._at_one, found))

    def _at_one(self, found: Materialized | RegistryError) -> Materialized | RegistryError:
        if isinstance(found, RegistryError):
            return found
        table = found.table
        local = table.location.startswith("file:")
        try:
            _refuse_gone(table, None) if local else self._refuse_gone_from_store(table)
        except TableError as error:
            if local:
                return error
            self.warnings.append(f"Published without a second look at whether the table is still there. {error}")
        except PublishRefused as error:
            return error
        return found

    def _refuse_gone_from_store(self, table: TableFacts) -> None:
        """A store that cannot be reached is asked once, not for each of its tables."""
        store = "://".join(urlsplit(table.location)[:2])
        if store in self._unreachable:
            raise TableUnreachable(f"{table.location}: {self._unreachable[store]}")
        try:
            _refuse_gone(table, resolved(self._options))
        except TableUnreachable:
            self._unreachable[store] = f"{store} could not be reached for another table a moment ago."
            raise


def _refuse_gone(table: TableFacts, options: Mapping[str, Any] | None) -> None:
    pin = table.pin
    uri = pin.metadata_location if pin.format == "iceberg" else table.location
    version = (
        pin.snapshot_id if pin.format == "iceberg" else pin.fingerprint if pin.format == "parquet" else pin.version
    )
    try:
        now = inspect_table(uri, format=table.format, version=version, storage_options=options)
    except TableNotFound as error:
        raise PublishRefused(f"the table that was materialized is not there any more. {error}") from error
    if now.pin.identity != pin.identity:
        raise PublishRefused(
            f"{table.location} is another table by now than the one that was materialized; publish the newest "
            "materialization"
        )

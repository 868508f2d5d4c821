"""Iceberg tables in a catalog: one request to it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from registry_dagster.errors import (
    TableAccessDenied,
    TableError,
    TableNotFound,
    TableUnreachable,
    UnsupportedTable,
)
from registry_dagster.model.table import TableFacts
from registry_dagster.tables.iceberg.inspect import facts_from_metadata, reason_of
from registry_dagster.tables.iceberg.metadata import Metadata
from registry_dagster.tables.iceberg.options import for_pyiceberg, for_store
from registry_dagster.tables.storage.deadline import within
from registry_dagster.tables.storage.failures import table_error
from registry_dagster.tables.storage.locations import normalise
from registry_dagster.tables.storage.options import StorageOptions

if TYPE_CHECKING:
    from pyiceberg.table import Table

__all__ = ["inspect_catalog_table"]

_DENIED = {"AuthorizationExpiredError", "ForbiddenError", "OAuthError", "UnauthorizedError"}
_FAILING = {"ServerError", "ServiceUnavailableError", "TooManyRequestsError"}
"""pyiceberg's errors for what a REST catalog answers."""


def inspect_catalog_table(
    location: str, version: int | str | None = None, storage_options: StorageOptions | None = None
) -> TableFacts:
    """Facts of an Iceberg snapshot, from the catalog that `iceberg://CATALOG/namespace.table` names.

    Args:
        location: The URI.
        version: See `inspect_iceberg`.
        storage_options: Properties of the catalog, over those in pyiceberg's own configuration, and options
            of the table's store by fsspec's names.

    Raises:
        TableNotFound: no such table or snapshot.
        TableAccessDenied, TableUnreachable: the catalog or the table's store refuses, or does not answer.
        TableError: the catalog is not configured.
        UnsupportedTable: see `inspect_iceberg`.
    """
    catalog, identifier = _catalog_and_identifier(location)
    properties, seconds = for_pyiceberg(storage_options, catalog)
    if version is None:
        # A REST catalog then answers with the snapshots that branches and tags name, not with all.
        properties["snapshot-loading-mode"] = "refs"
    table = _loaded(location, catalog, identifier, properties, seconds)
    metadata = Metadata.of(json.loads(table.metadata.model_dump_json()), normalise(table.metadata_location))
    return facts_from_metadata(metadata, version, catalog, identifier, options=for_store(storage_options, catalog))


def _catalog_and_identifier(location: str) -> tuple[str, str]:
    parts = urlsplit(location)
    catalog, identifier = unquote(parts.netloc), unquote(parts.path.strip("/"))
    if not catalog or "." not in identifier:
        raise TableError(
            f"{location} does not name a table in a catalog; write it as iceberg://CATALOG/namespace.table."
        )
    return catalog, identifier


def _loaded(location: str, catalog: str, identifier: str, properties: dict[str, Any], seconds: float) -> Table:
    """The table, as the catalog gives it within the time; the errors of pyiceberg as ours."""
    from pydantic import ValidationError as InvalidModel
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError, ValidationError

    try:
        return within(seconds, lambda: _load(catalog, identifier, properties))
    except (NoSuchTableError, NoSuchNamespaceError):
        raise TableNotFound(f"The Iceberg catalog {catalog!r} has no table {identifier}.") from None
    except (InvalidModel, ValidationError) as error:
        raise UnsupportedTable(
            f"The Iceberg catalog {catalog!r} has table {identifier}, but pyiceberg cannot read its metadata "
            f"({reason_of(error)}). Store the column as another type, upgrade pyiceberg, or inspect an earlier "
            "snapshot by its metadata file."
        ) from None
    except Exception as error:
        raise _failed(error, location, catalog, identifier, seconds) from None


def _load(catalog: str, identifier: str, properties: dict[str, Any]) -> Table:
    from pyiceberg.catalog import load_catalog

    with load_catalog(catalog, **properties) as opened:
        return opened.load_table(identifier)


def _failed(error: Exception, location: str, catalog: str, identifier: str, seconds: float) -> TableError:
    """The error by its class alone, since its text may repeat what the catalog answered."""
    name = type(error).__name__
    waited = f" within {seconds:g} s" if isinstance(error, TimeoutError) else ""
    said = f"The Iceberg catalog {catalog!r} did not give table {identifier}{waited} ({name}). "
    kind = type(table_error(error, location, seconds))
    if name in _FAILING:
        return TableUnreachable(f"{said}It is failing or too busy. Try again later.")
    if name in _DENIED:
        return TableAccessDenied(f"{said}Give credentials with the right to load the table in storage_options.")
    return (kind if kind in {TableAccessDenied, TableUnreachable} else TableError)(
        f"{said}Check its properties in storage_options, in .pyiceberg.yaml, or in the variables "
        f"PYICEBERG_CATALOG__{catalog.upper()}__*."
    )

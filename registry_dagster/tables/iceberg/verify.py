"""Iceberg: the metadata file and the snapshot's manifest list; the catalog where that metadata file is gone."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from datetime import datetime
from typing import Any
from urllib.parse import quote

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.table import IcebergPin
from registry_dagster.tables.detect import is_iceberg_metadata
from registry_dagster.tables.iceberg.catalog import inspect_catalog_table
from registry_dagster.tables.storage.locations import normalise
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.option_names import for_store
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import StoredObject
from registry_dagster.tables.verdict import Finding, Saw

__all__ = ["verify_iceberg"]

Json = dict[str, Any]


def verify_iceberg(pin: IcebergPin, options: StorageOptions | None, saw: Saw) -> Finding:
    """Finds a snapshot that expired, and a table that was made anew. Manifests and data files are not looked at.

    Raises:
        TableError: the store cannot answer, or the metadata is damaged.
    """
    store = for_store(options, pin.catalog)
    where = pin.metadata_location
    if (metadata := _read_if_there(where, store)) is None:
        saw(where, "not there any more")
        where = _in_catalog(pin, options, saw) or _newest_beside(where, store)
        metadata = _read(where, store)
    if (found := metadata.get("table-uuid")) != pin.table_uuid:
        saw(where, f"metadata of table {found}")
        return Finding("changed", f"another table stands there: its uuid is {found}, recorded is {pin.table_uuid}.")
    snapshot = _snapshot(metadata, pin.snapshot_id)
    if snapshot is None:
        saw(where, f"metadata of the table without snapshot {pin.snapshot_id}")
        return Finding("missing", f"snapshot {pin.snapshot_id} is not in the table any more: it expired.")
    saw(where, f"names snapshot {pin.snapshot_id} of table {pin.table_uuid}, as recorded")
    return _list_of_manifests(snapshot, pin, store, saw)


def _list_of_manifests(snapshot: Json, pin: IcebergPin, store: StorageOptions, saw: Saw) -> Finding:
    # Format v1 may name the manifests themselves.
    named: list[str] = [snapshot["manifest-list"]] if snapshot.get("manifest-list") else snapshot.get("manifests") or []
    if not named:
        return Finding(
            "unknown", f"the metadata of snapshot {pin.snapshot_id} names neither manifest list nor manifests."
        )
    try:
        stored = open_storage(normalise(named[0]), store).head()
    except TableNotFound:
        saw(named[0], "not there any more")
        return Finding("missing", f"snapshot {pin.snapshot_id} expired or was removed: its manifest list is gone.")
    saw(named[0], f"there, {stored.size:,} bytes")
    return Finding("intact", f"snapshot {pin.snapshot_id} stands, with its manifest list.")


def _read_if_there(location: str, store: StorageOptions) -> Json | None:
    try:
        return _read(location, store)
    except TableNotFound:
        return None


def _read(location: str, store: StorageOptions) -> Json:
    data = open_storage(location, store).read()
    try:
        metadata = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise UnsupportedTable(f"{location} is no Iceberg metadata any more: it cannot be read as JSON.") from error
    if not is_json_object(metadata):
        raise UnsupportedTable(f"{location} is no Iceberg metadata any more: it holds no JSON object.")
    return metadata


def _snapshot(metadata: Json, wanted: int) -> Json | None:
    snapshots: list[Json] = metadata.get("snapshots") or []
    return next((snapshot for snapshot in snapshots if snapshot.get("snapshot-id") == wanted), None)


def _in_catalog(pin: IcebergPin, options: StorageOptions | None, saw: Saw) -> str | None:
    """The metadata file that the recorded catalog names now; None where no catalog can be asked.

    Raises:
        TableNotFound: it does not have the table, or the snapshot, any more.
    """
    if pin.catalog is None or pin.identifier is None:
        return None
    uri = f"iceberg://{quote(pin.catalog, safe='')}/{quote(pin.identifier, safe='')}"
    try:
        now = inspect_catalog_table(uri, pin.snapshot_id, options).pin
    except TableNotFound as error:
        saw(uri, str(error))
        raise
    except TableError as error:
        saw(uri, str(error))
        return None
    saw(uri, "has the snapshot")
    return now.metadata_location if isinstance(now, IcebergPin) else None


def _newest_beside(metadata_location: str, store: StorageOptions) -> str:
    """The table's newest metadata file where the recorded one was.

    It may be of a commit that failed, so it does not tell which snapshot is current; but it lists those that
    the table had by then.

    Raises:
        TableNotFound: there is none.
    """
    directory = metadata_location.rpartition("/")[0]
    found = [each for each in open_storage(directory, store).list() if is_iceberg_metadata(each.path)]
    if not found:
        raise TableNotFound(f"{metadata_location} is gone, and so is every other metadata file beside it.")
    return f"{directory}/{max(found, key=_age).path}"


def _age(stored: StoredObject) -> tuple[datetime, int]:
    """Stores tell whole seconds; files are numbered, as in `00012-….metadata.json` and `v12.metadata.json`."""
    number = re.match(r"v?(\d{1,18})", stored.path)
    return stored.modified, int(number[1]) if number else 0

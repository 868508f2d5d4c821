"""Iceberg: the metadata file and the snapshot's manifest list; the catalog where that metadata file is gone."""

from __future__ import annotations

from urllib.parse import quote

from registry_dagster.errors import TableError, TableNotFound
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.iceberg.catalog import inspect_catalog_table
from registry_dagster.tables.iceberg.files import newest_metadata, read_metadata
from registry_dagster.tables.iceberg.manifest_list import is_whole
from registry_dagster.tables.iceberg.metadata import Metadata
from registry_dagster.tables.iceberg.named import may_follow, named_in
from registry_dagster.tables.iceberg.options import for_store
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import HTTP, StorageOptions, scheme_of
from registry_dagster.tables.storage.places import FOLLOW, place_of
from registry_dagster.tables.verdict import Look, Note

__all__ = ["verify_iceberg"]


def verify_iceberg(table: TableFacts, pin: IcebergPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a snapshot that expired, and a table that was created again. Looks at no manifest and no data file.

    Raises:
        TableError: the store cannot answer, or the metadata is damaged.
    """
    store = for_store(options, pin.catalog)
    metadata = _recorded_or_later(pin, options, store, note)
    with metadata.complete():
        uuid, snapshot = metadata.json["table-uuid"], metadata.find(pin.snapshot_id)
        manifests = snapshot.manifests if snapshot else []
    if uuid != pin.table_uuid:
        note(metadata.where, f"metadata of table {uuid}")
        return Look("changed", f"another table is there: its uuid is {uuid}, but {pin.table_uuid} was recorded.")
    if snapshot is None:
        note(metadata.where, f"metadata of the table without snapshot {pin.snapshot_id}")
        return Look("missing", f"the table does not have snapshot {pin.snapshot_id}: it expired.")
    note(metadata.where, f"names snapshot {pin.snapshot_id} of table {pin.table_uuid}, as recorded")
    return _manifests(pin, manifests, store, note)


def _recorded_or_later(pin: IcebergPin, options: StorageOptions | None, store: StorageOptions, note: Note) -> Metadata:
    """The recorded metadata file; if it has aged out, the one that the catalog names, else the newest beside it.

    Raises:
        TableNotFound: none of them exists, or the catalog no longer has the table or the snapshot.
    """
    try:
        return _read(pin.metadata_location, store)
    except TableNotFound:
        note(pin.metadata_location, "no longer there")
    named = _in_catalog(pin, options, note)
    if named is not None and scheme_of(named) in HTTP and place_of(named) != place_of(pin.metadata_location):
        raise TableError(f"The catalog names {named}, a web server that the storage options were not given for.")
    return _read(named or _newest_beside(pin.metadata_location, store), store)


def _read(location: str, store: StorageOptions) -> Metadata:
    storage = open_storage(location, store)
    return read_metadata(storage, storage.head())


def _in_catalog(pin: IcebergPin, options: StorageOptions | None, note: Note) -> str | None:
    """The metadata file that the recorded catalog names now; None where no catalog can be asked.

    Raises:
        TableNotFound: it no longer has the table, or the snapshot.
    """
    uri = _uri_in_catalog(pin)
    if uri is None:
        return None
    try:
        now = inspect_catalog_table(uri, pin.snapshot_id, options).pin
    except TableNotFound as error:
        note(uri, str(error))
        raise
    except TableError as error:
        note(uri, str(error))
        return None
    note(uri, "has the snapshot")
    return now.metadata_location if isinstance(now, IcebergPin) else None


def _uri_in_catalog(pin: IcebergPin) -> str | None:
    if pin.catalog is None or pin.identifier is None:
        return None
    return f"iceberg://{quote(pin.catalog, safe='')}/{quote(pin.identifier, safe='')}"


def _newest_beside(metadata_location: str, store: StorageOptions) -> str:
    directory = metadata_location.rpartition("/")[0]
    if (newest := newest_metadata(open_storage(directory, store))) is None:
        raise TableNotFound(f"{metadata_location} is gone, and so is every other metadata file beside it.")
    return f"{directory}/{newest.path}"


def _manifests(pin: IcebergPin, manifests: list[str], store: StorageOptions, note: Note) -> Look:
    name = f"snapshot {pin.snapshot_id}"
    if not manifests:
        return Look("unknown", f"the metadata of {name} has neither a manifest list nor manifests.")
    where = named_in(pin.metadata_location, manifests[0])
    if not may_follow(where, pin.metadata_location, store):
        note(where, "not looked at")
        return Look(
            "unknown",
            f"{name} is in the table, but its manifest list is at {where}, outside of the place that the storage "
            f"options were given for. To look there too, add {place_of(where)} to storage_options as {FOLLOW}.",
        )
    try:
        stored, whole = is_whole(open_storage(where, store))
    except TableNotFound:
        note(where, "no longer there")
        return Look("missing", f"{name} expired or was removed: its manifest list is gone.")
    note(where, f"{'there' if whole else 'damaged'}, {stored.size:,} bytes")
    if not whole:
        return Look(
            "changed", f"{name} is in the table, but its manifest list is damaged: {where} is cut off or empty."
        )
    return Look("intact", f"{name} is in the table, and its manifest list exists.")

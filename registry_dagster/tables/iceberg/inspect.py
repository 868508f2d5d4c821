"""Iceberg tables: one read of the metadata file."""

from __future__ import annotations

from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.iceberg.files import current_metadata, read_metadata
from registry_dagster.tables.iceberg.metadata import Json, Metadata, Snapshot
from registry_dagster.tables.iceberg.named import is_below, named_in
from registry_dagster.tables.iceberg.partitions import partition_columns
from registry_dagster.tables.storage.locations import normalise, plain_text
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions, scheme_of
from registry_dagster.tables.storage.places import place_of
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["facts_from_metadata", "inspect_iceberg", "reason_of"]


def inspect_iceberg(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of an Iceberg snapshot, from a metadata file or the directory of a table.

    Args:
        storage: At a `*.metadata.json`, or at the table's directory.
        version: A snapshot's id, or the name of a tag or branch; the current snapshot by default.
        storage_options: For the manifest list of a table whose partitioning was changed.
        count_bytes: Not needed: the metadata has the counts.

    Raises:
        TableNotFound: no such snapshot, or the hint points nowhere.
        TableError: it is not known which metadata file is current.
        UnsupportedTable: damaged metadata, no snapshot yet, or types that pyiceberg does not read.
    """
    stored = storage.head() if storage.is_object() else current_metadata(storage)
    metadata = read_metadata(storage, stored)
    facts = facts_from_metadata(metadata, version, options=storage_options)
    _refuse_copied(metadata, facts, storage_options)
    return facts


def _refuse_copied(metadata: Metadata, facts: TableFacts, options: StorageOptions | None) -> None:
    """A copy still names the files of the table it was copied from, which may be gone or go on changing.

    Metadata of a table in another store cannot be checked here; that in another directory of a bucket can.
    """
    if is_below(metadata.where, facts.location) or place_of(metadata.where) != place_of(facts.location):
        return
    if scheme_of(facts.location) != "file" and _has_manifests(metadata, facts, options):
        return
    raise UnsupportedTable(
        f"{metadata.where} is metadata of the table at {facts.location}, and not of one where it is kept: the table "
        "was copied or moved, and readers would follow the old locations. Register the copy in a catalog, or rewrite "
        "its locations."
    )


def _has_manifests(metadata: Metadata, facts: TableFacts, options: StorageOptions | None) -> bool:
    """Whether the first of the snapshot's lists of manifests is where the metadata says."""
    snapshot = metadata.find(facts.pin.snapshot_id) if isinstance(facts.pin, IcebergPin) else None
    manifests = snapshot.manifests if snapshot else []
    return all(open_storage(named_in(metadata.where, each), options).exists() for each in manifests[:1])


def facts_from_metadata(
    metadata: Metadata,
    version: int | str | None,
    catalog: str | None = None,
    identifier: str | None = None,
    *,
    options: StorageOptions | None = None,
) -> TableFacts:
    """Facts of a snapshot, from a table's metadata.

    Args:
        metadata: Of the table.
        version: See `inspect_iceberg`.
        catalog, identifier: The table's catalog, and its name there.
        options: Of the table's store.

    Raises:
        TableNotFound: no such snapshot.
        UnsupportedTable: damaged metadata, no snapshot yet, or types that pyiceberg does not read.
    """
    with metadata.complete():
        snapshot = metadata.snapshot(version)
        described = metadata.schema_of(snapshot)
        schema = _arrow_schema(described, metadata.where)
        return TableFacts(
            location=named_in(metadata.where, metadata.json["location"]),
            pin=IcebergPin(
                table_uuid=metadata.json["table-uuid"],
                snapshot_id=snapshot.id,
                schema_id=described.get("schema-id", 0),
                metadata_location=normalise(metadata.where),
                committed_at=snapshot.committed_at,
                catalog=catalog,
                identifier=identifier,
            ),
            fields=fields_of(schema),
            arrow_schema=encode_schema(schema),
            widths=widths_of(schema),
            partition_columns=tuple(map(join_path, partition_columns(metadata, snapshot, described, options))),
            rows=_rows(snapshot),
            bytes=snapshot.count("total-files-size"),
            files=snapshot.count("total-data-files"),
        )


def _rows(snapshot: Snapshot) -> int | None:
    """Exact only without delete files: how many rows those delete is known to a reader of the data alone."""
    return snapshot.count("total-records") if snapshot.count("total-delete-files") == 0 else None


def _arrow_schema(described: Json, where: str) -> Any:
    import pyarrow as pa
    from pydantic import ValidationError as InvalidModel
    from pyiceberg.exceptions import ValidationError
    from pyiceberg.io.pyarrow import schema_to_pyarrow
    from pyiceberg.schema import Schema

    try:
        return schema_to_pyarrow(Schema.model_validate(described), include_field_ids=False)
    except (InvalidModel, ValidationError, NotImplementedError, ValueError, pa.ArrowException) as error:
        raise UnsupportedTable(
            f"{where}: pyiceberg cannot read the snapshot's schema ({reason_of(error)}). "
            "Store the column as another type, or upgrade pyiceberg."
        ) from error


def reason_of(error: Exception) -> str:
    """The first problem that pydantic found, and where, without the values around it; or the error itself."""
    problems = getattr(error.__cause__ or error, "errors", None)
    if problems is None:
        return plain_text(error)
    first = problems()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"

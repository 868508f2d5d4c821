"""Iceberg tables: one read of the metadata file, or one question to a catalog.

The fields named here are those of the Iceberg table spec, appendix "JSON serialization".
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of
from registry_dagster.tables.deadline import within
from registry_dagster.tables.detect import is_iceberg_metadata
from registry_dagster.tables.failures import TableAccessDenied, TableUnreachable, table_error
from registry_dagster.tables.libraries import for_pyiceberg
from registry_dagster.tables.locations import normalise, plain_text
from registry_dagster.tables.options import StorageOptions
from registry_dagster.tables.storage import Storage

if TYPE_CHECKING:
    from pyiceberg.table import Table

__all__ = ["inspect_catalog_table", "inspect_iceberg"]

Json = dict[str, Any]
_HINT = "metadata/version-hint.text"
_NO_CURRENT = (None, -1)


def inspect_iceberg(storage: Storage, version: int | str | None = None) -> TableFacts:
    """Facts of an Iceberg snapshot, from a metadata file or the directory of a table.

    In a directory, `version-hint.text` says which metadata file is current. Without it there must be
    only one: the highest of several may be from a commit that never succeeded.

    Args:
        storage: At a `*.metadata.json`, or at the table's directory.
        version: A snapshot's id, or the name of a tag or branch; the current snapshot by default.

    Raises:
        TableNotFound: no such snapshot, or the hint points nowhere.
        TableError: which metadata file is current cannot be told.
        UnsupportedTable: damaged metadata, no snapshot yet, or types this release does not read.
    """
    path = "" if storage.is_object() else _current_metadata(storage)
    where = f"{storage.location}/{path}" if path else storage.location
    data = storage.read(path)
    try:
        metadata = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (ValueError, OSError, EOFError) as error:
        raise UnsupportedTable(f"{where} is no Iceberg metadata: it cannot be read as JSON ({error}).") from error
    return _facts(metadata, where, version)


def inspect_catalog_table(
    location: str, version: int | str | None = None, storage_options: StorageOptions | None = None
) -> TableFacts:
    """Facts of an Iceberg snapshot, from the catalog that `iceberg://CATALOG/namespace.table` names.

    Args:
        location: The URI.
        version: As for `inspect_iceberg`.
        storage_options: Properties of the catalog, over those in pyiceberg's own configuration, and options
            of the table's store by fsspec's names.

    Raises:
        TableNotFound: no such table or snapshot.
        TableAccessDenied, TableUnreachable: the catalog or the table's store refuses, or does not answer.
        TableError: the catalog is not configured.
        UnsupportedTable: as for `inspect_iceberg`.
    """
    from pyiceberg.catalog import load_catalog
    from pyiceberg.exceptions import NoSuchNamespaceError, NoSuchTableError

    parts = urlsplit(location)
    catalog, identifier = unquote(parts.netloc), unquote(parts.path.strip("/"))
    if not catalog or "." not in identifier:
        raise TableError(f"{location} names no catalog table; write iceberg://CATALOG/namespace.table.")
    properties, seconds = for_pyiceberg(storage_options)
    if version is None:
        properties["snapshot-loading-mode"] = "refs"

    def load() -> Table:
        with load_catalog(catalog, **properties) as opened:
            return opened.load_table(identifier)

    try:
        table = within(seconds, load)
    except (NoSuchTableError, NoSuchNamespaceError) as error:
        raise TableNotFound(f"The Iceberg catalog {catalog!r} has no table {identifier}.") from error
    except Exception as error:
        kind = type(table_error(error, location, seconds))
        waited = f" within {seconds:g} s" if isinstance(error, TimeoutError) else ""
        raise (kind if kind in {TableAccessDenied, TableUnreachable} else TableError)(
            f"The Iceberg catalog {catalog!r} did not give table {identifier}{waited} ({type(error).__name__}). "
            "Check its properties in storage_options, in .pyiceberg.yaml, or in the variables "
            f"PYICEBERG_CATALOG__{catalog.upper()}__*."
        ) from None
    metadata = json.loads(table.metadata.model_dump_json())
    return _facts(metadata, table.metadata_location, version, catalog, identifier)


def _current_metadata(storage: Storage) -> str:
    if (hint := _hint(storage)) is not None:
        stem = f"v{hint}" if hint.isdecimal() else hint
        names = [stem] if is_iceberg_metadata(stem) else _spellings(stem)
        for name in names:
            if storage.exists(f"metadata/{name}"):
                return f"metadata/{name}"
        raise TableNotFound(f"{storage.location}/{_HINT} says {hint[:100]!r}, but there is no metadata/{names[0]}.")
    found = [stored.path for stored in storage.list("metadata/") if is_iceberg_metadata(stored.path)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise TableNotFound(f"{storage.location} has no Iceberg metadata: no metadata/*.metadata.json in it.")
    raise TableError(
        f"{storage.location} has {len(found)} metadata files and no version-hint.text, so which is current "
        "cannot be told: the newest may be from a commit that failed. Ask its catalog "
        f"(iceberg://CATALOG/namespace.table), or name the file, e.g. {storage.location}/{found[-1]}."
    )


def _hint(storage: Storage) -> str | None:
    try:
        return storage.read(_HINT).decode("utf-8", "replace").strip()
    except TableNotFound:
        return None


def _spellings(stem: str) -> list[str]:
    return [f"{stem}.metadata.json", f"{stem}.gz.metadata.json", f"{stem}.metadata.json.gz"]


def _facts(
    metadata: Json,
    where: str,
    version: int | str | None,
    catalog: str | None = None,
    identifier: str | None = None,
) -> TableFacts:
    try:
        snapshot = _snapshot(metadata, where, version)
        described = _schema_of(metadata, snapshot)
        schema = _arrow_schema(described, where)
        summary: dict[str, str] = snapshot.get("summary") or {}
        return TableFacts(
            location=normalise(metadata["location"]),
            pin=IcebergPin(
                table_uuid=metadata["table-uuid"],
                snapshot_id=snapshot["snapshot-id"],
                schema_id=described.get("schema-id", 0),
                metadata_location=normalise(where),
                committed_at=datetime.fromtimestamp(snapshot["timestamp-ms"] / 1000, tz=timezone.utc),
                catalog=catalog,
                identifier=identifier,
            ),
            fields=fields_of(schema),
            arrow_schema=encode_schema(schema),
            partition_columns=tuple(_partition_columns(metadata, described)),
            rows=_count(summary, "total-records") if _count(summary, "total-delete-files") == 0 else None,
            bytes=_count(summary, "total-files-size"),
            files=_count(summary, "total-data-files"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise UnsupportedTable(
            f"{where} is no complete Iceberg metadata: {plain_text(error)} is missing or of another type."
        ) from error


def _snapshot(metadata: Json, where: str, version: int | str | None) -> Json:
    snapshots = cast("list[Json]", metadata.get("snapshots") or [])
    wanted = metadata.get("current-snapshot-id") if version is None else _snapshot_id(metadata, version)
    if version is None and wanted in _NO_CURRENT:
        raise UnsupportedTable(
            f"{where}: the Iceberg table has no snapshot; nothing was written to it yet. Write to it first."
        )
    for snapshot in snapshots:
        if snapshot["snapshot-id"] == wanted:
            return snapshot
    raise TableNotFound(
        f"{where} has no snapshot {wanted if version is None else version}; it has {len(snapshots)} of them"
        f"{_and_refs(metadata)}. It may have expired, or be of another table."
    )


def _snapshot_id(metadata: Json, version: int | str) -> int | None:
    refs: dict[str, Json] = metadata.get("refs") or {}
    if str(version) in refs:
        return int(refs[str(version)]["snapshot-id"])
    return int(version) if str(version).isascii() and str(version).isdecimal() else None


def _and_refs(metadata: Json) -> str:
    names = sorted(metadata.get("refs") or {})
    return f" and the tags or branches {', '.join(names[:5])}" if names else ""


def _schema_of(metadata: Json, snapshot: Json) -> Json:
    """The schema of the snapshot; one that names none (format v1) has the table's current schema."""
    schemas = cast("list[Json]", metadata.get("schemas") or [metadata["schema"]])
    wanted = snapshot.get("schema-id", metadata.get("current-schema-id", schemas[-1].get("schema-id")))
    for schema in schemas:
        if schema.get("schema-id") == wanted:
            return schema
    raise KeyError(f"schema {wanted}")


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
            f"{where}: pyiceberg cannot read the snapshot's schema ({_reason(error)}). "
            "Store the column as another type, or upgrade pyiceberg."
        ) from error


def _reason(error: Exception) -> str:
    """What is wrong, from a validation error's second and third lines or the error itself."""
    problems = getattr(error, "errors", None)
    if problems is None:
        return plain_text(error)
    first = problems()[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"


def _partition_columns(metadata: Json, described: Json) -> Iterator[str]:
    """The columns that are partitioned by their own value, not by a bucket or a part of it."""
    paths = dict(_paths((), described))
    unnumbered: Json = {"spec-id": 0, "fields": metadata.get("partition-spec") or []}
    specs: list[Json] = metadata.get("partition-specs") or [unnumbered]
    for spec in specs:
        if spec["spec-id"] == metadata.get("default-spec-id", 0):
            for field in spec["fields"]:
                if field["transform"] == "identity" and field["source-id"] in paths:
                    yield join_path(paths[field["source-id"]])


def _paths(above: tuple[str, ...], struct: Json) -> Iterator[tuple[int, tuple[str, ...]]]:
    for field in struct["fields"]:
        path = (*above, field["name"])
        yield field["id"], path
        if isinstance(field["type"], dict) and field["type"]["type"] == "struct":
            yield from _paths(path, field["type"])


def _count(summary: Mapping[str, str], key: str) -> int | None:
    value = summary.get(key, "")
    return int(value) if value.isdecimal() else None

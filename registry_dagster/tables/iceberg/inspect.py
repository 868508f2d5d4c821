"""Iceberg tables: one read of the metadata file.

The fields named here are those of the Iceberg table spec, appendix "JSON serialization".
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime, timezone
from typing import Any, cast

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.detect import is_iceberg_metadata
from registry_dagster.tables.storage.locations import normalise, plain_text
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["facts_from_metadata", "inspect_iceberg", "reason_of"]

Json = dict[str, Any]
_HINT = "metadata/version-hint.text"
_NO_CURRENT = (None, -1)
_FORMAT_VERSIONS = (1, 2, 3)


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
    stored = storage.head() if storage.is_object() else _current_metadata(storage)
    where = f"{storage.location}/{stored.path}" if stored.path else storage.location
    data = storage.read(stored.path, 0, stored.size)
    try:
        metadata = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
    except (ValueError, OSError, EOFError, zlib.error) as error:
        raise UnsupportedTable(f"{where} is no Iceberg metadata: it cannot be read as JSON ({error}).") from error
    return facts_from_metadata(metadata, where, version)


def _current_metadata(storage: Storage) -> StoredObject:
    if (hint := _hint(storage)) is not None:
        stem = f"v{hint}" if hint.isdecimal() else hint
        names = [stem] if is_iceberg_metadata(stem) else _spellings(stem)
        for name in names:
            with suppress(TableNotFound):
                return storage.head(f"metadata/{name}")
        raise TableNotFound(f"{storage.location}/{_HINT} says {hint[:100]!r}, but there is no metadata/{names[0]}.")
    found = [stored for stored in storage.list("metadata/") if is_iceberg_metadata(stored.path)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise TableNotFound(f"{storage.location} has no Iceberg metadata: no metadata/*.metadata.json in it.")
    raise TableError(
        f"{storage.location} has {len(found)} metadata files and no version-hint.text, so which is current "
        "cannot be told: the newest may be from a commit that failed. Ask its catalog "
        f"(iceberg://CATALOG/namespace.table), or name the file, e.g. {storage.location}/{found[-1].path}."
    )


def _hint(storage: Storage) -> str | None:
    try:
        return storage.read(_HINT).decode("utf-8", "replace").strip()
    except TableNotFound:
        return None


def _spellings(stem: str) -> list[str]:
    return [f"{stem}.metadata.json", f"{stem}.gz.metadata.json", f"{stem}.metadata.json.gz"]


def facts_from_metadata(
    metadata: Json,
    where: str,
    version: int | str | None,
    catalog: str | None = None,
    identifier: str | None = None,
) -> TableFacts:
    """Facts of a snapshot, from the JSON of a table's metadata.

    Args:
        metadata: The JSON.
        where: Location of the metadata file.
        version: As for `inspect_iceberg`.
        catalog, identifier: The table's catalog, and its name there.

    Raises:
        As for `inspect_iceberg`.
    """
    try:
        if (format_version := metadata["format-version"]) not in _FORMAT_VERSIONS:
            raise UnsupportedTable(
                f"{where} is an Iceberg table of format version {format_version}; this release reads 1 to 3. "
                "Upgrade registry-dagster."
            )
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
                committed_at=_moment(snapshot["timestamp-ms"]),
                catalog=catalog,
                identifier=identifier,
            ),
            fields=fields_of(schema),
            arrow_schema=encode_schema(schema),
            widths=widths_of(schema),
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
            f"{where}: pyiceberg cannot read the snapshot's schema ({reason_of(error)}). "
            "Store the column as another type, or upgrade pyiceberg."
        ) from error


def reason_of(error: Exception) -> str:
    """What is wrong first, and where, without the values around it; or the error itself."""
    problems = getattr(error.__cause__ or error, "errors", None)
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


def _moment(milliseconds: int) -> datetime:
    try:
        return datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    except (ValueError, OverflowError, OSError) as error:
        raise TypeError(f"timestamp-ms {milliseconds}") from error

"""Delta tables: what the log says of a version, without its list of files.

Sections named here are those of the Delta Transaction Log Protocol, PROTOCOL.md of delta-io/delta.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.names import join_path
from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.arrow import encode_schema, fields_of, widths_of
from registry_dagster.tables.delta.actions import Action, well_formed
from registry_dagster.tables.delta.checksum import checksum_of, count_in
from registry_dagster.tables.delta.commit import Commit
from registry_dagster.tables.delta.counts import count_files
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.delta.moments import committed_at
from registry_dagster.tables.delta.schema import arrow_schema
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.whole_number import whole_number

__all__ = ["inspect_delta"]

_READER_VERSION = 3
_SHORT_LOG = 1 << 20
"""Bytes of a log that are counted only to prove a checksum file right."""
_READER_FEATURES = {
    "columnMapping",
    "deletionVectors",
    "timestampNtz",
    "typeWidening",
    "typeWidening-preview",
    "v2Checkpoint",
    "vacuumProtocolCheck",
    "variantShredding",
    "variantShredding-preview",
    "variantType",
    "variantType-preview",
}
"""Features that change only how data or checkpoints are read, or that this package knows how to read."""


def inspect_delta(
    storage: Storage,
    version: int | str | None = None,
    *,
    storage_options: StorageOptions | None = None,
    count_bytes: int | None = None,
) -> TableFacts:
    """Facts of a version of a Delta table, the latest by default.

    Columns have their logical names. Bytes and files are known at no cost if the version has a checksum file
    (`{version}.crc`). Rows are not: counting them means reading every file's entry in the log.

    Args:
        storage: At the table.
        version: A number.
        storage_options: Not needed: the storage reads all.
        count_bytes: How many bytes of the log may be read to count; None: no counting.

    Raises:
        TableNotFound: no log, or the version is not or no longer in it.
        UnsupportedTable: a damaged log, or a reader feature that registry-dagster does not know.
    """
    with well_formed(storage):
        return _facts(storage, Log.read(storage, _number(storage, version)), count_bytes)


def _facts(storage: Storage, log: Log, count_bytes: int | None) -> TableFacts:
    commit = Commit.read(storage, log.commit) if log.commit else Commit({})
    own = commit.actions
    actions = log.replay(storage, own)
    metadata = actions["metaData"]
    _refuse_unknown_features(storage, actions)
    schema = arrow_schema(_value(storage, actions, "metaData", "schemaString"), storage.location)
    checksum = checksum_of(storage, log, actions, own)
    rows, size, files = _counts(storage, log, checksum, count_bytes)
    return TableFacts(
        location=storage.location,
        pin=DeltaPin(
            table_id=_value(storage, actions, "metaData", "id"),
            version=log.version,
            committed_at=committed_at(storage, log, metadata, {**checksum, **own}),
            commit_digest=commit.digest,
            reader_features=_features(actions),
        ),
        fields=fields_of(schema),
        arrow_schema=encode_schema(schema),
        widths=widths_of(schema),
        partition_columns=tuple(join_path((name,)) for name in metadata.get("partitionColumns") or ()),
        rows=rows,
        bytes=size,
        files=files,
    )


def _features(actions: Action) -> tuple[str, ...]:
    """The reader features that matter to a reader of the version, by the protocol and the table's properties.

    Section "Column Mapping": with reader version 2 the mode alone says whether columns are mapped.
    """
    configuration = dict(actions["metaData"].get("configuration") or {})
    named: list[str] = actions["protocol"].get("readerFeatures") or []
    features = set(named) - {"columnMapping"}
    if configuration.get("delta.columnMapping.mode", "none") != "none":
        features.add("columnMapping")
    return tuple(sorted(features))


def _counts(
    storage: Storage, log: Log, checksum: Action, count_bytes: int | None
) -> tuple[int | None, int | None, int | None]:
    """Rows, bytes and files: counted, else as the checksum file says."""
    counts = None if count_bytes is None else count_files(storage, log, count_bytes)
    return (counts.rows, counts.bytes, counts.files) if counts else _from_checksum(storage, log, checksum)


def _from_checksum(storage: Storage, log: Log, checksum: Action) -> tuple[None, int | None, int | None]:
    """Bytes and files as the checksum file says, or as a short log says, which costs as little."""
    size, files = count_in(checksum, "tableSizeBytes"), count_in(checksum, "numFiles")
    if size is None and files is None:
        return None, None, None
    short = count_files(storage, log, _SHORT_LOG)
    return (None, size, files) if short is None else (None, short.bytes, short.files)


def _number(storage: Storage, version: int | str | None) -> int | None:
    number = whole_number(version)
    if number is None and version is not None:
        raise TableNotFound(
            f"{storage.location}: {version!r} is not a version of a Delta table; give a whole number, such as 3."
        )
    return number


def _value(storage: Storage, actions: Mapping[str, Any], action: str, name: str) -> Any:
    try:
        return actions[action][name]
    except (KeyError, TypeError) as error:
        raise UnsupportedTable(
            f"{storage.location}: its {LOG}/ has a {action} without {name}. The log is damaged; restore it."
        ) from error


def _refuse_catalog_managed(storage: Storage, features: Collection[str]) -> None:
    managed = sorted(feature for feature in features if feature.startswith(("catalogManaged", "catalogOwned")))
    if managed:
        raise UnsupportedTable(
            f"{storage.location} is a catalog-managed Delta table ({', '.join(managed)}): its log alone does "
            "not say which version is current. Copy or clone it to a table without that feature."
        )


def _refuse_unknown_features(storage: Storage, actions: Mapping[str, Any]) -> None:
    """Section "Reader Version Requirements": a reader must know every feature that is listed."""
    required = _value(storage, actions, "protocol", "minReaderVersion")
    features = set(actions["protocol"].get("readerFeatures") or ()) - _READER_FEATURES
    _refuse_catalog_managed(storage, features)
    if features or required > _READER_VERSION:
        what = ", ".join(sorted(features)) or f"minReaderVersion {required}"
        raise UnsupportedTable(
            f"{storage.location} needs a Delta reader that knows {what}; this version of registry-dagster does not. "
            "Upgrade it, or drop the feature from the table."
        )

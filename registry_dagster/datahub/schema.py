"""Arrow schema ⇄ DataHub's SchemaMetadata. Deterministic; every Arrow type, nullability and nesting kept."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from pydantic import TypeAdapter, ValidationError

from registry_dagster.datahub.glossary import column_terms
from registry_dagster.datahub.limits import searchable
from registry_dagster.datahub.proposal import Aspect
from registry_dagster.datahub.urns import PLATFORM, field_urn, platform_urn, version_urn
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model import dtypes
from registry_dagster.model.canonical_json import canonical_array, json_text, sha256_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.recorded import reading_records
from registry_dagster.model.reference import Reference
from registry_dagster.model.table import TableField
from registry_dagster.model.words import semantic_words

__all__ = [
    "arrow_schema_from",
    "columns_from",
    "fields_from",
    "linked_references",
    "models_of_columns",
    "models_of_fields",
    "schema_digest",
    "schema_metadata",
]

_COLUMN: TypeAdapter[AnyColumn] = TypeAdapter(AnyColumn)
_EPOCH = {"time": 0, "actor": "urn:li:corpuser:unknown"}
_KINDS: Sequence[tuple[Callable[[str], bool], str]] = (
    (dtypes.is_boolean, "Boolean"),
    (dtypes.is_number, "Number"),
    (dtypes.is_text, "String"),
)
_STARTS_WITH = {
    "timestamp": "Time",
    "date": "Date",
    "time": "Time",
    "duration": "Time",
    "interval": "Time",
    "fixed_size_binary": "Fixed",
    "binary": "Bytes",
    "large_binary": "Bytes",
    "struct": "Record",
    "map": "Map",
    "dense_union": "Union",
    "sparse_union": "Union",
    "null": "Null",
}


def schema_metadata(record: DatasetVersion, env: str) -> Aspect:
    """The table's fields with their meaning. The exact Arrow schema is in `platformSchema`."""
    partitions = set(record.table.partition_columns)
    columns: Mapping[str, Mapping[str, Any]] = record.json_form.get("columns", {})
    foreign_keys = [_foreign_key(record, reference, target, env) for reference, target in linked_references(record)]
    return {
        "schemaName": record.dataset,
        "platform": platform_urn(PLATFORM),
        "version": 0,
        "created": _EPOCH,
        "lastModified": _EPOCH,
        "hash": "",
        "platformSchema": {"com.linkedin.schema.OtherSchema": {"rawSchema": record.table.arrow_schema}},
        "fields": [
            _field(field.path, field.type, field.nullable, field.path in partitions, _text_of(columns.get(field.path)))
            for field in record.table.fields
        ],
        **({"foreignKeys": foreign_keys} if foreign_keys else {}),
    }


def fields_from(schema: Aspect) -> list[dict[str, Any]]:
    """The JSON of the table's fields, as they were published."""
    return [
        _field_json(field["fieldPath"], field["nativeDataType"], bool(field.get("nullable", False)))
        for field in schema["fields"]
    ]


def _field_json(path: str, dtype: str, nullable: bool) -> dict[str, Any]:
    return {"path": path, "type": dtype, **({} if nullable else {"nullable": False})}


def columns_from(schema: Aspect) -> dict[str, Any]:
    """Column path → the JSON of its semantic, not to be changed."""
    fields: list[Aspect] = schema.get("fields", [])
    return {field["fieldPath"]: _column_json(field["jsonProps"]) for field in fields if field.get("jsonProps")}


def models_of_fields(schema: Aspect) -> list[TableField | dict[str, Any]]:
    """The table's fields; one that is not well formed as its JSON."""
    fields: list[Aspect] = schema["fields"]
    return [
        _field_model(each["fieldPath"], each["nativeDataType"], bool(each.get("nullable", False))) for each in fields
    ]


def models_of_columns(schema: Aspect) -> dict[str, Any]:
    """Column path → its semantic; one that is not well formed as its JSON."""
    fields: list[Aspect] = schema["fields"]
    return {each["fieldPath"]: _column_model(each["jsonProps"]) for each in fields if each.get("jsonProps")}


# Versions of a dataset have the same columns, and tables the same fields: each is read once.
@lru_cache(maxsize=4096)
def _column_json(text: str) -> Any:
    return json.loads(text)


@lru_cache(maxsize=4096)
@reading_records()
def _field_model(path: str, dtype: str, nullable: bool) -> TableField | dict[str, Any]:
    try:
        return TableField(path=path, type=dtype, nullable=nullable)
    except InvalidDeclaration:
        return _field_json(path, dtype, nullable)


@lru_cache(maxsize=4096)
@reading_records()
def _column_model(text: str) -> object:
    column = _column_json(text)
    try:
        return _COLUMN.validate_python(column)
    except (InvalidDeclaration, ValidationError):
        return column


def schema_digest(record: DatasetVersion) -> str:
    """sha256 of the part of a record's JSON that this aspect holds, to find out which aspect was changed."""
    table = record.canonical_table
    return sha256_of(canonical_array([table["fields"], table["arrow_schema"], record.canonical.get("columns", "{}")]))


def arrow_schema_from(schema: Aspect) -> str:
    """The exact Arrow schema: base64 of its IPC message."""
    return schema["platformSchema"]["com.linkedin.schema.OtherSchema"]["rawSchema"]


def linked_references(record: DatasetVersion) -> Sequence[tuple[Reference, str]]:
    """References whose target's exact version and columns are known, with that version."""
    return [
        (reference, record.reference_versions[reference.link])
        for reference in record.references
        if reference.link is not None and reference.to_columns and reference.link in record.reference_versions
    ]


def _text_of(column: Mapping[str, Any] | None) -> bytes | None:
    """The JSON of a semantic, its attributes in order."""
    return None if column is None else orjson.dumps(column)


@lru_cache(maxsize=4096)
def _field(path: str, dtype: str, nullable: bool, partition: bool, column: bytes | None) -> Mapping[str, Any]:
    """A field with the JSON of its semantic, which versions of a dataset share. Not to be changed."""
    return {
        "fieldPath": path,
        "nullable": nullable,
        "type": _field_type(dtype),
        "nativeDataType": dtype,
        "recursive": False,
        "isPartOfKey": False,
        **({"isPartitioningKey": True} if partition else {}),
        **(_meaning(column) if column is not None else {}),
    }


@lru_cache(maxsize=4096)
def _meaning(text: bytes) -> Mapping[str, Any]:
    """What a column's semantic adds to its field. Not to be changed."""
    column = orjson.loads(text)
    words = " · ".join(semantic_words(column))
    return {
        "description": searchable(f"{column['description']}\n\n{words}" if "description" in column else words),
        "glossaryTerms": {
            "terms": [{"urn": urn} for urn in column_terms(column)],
            "auditStamp": _EPOCH,
        },
        "jsonProps": json_text(column),
    }


@lru_cache(maxsize=1024)
def _field_type(dtype: str) -> Mapping[str, Any]:
    """DataHub's type of a field. Not to be changed."""
    return {"type": _data_type(dtype)}


def _data_type(dtype: str) -> Mapping[str, Any]:
    if (element := dtypes.list_of(dtype)) is not None:
        (nested,) = _data_type(element[0])
        return {
            "com.linkedin.schema.ArrayType": {"nestedType": [nested.rsplit(".", 1)[1].removesuffix("Type").lower()]}
        }
    if dtype.startswith("map<"):
        key, _, value = dtype.removeprefix("map<").removesuffix(">").partition(", ")
        return {"com.linkedin.schema.MapType": {"keyType": key, "valueType": value}}
    return {f"com.linkedin.schema.{_type_name(dtype)}Type": {}}


def _type_name(dtype: str) -> str:
    if dtype.startswith("dictionary<"):
        return "Enum"
    stored = dtypes.storage(dtype)
    for is_kind, name in _KINDS:
        if is_kind(stored):
            return name
    return _name_by_start(stored)


def _name_by_start(stored: str) -> str:
    for start, name in _STARTS_WITH.items():
        if stored.startswith(start):
            return name
    return "Bytes" if "binary" in stored else "Null"


def _foreign_key(record: DatasetVersion, reference: Reference, target: str, env: str) -> dict[str, Any]:
    here, there = version_urn(record.name, env), version_urn(target, env)
    return {
        "name": f"{', '.join(reference.columns)} → {target}",
        "sourceFields": [field_urn(here, path) for path in reference.columns],
        "foreignFields": [field_urn(there, path) for path in reference.to_columns],
        "foreignDataset": there,
    }

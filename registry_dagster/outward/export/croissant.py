"""Croissant 1.1, which machine-learning venues ask for: https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html

A table is a `FileSet` without a hash: a registry records the state of a table, such as a Delta version or a fingerprint
of the list of files, and that is the hash of no file.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from registry_dagster.model.dtypes import (
    element,
    is_boolean,
    is_float,
    is_integer,
    is_nested,
    is_timestamp,
    list_of,
    storage,
)
from registry_dagster.model.table import TableField
from registry_dagster.model.words import reference_words, signal_words
from registry_dagster.outward.export.carried import carrying
from registry_dagster.outward.export.schema_org import about, based_on, field_words, media_type, state_words
from registry_dagster.outward.export.subject import Subject

__all__ = ["croissant"]

_TABLE, _ROWS = "table", "rows"
_FILES = {"parquet": "**/*.parquet", "delta": "**", "iceberg": "**", "lance": "**"}
_SIZED = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64", "Float16", "Float32", "Float64")
"""Croissant's own number types; Arrow's have the same names in lower case."""


def croissant(subject: Subject) -> dict[str, Any]:
    """The version as a Croissant document, before it is sealed."""
    facts = about(subject)
    facts["citeAs"] = subject.citation
    facts["url"] = f"https://doi.org/{subject.doi}" if subject.doi else None
    return {
        "@context": _CONTEXT,
        "@type": "Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.1",
        **{name: value for name, value in facts.items() if value is not None},
        "isBasedOn": based_on(subject),
        "distribution": [_distribution(subject)],
        "recordSet": [_record_set(subject)],
        "additionalProperty": carrying(subject.record),
    }


def _distribution(subject: Subject) -> dict[str, Any]:
    table = subject.record.table
    return {
        "@type": "cr:FileSet",
        "@id": _TABLE,
        "name": _TABLE,
        "description": state_words(table),
        "url": table.location,
        "encodingFormat": media_type(table),
        "includes": _FILES.get(table.format, table.location.rpartition("/")[2] or "*"),
    }


def _record_set(subject: Subject) -> dict[str, Any]:
    record = subject.record
    relations = [*map(reference_words, record.references), *map(signal_words, record.signals)]
    described = {"description": "\n".join(relations)} if relations else {}
    fields = [_field(subject, field) for field in record.table.fields if not is_nested(field.type)]
    return {"@type": "cr:RecordSet", "@id": _ROWS, "name": _ROWS, **described, "field": fields}


def _field(subject: Subject, field: TableField) -> dict[str, Any]:
    return {
        "@type": "cr:Field",
        "@id": f"{_ROWS}/{quote(field.path)}",
        "name": field.path,
        "description": field_words(subject, field),
        "dataType": _data_type(element(field.type)),
        **_array(field.type),
        "source": {"fileSet": {"@id": _TABLE}, "extract": {"column": field.path}},
    }


def _array(dtype: str) -> dict[str, Any]:
    """Of a list, that it is one, and its width if that is fixed."""
    found = list_of(dtype)
    if found is None:
        return {}
    return {"isArray": True, "arrayShape": str(found[1] or -1)}


def _data_type(dtype: str) -> str:
    plain = storage(dtype)
    sized = {name.lower(): f"cr:{name}" for name in _SIZED}
    if plain in sized:
        return sized[plain]
    if is_boolean(plain):
        return "sc:Boolean"
    if is_timestamp(plain):
        return "sc:DateTime" if plain.startswith("timestamp") else "sc:Date"
    return "sc:Integer" if is_integer(plain) else "sc:Float" if is_float(plain) else "sc:Text"


_CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
"""The context that the specification asks for."""

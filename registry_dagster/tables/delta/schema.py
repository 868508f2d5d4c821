"""A Delta table's schema as an Arrow schema, mapped by the deltalake package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from math import prod
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.arrow import WIDTH
from registry_dagster.tables.json_text import json_value
from registry_dagster.tables.storage.locations import plain_text

__all__ = ["arrow_schema"]

_EXTENSION, _PARAMETERS = "ARROW:extension:name", "ARROW:extension:metadata"
_LOST = {"arrow.fixed_shape_tensor", "arrow.uuid"}
"""Extension types of values of a fixed size, for which Delta has no type."""


def arrow_schema(schema_string: str, location: str) -> Any:
    """The `pyarrow.Schema` of `metaData.schemaString`.

    Field metadata that claims an extension type is left out where Delta stores the values as another type: no
    reader could restore the extension type. A tensor's number of elements is kept, as `dim`.

    Raises:
        UnsupportedTable: the schema is damaged, or has a type that deltalake or Arrow does not know.
    """
    import pyarrow as pa
    from deltalake import Schema
    from deltalake.exceptions import DeltaError

    try:
        exported: Any = Schema.from_json(_without_lost_types(schema_string)).to_arrow()
        return pa.schema(exported)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        NotImplementedError,
        DeltaError,
        pa.ArrowException,
    ) as error:
        raise UnsupportedTable(
            f"{location}: its Delta schema cannot be read as an Arrow schema: {plain_text(error)}. "
            "Store the column as a type the deltalake package reads, or upgrade it."
        ) from error


def _without_lost_types(schema_string: str) -> str:
    described: Any = json_value(schema_string)
    lost = [field for field in _fields(described) if field.get("metadata", {}).get(_EXTENSION) in _LOST]
    for field in lost:
        field["metadata"] = _stored_as(field["metadata"])
    return json.dumps(described) if lost else schema_string


def _fields(struct: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field in struct["fields"]:
        yield field
        if isinstance(field["type"], dict) and field["type"].get("type") == "struct":
            yield from _fields(field["type"])


def _stored_as(metadata: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in metadata.items() if name not in {_EXTENSION, _PARAMETERS}}
    shape = json.loads(metadata.get(_PARAMETERS) or "{}").get("shape")
    return {WIDTH: str(prod(shape)), **kept} if shape else kept

"""Iceberg tables for tests: written by pyiceberg into a SQL catalog, their metadata then changed by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.transforms import BucketTransform, IdentityTransform
from pyiceberg.types import ListType, LongType, NestedField, StringType, StructType

from registry_dagster.model.table import IcebergPin, TableFacts

__all__ = ["ARROW", "ROWS", "SCHEMA", "SPEC", "edited", "new_catalog", "new_table", "path_of", "pin_of"]

SCHEMA = Schema(
    NestedField(1, "body_id", LongType(), required=True),
    NestedField(2, "neuropil", StringType()),
    NestedField(3, "ids", ListType(4, LongType(), element_required=True)),
    NestedField(5, "pt", StructType(NestedField(6, "x", LongType()))),
)
SPEC = PartitionSpec(
    PartitionField(2, 1000, IdentityTransform(), "neuropil"),
    PartitionField(1, 1001, BucketTransform(4), "bucket"),
    PartitionField(6, 1002, IdentityTransform(), "x"),
)
ROWS = [{"body_id": number, "neuropil": "AL", "ids": [1], "pt": {"x": 1}} for number in range(3)]
ARROW = pa.schema(
    [
        pa.field("body_id", pa.int64(), nullable=False),
        ("neuropil", pa.string()),
        ("ids", pa.list_(pa.field("element", pa.int64(), nullable=False))),
        ("pt", pa.struct([("x", pa.int64())])),
    ]
)


def new_catalog(path: Path) -> SqlCatalog:
    """An empty catalog that keeps its tables below a directory."""
    catalog = SqlCatalog("c", uri=f"sqlite:///{path}/catalog.db", warehouse=path.as_uri())
    catalog.create_namespace("n")
    return catalog


def new_table(catalog: SqlCatalog, **properties: str) -> Table:
    """A table with one snapshot of three rows."""
    table = catalog.create_table("n.synapses", schema=SCHEMA, properties=properties)
    table.append(pa.Table.from_pylist(ROWS, schema=ARROW))
    return table


def pin_of(facts: TableFacts) -> IcebergPin:
    assert isinstance(facts.pin, IcebergPin)
    return facts.pin


def path_of(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def edited(table: Table, change: Callable[[dict[str, Any]], object]) -> Path:
    """A copy of the table's metadata file with something in it changed."""
    metadata = json.loads(path_of(table.metadata_location).read_text())
    change(metadata)
    copy = path_of(table.location()) / "edited.metadata.json"
    copy.write_text(json.dumps(metadata))
    return copy

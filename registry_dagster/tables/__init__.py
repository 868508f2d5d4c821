"""Location in; `TableFacts`, a verdict or reading code out. Only a table's own metadata is read, never its data."""

from __future__ import annotations

from registry_dagster.tables.arrow import decode_schema, encode_schema, fields_of
from registry_dagster.tables.csv.file import csv_file
from registry_dagster.tables.feather.file import feather_file
from registry_dagster.tables.inspect import inspect_table
from registry_dagster.tables.parquet.files import parquet_files
from registry_dagster.tables.verdict import Evidence, TableState, TableVerdict

__all__ = [
    "Evidence",
    "TableState",
    "TableVerdict",
    "csv_file",
    "decode_schema",
    "encode_schema",
    "feather_file",
    "fields_of",
    "inspect_table",
    "parquet_files",
]

"""TableFacts from storage: what a table says about itself, read from its metadata alone."""

from __future__ import annotations

from registry_dagster.tables.arrow import decode_schema, encode_schema, fields_of
from registry_dagster.tables.inspect import inspect_table
from registry_dagster.tables.parquet.files import parquet_files

__all__ = ["decode_schema", "encode_schema", "fields_of", "inspect_table", "parquet_files"]

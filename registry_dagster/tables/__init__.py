"""Location in; `TableFacts`, a verdict or reading code out. Only a table's own metadata is read, never its data."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

# Loaded when first used, as the names of the package itself: who reads a record opens no table.
_HOMES = {
    "arrow": "decode_schema encode_schema fields_of",
    "csv.file": "csv_file",
    "feather.file": "feather_file",
    "inspect": "inspect_table",
    "parquet.files": "parquet_files",
    "verdict": "Evidence TableState TableVerdict",
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)

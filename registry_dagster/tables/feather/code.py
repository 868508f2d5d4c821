"""Code that reads a Feather file, once it has checked that it is the published one."""

from __future__ import annotations

from registry_dagster.model.table import FeatherPin, TableFacts
from registry_dagster.tables.code import Code, opened_files, over_arrow, over_pandas, place, text
from registry_dagster.tables.engines import ANY_SCHEME, Engine, Readers
from registry_dagster.tables.storage.options import scheme_of

__all__ = ["READERS", "feather_code"]

READERS = Readers({"polars": {ANY_SCHEME}, "duckdb": {ANY_SCHEME}, "pyarrow": {ANY_SCHEME}, "pandas": {ANY_SCHEME}})


def feather_code(table: TableFacts, pin: FeatherPin, engine: Engine) -> Code:
    """Reads the file at the location, as long as it is the one of the pin."""
    found = Code.of(
        "from registry_dagster.tables import feather_file",
        "# Feather keeps no earlier state: this fails if the file is not the published one.",
        f"files = [feather_file({place(table.location)}, {text(pin.fingerprint)})]",
    )
    match engine:
        case "polars":
            return found + _polars(table)
        case "duckdb":
            return found + _dataset(table, "source") + over_arrow()
        case "pandas":
            return found + _dataset(table, "source") + over_pandas("source.to_table()")
        case _:
            return found + _dataset(table, "data")


def _polars(table: TableFacts) -> Code:
    if scheme_of(table.location) == "file":
        return Code.of("import polars as pl", "data = pl.scan_ipc(files, glob=False, hive_partitioning=False)")
    return _dataset(table, "source") + Code.of("import polars as pl", "data = pl.scan_pyarrow_dataset(source)")


def _dataset(table: TableFacts, variable: str) -> Code:
    opened, paths, options = opened_files(table.location, "files")
    return opened + Code.of(
        "import pyarrow.dataset as ds", f'{variable} = ds.dataset({paths}, format="feather"{options})'
    )

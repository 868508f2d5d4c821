"""Code that reads a CSV file, once it has checked that it is the published one."""

from __future__ import annotations

from registry_dagster.model.table import CsvPin, TableFacts
from registry_dagster.tables.code import Code, opened_files, over_arrow, over_pandas, place, text
from registry_dagster.tables.engines import ANY_SCHEME, Engine, Readers

__all__ = ["READERS", "csv_code"]

READERS = Readers({"polars": {ANY_SCHEME}, "duckdb": {ANY_SCHEME}, "pyarrow": {ANY_SCHEME}, "pandas": {ANY_SCHEME}})


def csv_code(table: TableFacts, pin: CsvPin, engine: Engine) -> Code:
    """Reads the file at the location with the recorded types, as long as it is that of the pin.

    Every engine reads through pyarrow: their own readers differ in what is null, true, or a moment.
    """
    found = Code.of(
        "from registry_dagster.tables import csv_file, decode_schema",
        "# A CSV file keeps no earlier state: this fails when it is no longer the published one.",
        f"files = [csv_file({place(table.location)}, {text(pin.fingerprint)})]",
        f"schema = decode_schema({text(table.arrow_schema)})",
    )
    variable = "data" if engine == "pyarrow" else "source"
    return found + _dataset(table, pin, variable) + _READING.get(engine, Code.of())


def _dataset(table: TableFacts, pin: CsvPin, variable: str) -> Code:
    opened, paths, options = opened_files(table.location, "files")
    names = "" if pin.header_line else "column_names=schema.names"
    return opened + Code.of(
        "import pyarrow.csv as pc",
        "import pyarrow.dataset as ds",
        "# Nothing between two commas is null; an empty text is written in quotes.",
        "values = pc.ConvertOptions(",
        '    null_values=[""],',
        "    strings_can_be_null=True,",
        "    quoted_strings_can_be_null=False,",
        '    true_values=["true", "True", "TRUE", "t", "1"],',
        '    false_values=["false", "False", "FALSE", "f", "0"],',
        ")",
        "form = ds.CsvFileFormat(",
        "    pc.ParseOptions(newlines_in_values=True),",
        "    convert_options=values,",
        f"    read_options=pc.ReadOptions({names}),",
        ")",
        f"{variable} = ds.dataset({paths}, format=form, schema=schema{options})",
    )


_READING = {
    "polars": Code.of("import polars as pl", "data = pl.scan_pyarrow_dataset(source)"),
    "duckdb": over_arrow(),
    "pandas": over_pandas("source.to_table()"),
}
"""Engine → what reads the dataset `source`."""

"""Code that reads Parquet files, once it has checked that they are the published ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.names import split_path
from registry_dagster.model.table import ParquetPin, TableFacts
from registry_dagster.tables.code import Code, opened_files, over_arrow, over_pandas, place, spark_session, text
from registry_dagster.tables.engines import ANY_SCHEME, Engine, Readers
from registry_dagster.tables.storage.options import HTTP

__all__ = ["READERS", "parquet_code"]

READERS = Readers(
    {
        "polars": HTTP,
        "duckdb": {ANY_SCHEME},
        "pyarrow": {ANY_SCHEME},
        "pandas": {ANY_SCHEME},
        "ray": {ANY_SCHEME},
        "spark": (),
    }
)


def parquet_code(table: TableFacts, pin: ParquetPin, engine: Engine) -> Code:
    """Reads the files at the location, as long as they are those of the pin.

    Values of Hive partitions stay the text they are in the directory names, as in the recorded schema.
    """
    where = place(table.location, spark=engine == "spark")
    found = Code.of(
        "from registry_dagster.tables import parquet_files",
        "# Parquet keeps no earlier state: this fails when the files are no longer the published ones.",
        f"files = parquet_files({where}, {text(pin.fingerprint)})",
    )
    return found + _READING[engine](table, where, _partitions(table))


def _partitions(table: TableFacts) -> tuple[str, ...]:
    """The partition columns that are in directory names only: one that the files hold too has their type."""
    strings = {field.path for field in table.fields if field.type == "string"}
    return tuple(split_path(path)[0] for path in table.partition_columns if path in strings)


def _polars(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    if table.files == 1 and not table.partition_columns:
        return Code.of("import polars as pl", "data = pl.scan_parquet(files, glob=False, hive_partitioning=False)")
    # Of several files polars takes the types of the first, and every name=value on a path for a partition.
    return _dataset(table, names, "source") + Code.of("import polars as pl", "data = pl.scan_pyarrow_dataset(source)")


def _duckdb(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    return _dataset(table, names, "source") + over_arrow()


def _pyarrow(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    return _dataset(table, names, "data")


def _pandas(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    return _dataset(table, names, "source") + over_pandas("source.to_table()")


def _dataset(table: TableFacts, names: tuple[str, ...], variable: str) -> Code:
    opened, paths, options = opened_files(table.location, "files")
    fields = ", ".join(f"({text(name)}, pa.string())" for name in names)
    if table.files != 1:
        # pyarrow would take the types of the first file, which may have no value in a column.
        opened += Code.of(
            "from registry_dagster.tables import decode_schema", f"schema = decode_schema({text(table.arrow_schema)})"
        )
        options += ", schema=schema"
    if names:
        options += f', partitioning=ds.partitioning(pa.schema([{fields}]), flavor="hive")'
    imports = ("import pyarrow as pa",) if names else ()
    dataset = f'{variable} = ds.dataset({paths}, format="parquet"{options})'
    return opened + Code.of(*imports, "import pyarrow.dataset as ds", dataset)


def _ray(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    opened, paths, options = opened_files(table.location, "files")
    # Ray leaves out files with other endings than those it knows, and misreads a=b and missing values of partitions.
    opened += Code.of('endings = sorted({file.rpartition(".")[2] for file in files})')
    read = f"ray.data.read_parquet({paths}{options}, partitioning=None, file_extensions=endings"
    if not names:
        return opened + Code.of("import ray", f"data = {read})")
    if any(split_path(field.path)[0] == "path" for field in table.fields):
        raise EngineCannotRead("ray: its own column 'path' is needed for the partitions, and the table has one, too")
    fields = ", ".join(f"({text(name)}, pa.string())" for name in names)
    return opened + Code.of(
        "import pyarrow as pa",
        "import pyarrow.dataset as ds",
        "import ray",
        f'partitioning = ds.partitioning(pa.schema([{fields}]), flavor="hive")',
        "",
        "def with_partitions(rows: pa.Table) -> pa.Table:",
        '    paths = rows["path"].to_pylist()',
        "    keys = {path: ds.get_partition_keys(partitioning.parse(path)) for path in set(paths)}",
        "    for name in partitioning.schema.names:",
        "        values = pa.array([keys[path].get(name) for path in paths], pa.string())",
        "        rows = rows.append_column(name, values)",
        '    return rows.drop_columns(["path"])',
        "",
        f'data = {read}, include_paths=True).map_batches(with_partitions, batch_format="pyarrow")',
    )


def _spark(table: TableFacts, where: str, names: tuple[str, ...]) -> Code:
    if not names:
        return spark_session() + Code.of("data = spark.read.parquet(*files)")
    return spark_session() + Code.of(
        'spark.conf.set("spark.sql.sources.partitionColumnTypeInference.enabled", False)',
        f'data = spark.read.option("basePath", {where}).parquet(*files)',
    )


_READING: Mapping[Engine, Callable[[TableFacts, str, tuple[str, ...]], Code]] = {
    "polars": _polars,
    "duckdb": _duckdb,
    "pyarrow": _pyarrow,
    "pandas": _pandas,
    "ray": _ray,
    "spark": _spark,
}
"""Engine → the code that reads `files`, from the table, its location as a literal, and its partition columns."""

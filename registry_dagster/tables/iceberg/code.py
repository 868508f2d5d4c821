"""Code that reads one snapshot of an Iceberg table."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.code import Code, over_arrow, over_pandas, place, spark_session, text
from registry_dagster.tables.engines import Engine, Readers
from registry_dagster.tables.storage.options import scheme_of

__all__ = ["READERS", "iceberg_code"]

READERS = Readers(
    {"polars": (), "duckdb": (), "pyarrow": (), "pandas": (), "ray": (), "spark": ()},
    spark_package="iceberg-spark-runtime",
)
_IO = '{"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"}'


def iceberg_code(table: TableFacts, pin: IcebergPin, engine: Engine) -> Code:
    """Reads the snapshot by the metadata file it was found in, so that no catalog is needed."""
    return _READING[engine](pin)


def _spark(pin: IcebergPin) -> Code:
    where = place(pin.metadata_location, spark=True)
    return spark_session() + Code.of(
        f'data = spark.read.format("iceberg").option("snapshot-id", {pin.snapshot_id}).load({where})'
    )


def _ray(pin: IcebergPin) -> Code:
    if not (pin.catalog and pin.identifier):
        return _opened(pin) + Code.of("import ray", f"data = ray.data.from_arrow({_scanned(pin)})")
    return Code.of(
        "import ray",
        "# The catalog is configured in .pyiceberg.yaml or in the environment.",
        f'catalog = {{"name": {text(pin.catalog)}}}',
        f"data = ray.data.read_iceberg(table_identifier={text(pin.identifier)}, snapshot_id={pin.snapshot_id}, "
        "catalog_kwargs=catalog)",
    )


def _polars(pin: IcebergPin) -> Code:
    return _opened(pin) + Code.of(
        "import polars as pl", f"data = pl.scan_iceberg(iceberg, snapshot_id={pin.snapshot_id})"
    )


def _duckdb(pin: IcebergPin) -> Code:
    return _opened(pin) + Code.of(f"source = {_scanned(pin)}") + over_arrow()


def _pyarrow(pin: IcebergPin) -> Code:
    return _typed(pin, "data")


def _pandas(pin: IcebergPin) -> Code:
    return _typed(pin, "source") + over_pandas("source")


def _typed(pin: IcebergPin, variable: str) -> Code:
    """An Arrow table of the types that are recorded; pyiceberg reads texts with longer offsets."""
    return _opened(pin) + Code.of(
        "from pyiceberg.io.pyarrow import schema_to_pyarrow",
        f"scan = iceberg.scan(snapshot_id={pin.snapshot_id})",
        f"{variable} = scan.to_arrow().cast(schema_to_pyarrow(scan.projection(), include_field_ids=False))",
    )


_READING: Mapping[Engine, Callable[[IcebergPin], Code]] = {
    "polars": _polars,
    "duckdb": _duckdb,
    "pyarrow": _pyarrow,
    "pandas": _pandas,
    "ray": _ray,
    "spark": _spark,
}


def _scanned(pin: IcebergPin) -> str:
    return f"iceberg.scan(snapshot_id={pin.snapshot_id}).to_arrow()"


def _opened(pin: IcebergPin) -> Code:
    where = place(pin.metadata_location)
    # pyiceberg's own choice for object stores does not look for an endpoint in the environment.
    io = "" if scheme_of(pin.metadata_location) == "file" else f", {_IO}"
    found = [f"iceberg = StaticTable.from_metadata({where}{io})"]
    if pin.catalog and pin.identifier:
        found.insert(0, f"# If this file is gone: load_catalog({text(pin.catalog)}).load_table({text(pin.identifier)})")
    return Code.of("from pyiceberg.table import StaticTable", *found)

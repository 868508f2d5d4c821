"""Code that reads one snapshot of an Iceberg table."""

from __future__ import annotations

from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables.code import Code, over_arrow, place, spark_session, text
from registry_dagster.tables.engines import Engine, Readers
from registry_dagster.tables.storage.options import scheme_of

__all__ = ["READERS", "iceberg_code"]

READERS = Readers(
    {"polars": (), "duckdb": (), "pyarrow": (), "ray": (), "spark": ()}, spark_package="iceberg-spark-runtime"
)
_IO = '{"py-io-impl": "pyiceberg.io.fsspec.FsspecFileIO"}'


def iceberg_code(table: TableFacts, pin: IcebergPin, engine: Engine) -> Code:
    """Reads the snapshot by the metadata file it was found in, so that no catalog is needed."""
    snapshot = pin.snapshot_id
    if engine == "spark":
        where = place(pin.metadata_location, spark=True)
        return spark_session() + Code.of(
            f'data = spark.read.format("iceberg").option("snapshot-id", {snapshot}).load({where})'
        )
    if engine == "ray" and pin.catalog and pin.identifier:
        return Code.of(
            "import ray",
            "# The catalog is configured in .pyiceberg.yaml or in the environment.",
            f'catalog = {{"name": {text(pin.catalog)}}}',
            f"data = ray.data.read_iceberg(table_identifier={text(pin.identifier)}, snapshot_id={snapshot}, "
            "catalog_kwargs=catalog)",
        )
    scanned = f"scan(snapshot_id={snapshot}).to_arrow()"
    match engine:
        case "polars":
            return _opened(pin) + Code.of(
                "import polars as pl", f"data = pl.scan_iceberg(iceberg, snapshot_id={snapshot})"
            )
        case "duckdb":
            return _opened(pin) + Code.of(f"source = iceberg.{scanned}") + over_arrow()
        case "ray":
            return _opened(pin) + Code.of("import ray", f"data = ray.data.from_arrow(iceberg.{scanned})")
        case _:
            return _opened(pin) + Code.of(f"data = iceberg.{scanned}")


def _opened(pin: IcebergPin) -> Code:
    where = place(pin.metadata_location)
    # pyiceberg's own choice for object stores does not look for an endpoint in the environment.
    io = "" if scheme_of(pin.metadata_location) == "file" else f", {_IO}"
    found = [f"iceberg = StaticTable.from_metadata({where}{io})"]
    if pin.catalog and pin.identifier:
        found.insert(0, f"# If this file is gone: load_catalog({text(pin.catalog)}).load_table({text(pin.identifier)})")
    return Code.of("from pyiceberg.table import StaticTable", *found)

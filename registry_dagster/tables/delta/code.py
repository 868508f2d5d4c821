"""Code that reads one version of a Delta table."""

from __future__ import annotations

from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.code import Code, place, text
from registry_dagster.tables.engines import Engine
from registry_dagster.tables.parquet.code import over_arrow

__all__ = ["delta_code"]


def delta_code(table: TableFacts, pin: DeltaPin, engine: Engine) -> Code:
    """Reads the pinned version, after the table was told from one that was made anew in its place.

    Spark is not asked for the table's identity, which it tells of the newest version only.
    """
    if engine == "spark":
        where = place(table.location, spark=True)
        return Code.of(
            "from pyspark.sql import SparkSession",
            "spark = SparkSession.builder.getOrCreate()",
            f'data = spark.read.format("delta").option("versionAsOf", {pin.version}).load({where})',
        )
    where = place(table.location)
    opened = Code.of(
        "from deltalake import DeltaTable",
        f"delta = DeltaTable({where}, version={pin.version})",
        f'assert delta.metadata().id == {text(pin.table_id)}, "another table stands there now"',
    )
    match engine:
        case "polars":
            return opened + Code.of("import polars as pl", "data = pl.scan_delta(delta)")
        case "duckdb":
            return opened + Code.of("source = delta.to_pyarrow_dataset()") + over_arrow()
        case "ray":
            return opened + Code.of("import ray", f"data = ray.data.read_delta({where}, version={pin.version})")
        case "pyarrow" | "lance":
            return opened + Code.of("data = delta.to_pyarrow_dataset()")

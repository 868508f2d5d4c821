"""Code that reads one version of a Delta table."""

from __future__ import annotations

from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.code import Code, over_arrow, place, spark_session, text
from registry_dagster.tables.engines import Engine, Readers

__all__ = ["READERS", "delta_code"]

READERS = Readers({"polars": (), "duckdb": (), "pyarrow": (), "ray": (), "spark": ()}, spark_package="delta-spark")


def delta_code(table: TableFacts, pin: DeltaPin, engine: Engine) -> Code:
    """Reads the pinned version, once it has checked that the table was not created again in the same place.

    Spark's code does not check: Spark says which table it is for the newest version only.
    """
    if engine == "spark":
        where = place(table.location, spark=True)
        return spark_session() + Code.of(
            f'data = spark.read.format("delta").option("versionAsOf", {pin.version}).load({where})'
        )
    where = place(table.location)
    opened = Code.of(
        "from deltalake import DeltaTable",
        f"delta = DeltaTable({where}, version={pin.version})",
        f'assert delta.metadata().id == {text(pin.table_id)}, "another table is there now"',
    )
    match engine:
        case "polars":
            return opened + Code.of("import polars as pl", "data = pl.scan_delta(delta)")
        case "duckdb":
            return opened + Code.of("source = delta.to_pyarrow_dataset()") + over_arrow()
        case "ray":
            return opened + Code.of("import ray", f"data = ray.data.read_delta({where}, version={pin.version})")
        case _:
            return opened + Code.of("data = delta.to_pyarrow_dataset()")

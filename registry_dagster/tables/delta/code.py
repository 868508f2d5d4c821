"""Code that reads one version of a Delta table."""

from __future__ import annotations

from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.code import Code, over_arrow, over_pandas, place, spark_session, text
from registry_dagster.tables.engines import Engine, Readers

__all__ = ["READERS", "delta_code"]

_PLAIN = {"timestampNtz", "variantType", "variantType-preview"}
"""Reader features with which the files alone still show the data."""

_BY_DELTALAKE = _PLAIN | {"columnMapping", "deletionVectors", "v2Checkpoint", "vacuumProtocolCheck"}
"""Reader features that the deltalake package's own query engine knows."""
_LAZILY = {"polars": _PLAIN | {"deletionVectors"}}
"""Reader features of tables that an engine reads lazily; other engines: the plain ones."""


def _refuses(table: TableFacts, engine: Engine) -> str | None:
    unknown = sorted(_features(table.pin) - _BY_DELTALAKE)
    if not unknown or engine == "spark":
        return None
    return f"{engine} does not read Delta tables with {' and '.join(unknown)}"


READERS = Readers(
    {"polars": (), "duckdb": (), "pyarrow": (), "pandas": (), "ray": (), "spark": ()},
    spark_package="delta-spark",
    refuses=_refuses,
)


def delta_code(table: TableFacts, pin: DeltaPin, engine: Engine) -> Code:
    """Reads the pinned version, once it has checked that the table was not created again in the same place.

    Spark's code does not check: Spark says which table it is for the newest version only.
    """
    if engine == "spark":
        where = place(table.location, spark=True)
        return spark_session() + Code.of(
            f'data = spark.read.format("delta").option("versionAsOf", {pin.version}).load({where})'
        )
    opened = _opened(place(table.location), pin)
    lazily = _features(pin) <= _LAZILY.get(engine, _PLAIN)
    return opened + (_scanned(table, pin, engine) if lazily else _queried(engine))


def _features(pin: object) -> set[str]:
    return set(pin.reader_features) if isinstance(pin, DeltaPin) else set()


def _opened(where: str, pin: DeltaPin) -> Code:
    return Code.of(
        "from deltalake import DeltaTable",
        f"delta = DeltaTable({where}, version={pin.version})",
        f'assert delta.metadata().id == {text(pin.table_id)}, "another table is there now"',
    )


def _scanned(table: TableFacts, pin: DeltaPin, engine: Engine) -> Code:
    """Lazily. Records of earlier releases do not say which features a table has, so the program asks."""
    if engine == "polars":
        return Code.of("import polars as pl", "data = pl.scan_delta(delta)")
    plain = Code.of(
        'mapped = delta.metadata().configuration.get("delta.columnMapping.mode", "none") != "none"',
        'assert not mapped, "its columns are mapped to other names: record the table again, or use Spark"',
    )
    match engine:
        case "duckdb":
            return plain + Code.of("source = delta.to_pyarrow_dataset()") + over_arrow()
        case "pandas":
            return plain + over_pandas("delta.to_pyarrow_dataset().to_table()")
        case "ray":
            where = place(table.location)
            return plain + Code.of("import ray", f"data = ray.data.read_delta({where}, version={pin.version})")
        case _:
            return plain + Code.of("data = delta.to_pyarrow_dataset()")


def _queried(engine: Engine) -> Code:
    """By the deltalake package's own query engine, for a table whose files alone do not show its data."""
    queried = Code.of(
        "import pyarrow as pa",
        "from deltalake import QueryBuilder",
        "# Its files alone do not show its data, so the deltalake package reads all of it.",
        "schema = pa.schema(delta.schema().to_arrow())",
        'found = QueryBuilder().register("published", delta).execute("SELECT * FROM published").read_all()',
        "source = pa.table(found).select(schema.names).cast(schema)",
    )
    match engine:
        case "polars":
            return queried + Code.of("import polars as pl", "data = pl.from_arrow(source).lazy()")
        case "duckdb":
            return queried + over_arrow()
        case "pandas":
            return queried + over_pandas("source")
        case "ray":
            return queried + Code.of("import ray", "data = ray.data.from_arrow(source)")
        case _:
            return queried + Code.of("import pyarrow.dataset as ds", "data = ds.dataset(source)")

"""Ready-to-run Python that reads exactly the state of a table that was published."""

from __future__ import annotations

from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import DeltaPin, IcebergPin, LancePin, ParquetPin, TableFacts
from registry_dagster.tables.delta.code import delta_code
from registry_dagster.tables.engines import readable_by, remarks
from registry_dagster.tables.iceberg.code import iceberg_code
from registry_dagster.tables.lance.code import lance_code
from registry_dagster.tables.parquet.code import parquet_code

__all__ = ["read_code"]


def read_code(record: DatasetVersion, engine: str, *, remark: str | None = None) -> str:
    """A Python program that reads a published version's table in its pinned state.

    Its last variable, `data`, is what the engine reads lazily where it can: a polars LazyFrame, a DuckDB
    relation, a pyarrow dataset (of Iceberg, a table), a Spark DataFrame, a Ray dataset, a Lance dataset.
    It holds no credentials: the engine finds them in its environment.

    Args:
        record: The published version.
        engine: One of polars, duckdb, pyarrow, spark, ray, lance.
        remark: What else a reader should know, put on top as a comment.

    Raises:
        EngineCannotRead: no such engine, or it does not read such a table; says which do.
    """
    table = record.table
    chosen = readable_by(table, engine)
    match table.pin:
        case ParquetPin():
            code = parquet_code(table, table.pin, chosen)
        case DeltaPin():
            code = delta_code(table, table.pin, chosen)
        case IcebergPin():
            code = iceberg_code(table.pin, chosen)
        case LancePin():
            code = lance_code(table, table.pin, chosen)
    about = [f"{record.name}: {_state(table)}.", *([remark] if remark else []), *remarks(table, chosen)]
    return "".join(f"# {' '.join(line.split())}\n" for line in about) + str(code)


def _state(table: TableFacts) -> str:
    match table.pin:
        case ParquetPin():
            return "the Parquet files of its fingerprint"
        case DeltaPin(version=version):
            return f"version {version} of a Delta table"
        case IcebergPin(snapshot_id=snapshot):
            return f"snapshot {snapshot} of an Iceberg table"
        case LancePin(version=version):
            return f"version {version} of a Lance dataset"

"""Every program that is offered for a table reads just what was written: rows, names, values, and pyarrow's types."""

from __future__ import annotations

import decimal
import gzip
from collections.abc import Callable
from datetime import date, datetime, timezone
from pathlib import Path
from typing import Any

import deltalake
import lance
import polars as pl
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog

from registry_dagster.errors import EngineCannotRead
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import decode_schema, inspect_table
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.read_code import read_code
from tests.tables.delta.delta_tables import CHECKPOINTS, keep_in_checkpoint
from tests.tables.read_code.tables import published
from tests.tables.read_code.test_read_code import run

RUN_HERE = ("polars", "duckdb", "pyarrow", "pandas", "lance")
PLAIN = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "name": ["a", None, "c"]})
RICH = pa.table(
    {
        "id": pa.array([1, 2], pa.int64()),
        "score": pa.array([0.5, None], pa.float32()),
        "ok": [True, None],
        "day": [date(2024, 1, 1), None],
        "at": pa.array([datetime(2024, 1, 1, 12, tzinfo=timezone.utc), None], pa.timestamp("us", tz="UTC")),
        "amount": pa.array([decimal.Decimal("1.50"), None], pa.decimal128(10, 2)),
        "ids": pa.array([[1, 2], None], pa.list_(pa.int64())),
        "pt": pa.array([{"x": 1, "y": None}, None], pa.struct([("x", pa.int32()), ("y", pa.float64())])),
        "raw": pa.array([b"\x00\xff", None], pa.binary()),
    }
)
BIG = pa.table(
    {"id": pa.array([2**64 - 1, 2**63, 0], pa.uint64()), "v": pa.array([[1.0, 2.0]] * 3, pa.list_(pa.float32(), 2))}
)

Written = tuple[TableFacts, pa.Table]
TABLES: dict[str, Callable[[Path], Written]] = {}


def table(make: Callable[[Path], Written]) -> Callable[[Path], Written]:
    TABLES[make.__name__] = make
    return make


@table
def parquet_file(path: Path) -> Written:
    pq.write_table(RICH, path / "cells.parquet")
    return inspect_table(path / "cells.parquet"), RICH


@table
def parquet_unsigned(path: Path) -> Written:
    pq.write_table(BIG, path / "cells.pq")
    return inspect_table(path / "cells.pq"), BIG


@table
def parquet_long_ids_with_nulls(path: Path) -> Written:
    data = pa.table({"id": pa.array([2**63 - 1, 2**53 + 1, None], pa.int64()), "name": ["a", "b", "c"]})
    data.to_pandas().set_index("name").to_parquet(path / "by_pandas.parquet")
    pq.write_table(data.replace_schema_metadata(pq.read_schema(path / "by_pandas.parquet").metadata), path / "c.pq")
    return inspect_table(path / "c.pq"), data


@table
def parquet_files_of_other_order(path: Path) -> Written:
    pq.write_table(PLAIN, path / "a.parquet")
    pq.write_table(PLAIN.select(["name", "id"]), path / "b.parquet")
    return inspect_table(path), pa.concat_tables([PLAIN, PLAIN])


@table
def parquet_first_file_without_values(path: Path) -> Written:
    pq.write_table(pa.table({"id": pa.array([0], pa.int64()), "name": pa.nulls(1)}), path / "a.parquet")
    pq.write_table(PLAIN, path / "b.parquet")
    first = pa.table({"id": pa.array([0], pa.int64()), "name": pa.nulls(1, pa.string())})
    return inspect_table(path), pa.concat_tables([first, PLAIN])


@table
def parquet_strings_of_two_sizes(path: Path) -> Written:
    pq.write_table(PLAIN, path / "a.parquet")
    pq.write_table(PLAIN.set_column(1, "name", PLAIN["name"].cast(pa.large_string())), path / "b.parquet")
    return inspect_table(path), pa.concat_tables([PLAIN, PLAIN])


def partitioned(path: Path, values: dict[str, str | None], ending: str = "parquet") -> Written:
    """Partitions by the names of their directories, and what their value is."""
    parts: list[pa.Table] = []
    for name, value in values.items():
        (path / f"k={name}").mkdir()
        pq.write_table(PLAIN, path / f"k={name}" / f"f.{ending}")
        parts.append(PLAIN.append_column("k", pa.array([value] * 3, pa.string())))
    return inspect_table(path), pa.concat_tables(parts)


PARTITIONS: dict[str, dict[str, str | None]] = {
    "numbers": {"001": "001", "2": "2"},
    "equals": {"a=b": "a=b", "c": "c"},
    "null": {"__HIVE_DEFAULT_PARTITION__": None, "c": "c"},
    "encoded": {"a%2Fb": "a/b", "x%20y": "x y"},
    "plain": {"x y": "x y", "ü": "ü", "a+b": "a+b", "null": "null"},
    "percent": {"100%": "100%", "c": "c"},
}
for kind, values in PARTITIONS.items():
    TABLES[f"parquet_partitions_{kind}"] = lambda path, values=values: partitioned(path, values)


@table
def parquet_partition_in_the_files_too(path: Path) -> Written:
    for day in (1, 2):
        (path / f"day={day}").mkdir()
        pq.write_table(
            pa.table({"id": [day * 10], "day": pa.array([day], pa.int32())}), path / f"day={day}" / "f.parquet"
        )
    return inspect_table(path), pa.table({"id": [10, 20], "day": pa.array([1, 2], pa.int32())})


@table
def delta_rich(path: Path) -> Written:
    deltalake.write_deltalake(path / "t", RICH)
    return inspect_table(path / "t"), RICH


@table
def delta_partitioned(path: Path) -> Written:
    data = PLAIN.append_column("k v", pa.array(["a b", None, "ä/%="]))
    deltalake.write_deltalake(path / "t", data, partition_by=["k v"])
    return inspect_table(path / "t"), data


@table
def delta_with_mapped_columns(path: Path) -> Written:
    data = PLAIN.append_column("a name, with=signs", pa.array([1, 2, 3]))
    deltalake.write_deltalake(path / "t", data, configuration={"delta.columnMapping.mode": "name"})
    return inspect_table(path / "t"), data


@table
def delta_with_deletion_vectors(path: Path) -> Written:
    deltalake.write_deltalake(path / "t", PLAIN, configuration={"delta.enableDeletionVectors": "true"})
    deltalake.DeltaTable(path / "t").delete("id = 2")
    return inspect_table(path / "t"), PLAIN.filter(pa.compute.not_equal(PLAIN["id"], 2))


@table
def delta_with_times_without_zone(path: Path) -> Written:
    data = pa.table({"id": [1], "at": pa.array([1_700_000_000_000_000], pa.timestamp("us"))})
    deltalake.write_deltalake(path / "t", data)
    return inspect_table(path / "t"), data


@table
def delta_evolved(path: Path) -> Written:
    deltalake.write_deltalake(path / "t", PLAIN)
    more = pa.table({"id": pa.array([4], pa.int64()), "name": ["d"], "depth": pa.array([7], pa.int64())})
    deltalake.write_deltalake(path / "t", more, mode="append", schema_mode="merge")
    return inspect_table(path / "t"), pa.concat_tables([PLAIN, more], promote_options="default")


def delta_checkpoint(path: Path, kind: str) -> Written:
    data = PLAIN.append_column("neuropil", pa.array(["AL", "LH", "AL"]))
    deltalake.write_deltalake(path / "t", data, partition_by=["neuropil"])
    keep_in_checkpoint(path / "t", kind)
    return inspect_table(path / "t"), data


for kind in CHECKPOINTS:
    TABLES[f"delta_checkpoint_{kind}"] = lambda path, kind=kind: delta_checkpoint(path, kind)


def iceberg(path: Path, data: pa.Table, change: Callable[[Any], object] = lambda table: None) -> TableFacts:
    catalog = SqlCatalog("c", uri="sqlite://", warehouse=path.as_uri())
    catalog.create_namespace("n")
    written = catalog.create_table("n.t", schema=data.schema)
    written.append(data)
    change(written)
    return inspect_table(written.metadata_location)


@table
def iceberg_rich(path: Path) -> Written:
    return iceberg(path, RICH), RICH


@table
def iceberg_with_deleted_rows(path: Path) -> Written:
    facts = iceberg(path, PLAIN, lambda table: table.delete("id = 2"))
    return facts, PLAIN.filter(pa.compute.not_equal(PLAIN["id"], 2))


@table
def iceberg_with_renamed_columns(path: Path) -> Written:
    def change(table: Any) -> None:
        with table.update_schema() as update:
            update.rename_column("name", "title")
        table.append(PLAIN.rename_columns(["id", "title"]))

    return iceberg(path, PLAIN, change), pa.concat_tables([PLAIN.rename_columns(["id", "title"])] * 2)


@table
def iceberg_with_changed_partitions(path: Path) -> Written:
    def change(table: Any) -> None:
        with table.update_spec() as update:
            update.add_identity("name")
        table.append(PLAIN)

    return iceberg(path, PLAIN, change), pa.concat_tables([PLAIN] * 2)


@table
def lance_rich(path: Path) -> Written:
    lance.write_dataset(RICH, path / "t")
    return inspect_table(path / "t"), RICH


@table
def lance_with_deleted_rows(path: Path) -> Written:
    lance.write_dataset(BIG, path / "t")
    lance.dataset(path / "t").delete("id = 0")
    return inspect_table(path / "t"), BIG.slice(0, 2)


@table
def feather_rich(path: Path) -> Written:
    feather.write_feather(RICH, path / "cells.feather")
    return inspect_table(path / "cells.feather"), RICH


@table
def feather_unsigned_in_many_batches(path: Path) -> Written:
    file = path / "run=7 [a]*%20.feather"
    feather.write_feather(BIG, file, chunksize=1, compression="zstd")
    return inspect_table(file), BIG


@table
def feather_with_dictionaries(path: Path) -> Written:
    data = PLAIN.set_column(1, "name", PLAIN["name"].dictionary_encode())
    feather.write_feather(data, path / "cells.arrow")
    return inspect_table(path / "cells.arrow"), data


@table
def feather_by_pandas(path: Path) -> Written:
    PLAIN.to_pandas().set_index("name").to_feather(path / "cells.feather")
    return inspect_table(path / "cells.feather"), PLAIN


@table
def feather_by_polars(path: Path) -> Written:
    pl.from_arrow(RICH).write_ipc(path / "cells.ipc")
    return inspect_table(path / "cells.ipc"), RICH


CSV_TYPES = {
    "id": "uint64",
    "name": "string",
    "score": "float32",
    "ok": "bool",
    "day": "date32",
    "at": "timestamp[us, tz=UTC]",
    "amount": "decimal128(10, 2)",
}
CSV_ROWS = (
    '18446744073709551615,"a, ""b""\nc",0.5,t,2024-01-01,2024-01-01 12:00:00.5+00,1.50\n'
    '007,"",1e3,False,,2024-01-01T13:00:00+01:00,\n'
    "9,NA,,,,,\n"
)
CSV = pa.table(
    {
        "id": pa.array([2**64 - 1, 7, 9], pa.uint64()),
        "name": ['a, "b"\nc', "", "NA"],
        "score": pa.array([0.5, 1000.0, None], pa.float32()),
        "ok": [True, False, None],
        "day": [date(2024, 1, 1), None, None],
        "at": pa.array([1_704_110_400_500_000, 1_704_110_400_000_000, None], pa.timestamp("us", tz="UTC")),
        "amount": pa.array([decimal.Decimal("1.50"), None, None], pa.decimal128(10, 2)),
    }
)


@table
def csv_typed(path: Path) -> Written:
    (path / "cells [a]*.csv").write_text(",".join(CSV_TYPES) + "\n" + CSV_ROWS)
    return inspect_table(path / "cells [a]*.csv", schema=CSV_TYPES), CSV


@table
def csv_compressed_without_names(path: Path) -> Written:
    (path / "cells.csv.gz").write_bytes(gzip.compress(CSV_ROWS.encode()))
    return inspect_table(path / "cells.csv.gz", schema=CSV_TYPES), CSV


@table
def csv_of_text(path: Path) -> Written:
    (path / "k=1").mkdir()
    (path / "k=1" / "cells.csv").write_text('id,name\n007,"a"\n1.0,null\n,"null"\n')
    written = pa.table({"id": ["007", "1.0", None], "name": ["a", "null", "null"]})
    return inspect_table(path / "k=1" / "cells.csv"), written


def in_arrow(data: Any) -> pa.Table:
    """What any engine leaves in `data`, as an Arrow table."""
    kind = type(data).__module__.partition(".")[0]
    if kind == "polars":
        return data.collect().to_arrow()
    if kind in {"duckdb", "_duckdb"}:
        return data.to_arrow_table()
    if kind == "pandas":
        return pa.Table.from_pandas(data, preserve_index=False)
    return data if isinstance(data, pa.Table) else data.to_table()


def rows(data: pa.Table, names: list[str]) -> list[str]:
    """Every row as text, in an order of its own."""
    return sorted(repr([comparable(row[name]) for name in names]) for row in data.to_pylist())


def comparable(value: Any) -> Any:
    """Times by their moment, whatever object says which zone UTC is."""
    return value.timestamp() if isinstance(value, datetime) else value


@pytest.mark.parametrize("engine", RUN_HERE)
@pytest.mark.parametrize("name", TABLES)
def test_the_program_reads_what_was_written(
    name: str, engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")
    facts, written = TABLES[name](tmp_path)
    assert engine in ENGINES
    try:
        code = read_code(published(facts), engine)
    except EngineCannotRead:
        assert engine == "lance"
        return
    found = in_arrow(run(code))
    recorded = decode_schema(facts.arrow_schema)
    assert sorted(found.schema.names) == sorted(recorded.names) == sorted(written.schema.names)
    assert rows(found, written.schema.names) == rows(written, written.schema.names)
    if engine in {"pyarrow", "pandas"}:
        types = {field.name: field.type for field in recorded}
        assert {field.name: field.type for field in found.schema} == types

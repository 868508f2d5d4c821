"""Parts of tables of other formats, which once were recorded as plain Parquet tables."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.verify import verify_table
from tests.tables.iceberg.iceberg_tables import new_catalog, path_of
from tests.tables.places import Place

ROWS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "p": ["a", "a", "b"]})


def delta(path: Path) -> Path:
    deltalake.write_deltalake(path, ROWS, partition_by=["p"])
    deltalake.DeltaTable(path).update({"id": "id + 1"})
    deltalake.DeltaTable(path).create_checkpoint()
    return path


def iceberg(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    table = new_catalog(path).create_table("n.t", schema=ROWS.schema)
    table.append(ROWS)
    table.overwrite(ROWS.slice(1))
    return path_of(table.location())


def hudi(path: Path) -> Path:
    (path / ".hoodie").mkdir(parents=True)
    (path / ".hoodie" / "hoodie.properties").write_text("hoodie.table.name=t\n")
    (path / "p=a").mkdir()
    pq.write_table(ROWS, path / "p=a" / "f1-0_0-1-0_20240101.parquet")
    return path


def paimon(path: Path) -> Path:
    for name in ("schema/schema-0", "snapshot/LATEST"):
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text("{}")
    (path / "p=a" / "bucket-0").mkdir(parents=True)
    pq.write_table(ROWS, path / "p=a" / "bucket-0" / "data-0.parquet")
    return path


def emptied_delta(path: Path) -> Path:
    for file in (delta(path) / "_delta_log").iterdir():
        file.unlink()
    return path


def emptied_iceberg(path: Path) -> Path:
    table = iceberg(path)
    for file in (table / "metadata").iterdir():
        file.unlink()
    return table


TABLES = {
    "Delta": delta,
    "emptied Delta": emptied_delta,
    "Iceberg": iceberg,
    "emptied Iceberg": emptied_iceberg,
    "Hudi": hudi,
    "Paimon": paimon,
}


@pytest.mark.parametrize("kind", TABLES)
def test_the_folder_of_another_format_is_no_parquet_table(tmp_path: Path, kind: str) -> None:
    table = TABLES[kind](tmp_path / "t")
    expected = rf"{table.name} is a {kind.rsplit(maxsplit=1)[-1]} table \(it has .*/\)"
    with pytest.raises(UnsupportedTable, match=expected):
        inspect_table(table, format="parquet")
    if kind not in {"Delta", "Iceberg"}:
        with pytest.raises(UnsupportedTable, match=expected):
            inspect_table(table)


@pytest.mark.parametrize("kind", TABLES)
def test_what_is_below_another_table_names_the_table_meant(tmp_path: Path, kind: str) -> None:
    table = TABLES[kind](tmp_path / "t")
    for file in table.rglob("*.parquet"):
        for part in (file, file.parent) if file.parent != table else (file,):
            if len(part.relative_to(table).parts) <= 2:
                with pytest.raises(UnsupportedTable, match=rf"belongs to {table.as_uri()}, which is a"):
                    inspect_table(part)


def test_the_log_of_a_delta_table_is_no_table(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedTable, match=r"_delta_log belongs to .*/t, which is a Delta table"):
        inspect_table(delta(tmp_path / "t") / "_delta_log")


@pytest.mark.parametrize("neighbour", [delta, iceberg, hudi, paimon])
def test_a_parquet_table_beside_another_is_one(tmp_path: Path, neighbour: Any) -> None:
    neighbour(tmp_path / "t")
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "notes.txt").write_text("Cells.")
    pq.write_table(ROWS, tmp_path / "cells.parquet")
    facts = inspect_table(tmp_path / "cells.parquet")
    assert (facts.format, facts.rows, verify_table(facts).state) == ("parquet", 3, "intact")


@pytest.mark.parametrize("place", ["s3", "gcs", "azure", "memory"], indirect=True)
def test_the_table_above_is_looked_for_in_any_store(place: Place, tmp_path: Path) -> None:
    table = delta(tmp_path / "t")
    for file in table.rglob("*.*"):
        place.put(f"t/{file.relative_to(table).as_posix()}", file.read_bytes())
    with pytest.raises(UnsupportedTable, match="belongs to .*/t, which is a Delta table"):
        inspect_table(place.at("t/p=a"), storage_options=place.options)
    shutil.rmtree(table / "_delta_log")
    for file in table.rglob("*.parquet"):
        place.put(f"plain/{file.relative_to(table).as_posix()}", file.read_bytes())
    assert inspect_table(place.at("plain"), storage_options=place.options).partition_columns == ("p",)

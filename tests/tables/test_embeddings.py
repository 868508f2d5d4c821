"""Embeddings and wide tables: the width is recorded whichever way the table says it, however many columns there are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import deltalake
import lance
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.errors import TableMismatch
from tests.tables.iceberg.iceberg_tables import new_catalog

DIM = 8
LIST, FIXED = pa.list_(pa.float32()), pa.list_(pa.float32(), DIM)
SAID = {"dim": str(DIM)}


def vectors(dtype: pa.DataType, metadata: dict[str, str] | None = None) -> pa.Table:
    column = pa.array([[0.5] * DIM] * 3, dtype)
    return pa.table([column], schema=pa.schema([pa.field("vector", dtype, metadata=metadata)]))


def to_parquet(table: pa.Table, path: Path) -> str:
    pq.write_table(table, path / "t.parquet")
    return str(path / "t.parquet")


def to_delta(table: pa.Table, path: Path) -> str:
    deltalake.write_deltalake(path / "t", table)
    return str(path / "t")


def to_lance(table: pa.Table, path: Path) -> str:
    lance.write_dataset(table, path / "t.lance")
    return str(path / "t.lance")


def to_iceberg(table: pa.Table, path: Path) -> str:
    made = new_catalog(path).create_table("n.vectors", schema=table.schema)
    made.append(table)
    return made.metadata_location


def declared(dim: int | None = None, columns: dict[str, Any] | None = None) -> rd.FeatureTable:
    embedding = rd.Embedding(dim=dim, model="segclr", anchor="segment")
    return rd.FeatureTable(
        dataset=rd.Dataset(name="minnie65.vectors"),
        materializations=[rd.MaterializationVersion(system="minnie65_public", version="943", source="cave")],
        columns=columns or {"vector": embedding},
    )


@pytest.fixture
def registry(tmp_path: Path) -> rd.Registry:
    return rd.Registry.open(f"lite:///{tmp_path}/registry.db")


def publish(registry: rd.Registry, feature_table: rd.FeatureTable, uri: str) -> rd.DatasetVersion:
    receipt = registry.publish(feature_table, rd.inspect_table(uri), message="Tried", publisher="ada")
    return registry.get(receipt.version)


@pytest.mark.parametrize(
    ("write", "table", "dim"),
    [
        (to_parquet, vectors(FIXED), None),
        (to_parquet, vectors(LIST, SAID), None),
        (to_parquet, vectors(LIST), DIM),
        (to_lance, vectors(FIXED), None),
        (to_delta, vectors(FIXED, SAID), None),
        (to_delta, vectors(FIXED), DIM),
        (to_iceberg, vectors(FIXED), DIM),
    ],
)
def test_the_width_is_recorded_from_type_metadata_or_declaration(
    registry: rd.Registry, tmp_path: Path, write: Callable[[pa.Table, Path], str], table: pa.Table, dim: int | None
) -> None:
    record = publish(registry, declared(dim), write(table, tmp_path))
    assert record.columns["vector"] == rd.Embedding(dim=DIM, model="segclr", anchor="segment")


def test_a_declared_and_a_found_width_are_the_same_content(registry: rd.Registry, tmp_path: Path) -> None:
    uri = to_parquet(vectors(FIXED), tmp_path)
    assert publish(registry, declared(), uri) == publish(registry, declared(DIM), uri)


@pytest.mark.parametrize(
    ("write", "table", "dim", "problem"),
    [
        (to_parquet, vectors(FIXED), 7, "dim is declared as 7, the column is 8 wide"),
        (to_parquet, vectors(FIXED, {"dim": "7"}), None, "8 wide by its type and 7 wide by its metadata"),
        (to_delta, vectors(FIXED, SAID), 7, "8 wide by its metadata and 7 wide by its declaration"),
        (to_delta, vectors(FIXED), None, "neither its type nor its metadata says how wide"),
        (to_iceberg, vectors(FIXED, SAID), None, "neither its type nor its metadata says how wide"),
        (to_parquet, vectors(LIST, {"dim": "eight"}), None, "neither its type nor its metadata says how wide"),
    ],
)
def test_a_width_that_is_contradicted_or_nowhere_is_refused(
    registry: rd.Registry,
    tmp_path: Path,
    write: Callable[[pa.Table, Path], str],
    table: pa.Table,
    dim: int | None,
    problem: str,
) -> None:
    with pytest.raises(TableMismatch, match=problem):
        publish(registry, declared(dim), write(table, tmp_path))
    assert not registry.versions("minnie65.vectors")


def test_extension_types_that_delta_cannot_store_do_not_hide_the_table(tmp_path: Path) -> None:
    tensor = pa.fixed_shape_tensor(pa.float32(), [2, 4])
    columns = {
        "tensor": pa.ExtensionArray.from_storage(tensor, pa.array([[0.5] * DIM], FIXED)),
        "id": pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16))),
        "json": pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}"])),
    }
    table = pa.table({**columns, "in": pa.StructArray.from_arrays([columns["tensor"]], names=["side"])})
    facts = rd.inspect_table(to_delta(table, tmp_path))
    assert [(field.path, field.type) for field in facts.fields] == [
        ("tensor", "list<float32>"),
        ("id", "binary"),
        ("json", "extension<arrow.json, string>"),
        ("in", "struct"),
        ("in.side", "list<float32>"),
    ]
    assert facts.widths == {"tensor": DIM, "in.side": DIM}


def test_ten_thousand_columns_are_inspected_and_published(registry: rd.Registry, tmp_path: Path) -> None:
    names = [f"feature_{number}" for number in range(10_000)]
    pq.write_table(pa.table({name: pa.array([0.5], pa.float32()) for name in names}), tmp_path / "wide.parquet")
    wide = declared(columns={name: rd.Feature(unit="um", description="A feature.") for name in names})
    record = publish(registry, wide, str(tmp_path / "wide.parquet"))
    assert list(record.columns) == names
    assert [field.path for field in record.table.fields] == names

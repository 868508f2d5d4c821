"""A table that was moved, or copied, is still the one that was published: if the new place proves it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import deltalake
import lance
import pyarrow as pa
import pyarrow.csv as csv
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.errors import (
    NotPublished,
    OtherTable,
    PublishRefused,
    TableNotFound,
    UnsafeLocation,
    UnsupportedTable,
)
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.registry.declared import declared
from tests.registry.others import place_of

ROWS = pa.table({"body_id": pa.array([1, 2], pa.int64()), "score": pa.array([0.5, 1.0], pa.float32())})
OTHER = pa.table({"body_id": pa.array([1, 3, 4], pa.int64()), "score": pa.array([0.5, 1.0, 2.0], pa.float32())})
NAME = "hemibrain.neurons@v1"
TYPES = {"body_id": "int64", "score": "float32"}

Write = Callable[[Path, pa.Table], object]


def _parquet(path: Path, rows: pa.Table) -> None:
    path.mkdir(exist_ok=True)
    pq.write_table(rows, path / "a.parquet")


WRITE: dict[str, Write] = {
    "delta": lambda path, rows: deltalake.write_deltalake(path, rows, mode="overwrite"),
    "lance": lambda path, rows: lance.write_dataset(rows, path, mode="overwrite"),
    "parquet": _parquet,
    "feather": lambda path, rows: feather.write_feather(rows, str(path)),
    "csv": lambda path, rows: csv.write_csv(rows, path),
}
NAMES = {"feather": "neurons.feather", "csv": "neurons.csv"}


def copied(table: Path, to: Path) -> Path:
    """A copy as another store makes it: with change tokens of its own."""
    if table.is_dir():
        shutil.copytree(table, to)
        files = [path for path in to.rglob("*") if path.is_file()]
    else:
        to.parent.mkdir(exist_ok=True)
        shutil.copy(table, to)
        files = [to]
    for file in files:
        os.utime(file, (1, 1))
    return to


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        yield registry


@pytest.fixture(params=WRITE)
def table(request: pytest.FixtureRequest, tmp_path: Path, registry: Registry) -> Path:
    """A published table of each format."""
    path = tmp_path / NAMES.get(request.param, "neurons")
    WRITE[request.param](path, ROWS)
    schema = {"schema": TYPES} if request.param == "csv" else {}
    registry.publish(declared(), inspect_table(path, **schema), message="why")
    return path


def moved(table: Path) -> Path:
    there = copied(table, table.parent / "new" / table.name if table.is_file() else table.parent / "new")
    shutil.rmtree(table) if table.is_dir() else table.unlink()
    return there


def test_a_table_that_was_moved_is_verified_and_read_where_it_is(registry: Registry, table: Path) -> None:
    before = registry.get(NAME)
    there = copied(table, table.parent / "new" / table.name if table.is_file() else table.parent / "new")
    place = registry.acts.relocate(NAME, str(there), reason="bucket migration")
    assert place.basis == ("proven" if before.table.format in {"delta", "lance"} else "declared")
    shutil.rmtree(table) if table.is_dir() else table.unlink()
    assert registry.verify(NAME).state == "intact"
    assert str(there) in registry.read_code(NAME, "pyarrow" if before.table.format != "lance" else "lance")
    after = registry.get(NAME)
    assert (after, after.digest, after.table.location) == (before, before.digest, before.table.location)
    (known,) = registry.acts.now("hemibrain.neurons").version(NAME).places
    assert known == place
    assert [each.location for each in registry.find(dataset="hemibrain.neurons")] == [place.location]
    assert "moved to" in str(registry.acts.history(NAME)[-1])


def test_files_whose_former_place_is_gone_are_compared_with_the_record(registry: Registry, table: Path) -> None:
    place = registry.acts.relocate(NAME, str(moved(table)), reason="bucket migration")
    assert place.basis == "proven" or "recorded place can no longer be compared" in place.compared
    assert registry.verify(NAME).state == "intact"


def test_each_place_is_opened_with_the_options_of_its_own_store(registry: Registry, table: Path) -> None:
    asked: list[str] = []
    recorded = registry.get(NAME).table
    there = copied(table, table.parent / "new" / table.name if table.is_file() else table.parent / "new")
    place = registry.acts.also_at(NAME, str(there), reason="copy", storage_options=lambda at: asked.append(at) or {})
    both = [str(there), recorded.location]
    assert asked == (both if place.basis == "declared" else [str(there)])


def test_another_table_is_refused(registry: Registry, table: Path) -> None:
    other = table.parent / "other" / table.name
    other.parent.mkdir()
    WRITE[registry.get(NAME).table.format](other, OTHER)
    with pytest.raises(OtherTable):
        registry.acts.relocate(NAME, str(other), reason="bucket migration")
    assert registry.acts.history(NAME) == ()


def test_a_copy_counts_where_the_recorded_place_is_gone(registry: Registry, table: Path) -> None:
    there = copied(table, table.parent / "new" / table.name if table.is_file() else table.parent / "new")
    registry.acts.also_at(NAME, str(there), reason="a second cloud")
    assert registry.find()[0].location == registry.get(NAME).table.location
    assert str(table) in registry.read_code(NAME, "pyarrow" if registry.get(NAME).table.format != "lance" else "lance")
    assert registry.verify(NAME).table is not None
    shutil.rmtree(table) if table.is_dir() else table.unlink()
    verified = registry.verify(NAME)
    assert verified.state == "intact"
    assert f"{table.name} it is missing" in str(verified)


def test_the_table_at_its_new_place_is_the_same_content(registry: Registry, table: Path) -> None:
    schema = {"schema": TYPES} if table.suffix == ".csv" else {}
    there = moved(table)
    registry.acts.relocate(NAME, str(there), reason="bucket migration")
    receipt = registry.publish(declared(), inspect_table(there, **schema), message="again")
    assert (receipt.version, receipt.created) == (NAME, False)


def test_a_table_that_was_moved_back_is_read_where_its_record_says(registry: Registry, tmp_path: Path) -> None:
    table = tmp_path / "neurons"
    _parquet(table, ROWS)
    registry.publish(declared(), table, message="why")
    there = moved(table)
    registry.acts.relocate(NAME, str(there), reason="away")
    copied(there, table)
    registry.acts.relocate(NAME, str(table), reason="and back")
    shutil.rmtree(there)
    assert registry.verify(NAME).state == "intact"
    assert str(table) in registry.read_code(NAME, "polars")
    assert registry.find()[0].location == registry.get(NAME).table.location


def _copy_of(table: Table, to: Path) -> Path:
    """A copy of an Iceberg table, file by file; returns its metadata file."""
    shutil.copytree(table.location().removeprefix("file://"), to)
    return to / "metadata" / Path(table.metadata_location).name


def test_an_iceberg_table_is_known_by_its_uuid_and_snapshot(registry: Registry, tmp_path: Path) -> None:
    catalog = SqlCatalog("lab", uri=f"sqlite:///{tmp_path / 'catalog.db'}", warehouse=f"file://{tmp_path}/warehouse")
    catalog.create_namespace("fly")
    made = catalog.create_table("fly.neurons", schema=ROWS.schema)
    made.append(ROWS)
    registry.publish(declared(), inspect_table(made.metadata_location), message="why")
    with pytest.raises(UnsupportedTable, match="was copied or moved"):
        registry.acts.also_at(NAME, str(_copy_of(made, tmp_path / "plain")), reason="copied file by file")
    rewritten = _copy_of(made, tmp_path / "rewritten")
    rewritten.write_text(rewritten.read_text().replace(made.location(), f"file://{tmp_path}/rewritten"))
    assert registry.acts.also_at(NAME, str(rewritten), reason="copied, its paths rewritten").basis == "proven"
    other = catalog.create_table("fly.others", schema=ROWS.schema)
    other.append(ROWS)
    with pytest.raises((OtherTable, TableNotFound)):
        registry.acts.relocate(NAME, other.metadata_location, reason="bucket migration")


def test_what_is_not_known_is_refused(registry: Registry, tmp_path: Path) -> None:
    table = tmp_path / "neurons"
    _parquet(table, ROWS)
    with pytest.raises(NotPublished):
        registry.acts.relocate(NAME, str(table), reason="bucket migration")
    registry.publish(declared(), table, message="why")
    with pytest.raises(PublishRefused):
        registry.acts.relocate(NAME, str(table), reason=" ")
    with pytest.raises(TableNotFound):
        registry.acts.relocate(NAME, str(tmp_path / "nowhere"), reason="bucket migration")
    with pytest.raises(UnsafeLocation) as refused:
        registry.acts.relocate(NAME, "s3://key:hunter22@bucket/neurons", reason="bucket migration")
    assert "hunter22" not in str(refused.value)


@pytest.mark.parametrize("kind", ["file", "gms"])
def test_every_store_keeps_the_places(kind: str, tmp_path: Path) -> None:
    table = tmp_path / "neurons"
    _parquet(table, ROWS)
    with place_of(kind, tmp_path) as place:
        with place.open() as registry:
            registry.publish(declared(), table, message="why")
            registry.acts.relocate(NAME, str(moved(table)), reason="bucket migration")
        with place.open() as fresh:
            assert fresh.verify(NAME).state == "intact"
            assert str(tmp_path / "new") in fresh.read_code(NAME, "duckdb")


def test_commands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = tmp_path / "neurons"
    _parquet(table, ROWS)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    with Registry.open() as registry:
        registry.publish(declared(), table, message="why")
    there = copied(table, tmp_path / "new")
    for command in ("relocate", "also-at"):
        result = CliRunner().invoke(app, [command, NAME, str(there), "-m", "bucket migration"])
        assert (result.exit_code, "declared" in result.output) == (0, True)
    shown = CliRunner().invoke(app, ["show", NAME])
    assert f"known places\tfile://{there} (declared" in shown.output
    assert CliRunner().invoke(app, ["show", NAME, "--json"]).exit_code == 0

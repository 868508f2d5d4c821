"""The code that `show --read` prints is run: it reads what was published, and nothing that came later."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from registry_dagster.errors import EngineCannotRead, TableNotFound
from registry_dagster.model.table import DeltaPin, FeatherPin, TableFacts, TableField
from registry_dagster.tables import inspect_table
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.read_code import read_code
from tests.tables.places import SECRET, Place
from tests.tables.read_code.tables import FORMATS, PINNED, published, rows_of, write

LIGHT = ["polars", "duckdb", "pyarrow", "pandas"]


def run(code: str) -> Any:
    """What the program leaves in `data`."""
    names: dict[str, Any] = {"__name__": "printed"}
    exec(compile(code, "printed", "exec", dont_inherit=True), names)
    return names["data"]


@pytest.fixture(autouse=True)
def iceberg_planned_by_pyiceberg(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLARS_ICEBERG_PLANNER", "pyiceberg")


@pytest.mark.parametrize("kind", ["delta", "iceberg", "lance"])
def test_it_reads_the_pinned_version_after_the_table_moved_on(kind: str, place: Place) -> None:
    facts, move_on = write(kind, place)
    move_on()
    for engine in [*LIGHT, *(["lance"] if kind == "lance" else [])]:
        code = read_code(published(facts), engine)
        assert rows_of(run(code)) == PINNED, engine
        assert SECRET not in code


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_it_reads_files_while_they_are_the_published_ones(kind: str, place: Place) -> None:
    facts, move_on = write(kind, place)
    codes = [read_code(published(facts), engine) for engine in LIGHT]
    assert [rows_of(run(code)) for code in codes] == [PINNED] * len(codes)

    move_on()
    for code in codes:
        with pytest.raises(TableNotFound, match="is not in state"):
            run(code)


def a_single_file(tmp_path: Path) -> TableFacts:
    """Not partitioned, and in a directory whose name looks like a pattern and a partition."""
    file = tmp_path / "run=7 [a]*" / "cells.parquet"
    file.parent.mkdir()
    ids, names, years = zip(*PINNED, strict=True)
    pq.write_table(pa.table({"id": ids, "name": names, "year": years}), file)
    return inspect_table(file)


@pytest.mark.parametrize("engine", LIGHT)
def test_a_single_file_is_read_whatever_its_directory_is_called(engine: str, tmp_path: Path) -> None:
    assert rows_of(run(read_code(published(a_single_file(tmp_path)), engine))) == PINNED


@pytest.mark.parametrize("kind", ["delta", "lance"])
def test_a_table_created_again_in_the_same_place_is_not_taken_for_it(kind: str, tmp_path: Path) -> None:
    place = Place(tmp_path.as_uri(), lambda key, body: None)
    facts, _ = write(kind, place)
    shutil.rmtree(tmp_path / ("cells" if kind == "delta" else "cells.lance"))
    write(kind, place)
    for engine in LIGHT:
        with pytest.raises(AssertionError, match="another (table|dataset) is there now"):
            run(read_code(published(facts), engine))


def at(location: str, pin: Any = None) -> TableFacts:
    return TableFacts(
        location=location,
        pin=pin or DeltaPin(table_id="6c0f", version=7),
        fields=(TableField(path="id", type="int64"),),
        arrow_schema="/////w==",
    )


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("polar", "there is no code for 'polar'; did you mean 'polars'\\? One of polars, duckdb"),
        ("lance", "lance does not read Delta tables; use polars or duckdb or pyarrow or pandas or spark or ray"),
    ],
)
def test_an_engine_that_does_not_read_it_is_refused_with_those_that_do(engine: str, message: str) -> None:
    with pytest.raises(EngineCannotRead, match=message):
        read_code(published(at("s3://lake/cells")), engine)


def test_a_store_that_an_engine_does_not_read_from_is_named() -> None:
    with pytest.raises(EngineCannotRead, match="polars does not read Delta tables through sftp://; no engine"):
        read_code(published(at("sftp://host/cells")), "polars")


def test_locations_are_written_as_each_engine_spells_them() -> None:
    record = published(at("s3://lake/cells"))
    assert 'load("s3a://lake/cells")' in read_code(record, "spark")
    assert '"versionAsOf", 7' in read_code(record, "spark")
    assert 'DeltaTable("s3://lake/cells", version=7)' in read_code(published(at("s3a://lake/cells")), "polars")
    assert 'DeltaTable("/data/neurons", version=7)' in read_code(published(at("/data/neurons")), "polars")
    assert 'DeltaTable("/data/o\'\\"x", version=7)' in read_code(published(at("file:///data/o'%22x")), "polars")


def test_a_delta_table_with_a_feature_that_only_spark_reads_is_refused_with_the_reason() -> None:
    pin = DeltaPin(table_id="6c0f", version=7, reader_features=("typeWidening", "columnMapping"))
    with pytest.raises(EngineCannotRead, match="polars does not read Delta tables with typeWidening; use spark$"):
        read_code(published(at("s3://lake/cells", pin)), "polars")
    assert "versionAsOf" in read_code(published(at("s3://lake/cells", pin)), "spark")


def test_a_record_without_features_does_not_read_mapped_columns_as_nulls(tmp_path: Path) -> None:
    configuration = {"delta.columnMapping.mode": "name"}
    write_deltalake(tmp_path, pa.table({"id": [1]}), configuration=configuration)
    facts = inspect_table(tmp_path)
    old = facts.model_copy(update={"pin": facts.pin.model_copy(update={"reader_features": ()})})
    for engine in ("pyarrow", "duckdb"):
        with pytest.raises(AssertionError, match="its columns are mapped to other names"):
            run(read_code(published(old), engine))


@pytest.mark.parametrize(
    ("engine", "dtype", "others"),
    [
        ("duckdb", "fixed_size_list<float16>[64]", "polars or pyarrow or pandas"),
        ("polars", "dense_union<a: int64=0, b: string=1>", "pyarrow or pandas"),
        ("polars", "interval[month_day_nano]", "pyarrow or pandas"),
    ],
)
def test_a_column_that_an_engine_cannot_read_is_refused_with_those_that_can(
    engine: str, dtype: str, others: str
) -> None:
    field = TableField(path="x", type=dtype)
    table = at("/data/cells.feather", FeatherPin(fingerprint="sha256:0")).model_copy(update={"fields": (field,)})
    with pytest.raises(EngineCannotRead, match=f"{engine} does not read column x, whose type has .*; use {others}$"):
        read_code(published(table), engine)


def test_the_program_says_what_it_reads_and_what_it_needs() -> None:
    code = read_code(published(at("s3://lake/cells")), "spark", remark="It is retired by ada:\nwrong masks")
    assert code.splitlines()[:3] == [
        "# lab.cells@v1: version 7 of a Delta table.",
        "# It is retired by ada: wrong masks",
        "# Spark needs the package delta-spark.",
    ]
    assert "AWS_ACCESS_KEY_ID" in read_code(published(at("s3://lake/cells")), "polars")


@pytest.mark.parametrize("kind", FORMATS)
def test_every_program_is_python(kind: str, tmp_path: Path) -> None:
    facts, _ = write(kind, Place(tmp_path.as_uri(), lambda key, body: _put(tmp_path / key, body)))
    for engine in ENGINES:
        try:
            compile(read_code(published(facts), engine), engine, "exec")
        except EngineCannotRead:
            assert (kind, engine) not in {(kind, light) for light in LIGHT}


def _put(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)

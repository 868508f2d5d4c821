"""The code for Spark is run on Parquet, where Spark and Java are installed. Other formats need packages from Maven."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import EngineCannotRead, TableNotFound
from registry_dagster.tables.read_code import read_code
from tests.tables.places import Place
from tests.tables.read_code.tables import PINNED, published, rows_of, write
from tests.tables.read_code.test_contents import TABLES, comparable, rows
from tests.tables.read_code.test_read_code import run

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(shutil.which("java") is None, reason="Spark needs Java"),
]
sql = pytest.importorskip("pyspark.sql")


@pytest.fixture(scope="module", autouse=True)
def one_worker() -> Generator[None, None, None]:
    settings = {"spark.ui.enabled": "false", "spark.driver.host": "127.0.0.1", "spark.log.level": "ERROR"}
    spark = sql.SparkSession.builder.master("local[1]").config(map=settings).getOrCreate()
    yield
    spark.stop()


@pytest.mark.parametrize("place", ["local"], indirect=True)
def test_it_reads_parquet_while_its_files_are_the_published_ones(place: Place) -> None:
    facts, move_on = write("parquet", place)
    code = read_code(published(facts), "spark")
    assert rows_of(run(code)) == PINNED

    move_on()
    with pytest.raises(TableNotFound):
        run(code)


@pytest.mark.parametrize("name", TABLES)
def test_it_reads_what_was_written(name: str, tmp_path: Path) -> None:
    facts, written = TABLES[name](tmp_path)
    if facts.format != "parquet":
        return
    try:
        code = read_code(published(facts), "spark")
    except EngineCannotRead:
        return
    data = run(code)
    if name == "parquet_first_file_without_values":
        # Spark's fast reader fails on a column that has another type in a file; it never gives other data.
        with pytest.raises(Exception, match="PARQUET_COLUMN_DATA_TYPE_MISMATCH"):
            data.collect()
        return
    found = [row.asDict(recursive=True) for row in data.collect()]
    names = written.schema.names
    assert all(sorted(row) == sorted(names) for row in found)
    assert sorted(repr([_plain(row[name]) for name in names]) for row in found) == rows(written, names)


def _plain(value: Any) -> Any:
    """64-bit integers without a sign are decimals in Spark."""
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)
    return comparable(value)

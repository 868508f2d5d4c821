"""The code for Spark is run on Parquet, where Spark and Java are installed. Other formats need packages from Maven."""

from __future__ import annotations

import shutil
from collections.abc import Generator

import pytest

from registry_dagster.errors import TableNotFound
from registry_dagster.tables.read_code import read_code
from tests.tables.places import Place
from tests.tables.read_code.tables import PINNED, published, rows_of, write
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

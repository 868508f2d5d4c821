"""The code for Ray is run, where Ray is installed."""

from __future__ import annotations

import logging
from collections.abc import Generator
from pathlib import Path

import pyarrow as pa
import pytest

from registry_dagster.errors import EngineCannotRead
from registry_dagster.tables.read_code import read_code
from tests.tables.places import Place, S3Server
from tests.tables.read_code.tables import PINNED, published, rows_of, s3_environment, write
from tests.tables.read_code.test_contents import TABLES, rows
from tests.tables.read_code.test_read_code import a_single_file, run

pytestmark = pytest.mark.filterwarnings("ignore")
ray = pytest.importorskip("ray")


@pytest.fixture(scope="module", autouse=True)
def one_worker(s3: S3Server) -> Generator[None, None, None]:
    """Workers keep the environment that they were started in."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in s3_environment(s3).items():
            patch.setenv(name, value)
        ray.init(num_cpus=1, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    yield
    ray.shutdown()


def test_it_reads_the_pinned_version_of_every_format(tmp_path: Path) -> None:
    for kind in ("delta", "iceberg", "lance"):
        facts, move_on = write(kind, Place((tmp_path / kind).as_uri(), lambda key, body: None))
        move_on()
        assert rows_of(run(read_code(published(facts), "ray"))) == PINNED, kind


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_it_reads_the_published_files_of_an_object_store(place: Place) -> None:
    facts, _ = write("parquet", place)
    assert rows_of(run(read_code(published(facts), "ray"))) == PINNED


def test_it_reads_a_single_file(tmp_path: Path) -> None:
    assert rows_of(run(read_code(published(a_single_file(tmp_path)), "ray"))) == PINNED


def test_it_reads_an_iceberg_snapshot_through_its_catalog(tmp_path: Path) -> None:
    catalog = f"sqlite:///{tmp_path / 'catalog.db'}"
    facts, move_on = write("iceberg", Place(tmp_path.as_uri(), lambda key, body: None), catalog)
    move_on()
    by_name = {"catalog": "lab", "identifier": "flies.cells", "metadata_location": f"{tmp_path.as_uri()}/gone.json"}
    facts = facts.model_copy(update={"pin": facts.pin.model_copy(update=by_name)})
    # pyiceberg reads its configuration when it is imported, which is too late here.
    configured = f'{{"name": "lab", "uri": "{catalog}"}}'
    code = read_code(published(facts), "ray").replace('{"name": "lab"}', configured)
    assert rows_of(run(code)) == PINNED


@pytest.mark.parametrize("name", TABLES)
def test_it_reads_what_was_written(name: str, tmp_path: Path) -> None:
    facts, written = TABLES[name](tmp_path)
    try:
        code = read_code(published(facts), "ray")
    except EngineCannotRead:
        return
    found = [arrow for block in run(code).to_arrow_refs() for arrow in [ray.get(block)]]
    whole = pa.concat_tables([each for each in found if each.num_columns], promote_options="permissive")
    assert sorted(whole.schema.names) == sorted(written.schema.names)
    assert rows(whole, written.schema.names) == rows(written, written.schema.names)

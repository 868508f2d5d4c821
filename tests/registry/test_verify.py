"""Verifying a published version says what became of its record and of its table, each by itself."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Lock
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts
from tests.registry.others import lite_place
from tests.tables.storage.fake_stores import Failing, serving

NEURONS, SYNAPSES = "hemibrain.neurons", "hemibrain.synapses"
ROWS = pa.table({"body_id": pa.array([1, 2], pa.int64()), "score": pa.array([0.5, 1.0], pa.float32())})
ONE_TRY = {"total_max_attempts": 1}


@pytest.fixture(scope="module")
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, gms: StandInGms, tmp_path: Path) -> Iterator[Registry]:
    """With two Delta versions of neurons, and synapses in a Parquet file."""
    gms.reset()
    targets = {"lite": f"lite://{tmp_path}/registry.db", "file": f"file://{tmp_path}/folder", "gms": gms.url}
    with Registry.open(targets[request.param], publisher="ada@lab.org") as registry:
        yield filled(registry, tmp_path)


@pytest.fixture
def on_server(gms: StandInGms, tmp_path: Path) -> Iterator[Registry]:
    gms.reset()
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        yield filled(registry, tmp_path)


def filled(registry: Registry, tmp_path: Path) -> Registry:
    for number in range(2):
        deltalake.write_deltalake(tmp_path / "neurons", ROWS, mode="append")
        registry.publish(declared(), inspect_table(tmp_path / "neurons"), message=f"run {number}")
    pq.write_table(ROWS, tmp_path / "synapses.parquet")
    registry.publish(declared(SYNAPSES), inspect_table(tmp_path / "synapses.parquet"), message="first")
    return registry


def states(registry: Registry, *datasets: str, **asked: Any) -> dict[str, str]:
    return {found.version: found.state for found in registry.verify_all(*datasets, **asked)}


def test_record_and_table_are_told_together_and_each_alone(registry: Registry, tmp_path: Path) -> None:
    found = registry.verify(f"{NEURONS}@v1")
    assert (found.state, found.record, found.damaged) == ("intact", (), False)
    assert found.table is not None
    assert found.table.state == "intact"
    assert str(found).startswith(
        f"{NEURONS}@v1:\n  the record is intact\n  the table is intact: version 0 is in the log"
    )
    shutil.rmtree(tmp_path / "neurons")
    assert registry.verify(f"{NEURONS}@v1", record=True).table is None
    assert registry.verify(f"{NEURONS}@v1", record=True).state == "intact"
    alone = registry.verify(f"{NEURONS}@v1", table=True)
    assert (alone.record, alone.state, alone.damaged) == (None, "missing", True)
    both = json.loads(json.dumps(registry.verify(f"{NEURONS}@v1").to_dict()))
    assert (both["state"], both["record"], both["table"]["state"]) == (
        "missing",
        {"intact": True, "changes": []},
        "missing",
    )


def test_all_published_versions_are_verified(registry: Registry, tmp_path: Path) -> None:
    everything = {f"{NEURONS}@v1": "intact", f"{NEURONS}@v2": "intact", f"{SYNAPSES}@v1": "intact"}
    assert states(registry) == everything
    assert states(registry, record=True) == everything
    pq.write_table(ROWS.slice(1), tmp_path / "synapses.parquet")
    assert states(registry) == {**everything, f"{SYNAPSES}@v1": "changed"}
    assert states(registry, record=True) == everything
    assert states(registry, NEURONS) == {f"{NEURONS}@v1": "intact", f"{NEURONS}@v2": "intact"}


def test_a_dataset_of_which_all_is_removed_is_verified_where_it_is_named(tmp_path: Path) -> None:
    place = lite_place(tmp_path)
    with place.open() as registry:
        filled(registry, tmp_path)
    for version in (f"{NEURONS}@v1", f"{SYNAPSES}@v1"):
        place.remove(version)
    with place.open() as registry:
        assert states(registry, table=True) == {f"{NEURONS}@v1": "intact", f"{NEURONS}@v2": "intact"}
        assert states(registry, SYNAPSES, table=True) == {f"{SYNAPSES}@v1": "intact"}


def test_verifying_writes_nothing(registry: Registry, tmp_path: Path) -> None:
    def contents() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}

    registry.verify(f"{NEURONS}@v1")
    before = contents()
    list(registry.verify_all())
    assert contents() == before


def test_of_a_retired_version_a_lost_table_is_told_but_is_no_damage(registry: Registry, tmp_path: Path) -> None:
    registry.retire(f"{SYNAPSES}@v1", reason="superseded")
    (tmp_path / "synapses.parquet").unlink()
    found = registry.verify(f"{SYNAPSES}@v1")
    assert (found.state, found.retired, found.damaged) == ("missing", True, False)
    assert str(found).startswith(f"{SYNAPSES}@v1 (retired):")


def test_more_versions_than_a_page_come_in_order(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        for number in range(60):
            registry.publish(declared(), facts(number), message="why")
        found = list(registry.verify_all(record=True))
    assert [each.version for each in found] == [f"{NEURONS}@v{number}" for number in range(1, 61)]
    assert {each.state for each in found} == {"intact"}


def test_a_record_that_cannot_be_read_is_told_whatever_was_asked(gms: StandInGms, on_server: Registry) -> None:
    urn = version_urn(f"{NEURONS}@v1", "PROD")
    properties = gms.entities[urn]["datasetProperties"]
    custom = {**properties["customProperties"], "location": "file:///elsewhere"}
    gms.put(urn, "datasetProperties", {**properties, "customProperties": custom})
    for asked in ({}, {"record": True}, {"table": True}):
        found = on_server.verify(f"{NEURONS}@v1", **asked)
        assert (found.state, found.damaged, found.table) == ("changed", True, None)
    assert states(on_server) == {f"{NEURONS}@v1": "changed", f"{NEURONS}@v2": "intact", f"{SYNAPSES}@v1": "intact"}


def test_verifying_many_takes_two_reads_a_page_and_two_of_its_datasets(gms: StandInGms, on_server: Registry) -> None:
    assert len(states(on_server, NEURONS, SYNAPSES)) == 3
    before = len(gms.requests)
    assert len(states(on_server, NEURONS, SYNAPSES)) == 3
    assert len(gms.requests) - before <= 4


def test_a_store_that_is_down_is_waited_for_once_and_not_for_each_table(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        for number in range(60):
            registry.publish(declared(), facts(number, location="s3://lake/neurons"), message="next")
        with serving(Failing, status=503) as store:
            options = {"key": "k", "secret": "s", "endpoint_url": store.url, "config_kwargs": {"retries": ONE_TRY}}
            found = list(registry.verify_all(storage_options=options))
            asked = len(store.requests)
    assert {each.state for each in found} == {"unreachable"}
    assert "could not be reached for another table a moment ago" in str(found[-1])
    assert asked < 60


@pytest.mark.parametrize("at_once", [1, 8])
def test_however_many_tables_are_looked_at_at_once_the_order_is_kept(tmp_path: Path, at_once: int) -> None:
    running, most = 0, 0
    lock = Lock()

    def options(location: str) -> None:
        nonlocal running, most
        with lock:
            running, most = running + 1, max(most, running + 1)
        time.sleep(0.03)
        with lock:
            running -= 1

    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        pq.write_table(ROWS, tmp_path / "a.parquet")
        table = inspect_table(tmp_path / "a.parquet")
        gone = table.model_copy(update={"location": f"{tmp_path.as_uri()}/gone.parquet"})
        names = [f"lab.table_{number:02}" for number in range(20)]
        plans = [Publication(declared(name), gone if name.endswith("7") else table, message="why") for name in names]
        registry.publish_many(plans)
        found = list(registry.verify_all(*names, storage_options=options, at_once=at_once))
    assert [each.version for each in found] == [f"{name}@v1" for name in names]
    assert {each.version for each in found if each.state == "missing"} == {"lab.table_07@v1", "lab.table_17@v1"}
    assert at_once / 2 < most <= at_once


def test_verifying_that_is_interrupted_starts_no_further_look(registry: Registry) -> None:
    looks: list[str] = []

    def options(location: str) -> None:
        looks.append(location)
        if len(looks) > 1:
            raise KeyboardInterrupt
        time.sleep(0.03)

    with pytest.raises(KeyboardInterrupt):
        list(registry.verify_all(storage_options=options))
    assert len(looks) <= 3
    with pytest.raises(InvalidDeclaration, match="at_once must be 1 or more, got 0"):
        registry.verify_all(at_once=0)


def test_what_is_not_published_is_said(registry: Registry) -> None:
    with pytest.raises(NotPublished, match=f"{NEURONS}@v9: not published at"):
        registry.verify(f"{NEURONS}@v9")
    with pytest.raises(NotPublished, match="lab.none: no version is published"):
        list(registry.verify_all("lab.none"))
    with pytest.raises(InvalidDeclaration, match=f"is not an exact version; write {NEURONS}@vN"):
        registry.verify(NEURONS)


def test_a_check_of_nothing_is_not_a_check_that_found_all_well(tmp_path: Path) -> None:
    target = f"lite://{tmp_path}/registry.db"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        with pytest.raises(NotPublished, match="there is no registry at lite://"):
            list(registry.verify_all())
        registry.publish(declared(), facts(), message="first")
    with Registry.open(target, env="DEV") as other, pytest.raises(NotPublished, match=r"environment DEV"):
        list(other.verify_all())

"""The same definitions on Dagster with Postgres storage, set up as docs/deploy.md says."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import sleep
from typing import Any
from uuid import uuid4

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.gate.requests import PublishRequest
from registry_dagster.dagster.gate.tick import _MOST_ENTRIES
from registry_dagster.dagster.publish.config import Target
from tests.dagster.conftest import SETTINGS
from tests.dagster.pipeline import cells_asset, cells_declared, failure, materialize, publish, shown, write_cells
from tests.deploy.postgres import programs, serving
from tests.deploy.publishing import Worker

psycopg2 = pytest.importorskip("psycopg2", reason="dagster-postgres is not installed")
pytest.importorskip("dagster_postgres", reason="dagster-postgres is not installed")

PROGRAMS = programs()
pytestmark = pytest.mark.skipif(PROGRAMS is None, reason="PostgreSQL is not installed (apt-get install postgresql)")

Instance = dg.DagsterInstance
ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "deploy.md"
CELLS = dg.AssetKey("cells")
REGISTERED = dg.AssetKey(["registry", "minnie65.cells"])
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
LAYERS = dg.StaticPartitionsDefinition(["layer_1", "layer_2", "layer_4"])
POOL = "feature_registry"
PATIENCE_MS, CONNECTIONS = 60_000, 20


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    assert PROGRAMS is not None
    with serving(PROGRAMS) as address:
        yield address


@pytest.fixture(scope="module")
def empty_database(server: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the tables that Dagster makes at its first start."""
    name = new_database(server)
    with pytest.MonkeyPatch.context() as patch, started(server, name, tmp_path_factory.mktemp("dagster"), patch):
        return name


@pytest.fixture
def instance(
    server: dict[str, str], empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Instance]:
    """Dagster on a database of its own, with the guide's settings."""
    with started(server, new_database(server, like=empty_database), tmp_path, monkeypatch) as instance:
        # It keeps its connections then: PostgreSQL starts a process for each.
        instance.optimize_for_webserver(
            statement_timeout=PATIENCE_MS, pool_recycle=PATIENCE_MS // 1000, max_overflow=CONNECTIONS
        )
        yield instance


@contextmanager
def started(server: dict[str, str], database: str, folder: Path, patch: pytest.MonkeyPatch) -> Iterator[Instance]:
    """Dagster on a database."""
    settings = re.search(r"^```yaml\n(# dagster.yaml\n.*?)^```", GUIDE.read_text(), flags=re.MULTILINE | re.DOTALL)
    assert settings is not None
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(settings[1] + SETTINGS)
    for name, value in {**server, "DAGSTER_PG_DB": database, "DAGSTER_HOME": str(home)}.items():
        patch.setenv(name, value)
    with dg.DagsterInstance.get() as instance:
        yield instance


def new_database(server: dict[str, str], like: str = "template1") -> str:
    name = f"dagster_{uuid4().hex}"
    connection = psycopg2.connect(
        host=server["DAGSTER_PG_HOST"],
        port=server["DAGSTER_PG_PORT"],
        user=server["DAGSTER_PG_USER"],
        password=server["DAGSTER_PG_PASSWORD"],
        dbname="postgres",
    )
    with closing(connection):
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {name} TEMPLATE {like}")
    return name


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"lite://{tmp_path / 'registry.db'}"


@pytest.fixture
def resource(target: str) -> rd.FeatureRegistry:
    return rd.FeatureRegistry(target=target, publisher="ada@lab.org")


@pytest.fixture
def cells(tmp_path: Path) -> dg.AssetsDefinition:
    return cells_asset(tmp_path / "cells.parquet")


def layered(folder: Path) -> dg.AssetsDefinition:
    """A table for each layer."""

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=LAYERS)
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        rows = 1 + int(context.partition_key[-1])
        return registry.table(context, write_cells(folder / f"{context.partition_key}.parquet", rows))

    return cells


def published(target: str) -> list[str]:
    """The messages of the published versions, oldest first."""
    with rd.Registry.open(target) as registry:
        return [version.provenance.message for version in registry.versions("minnie65.cells")]


def timeline(instance: Instance) -> list[tuple[str | None, object]]:
    """The timeline of the registry's asset, oldest first: version and message."""
    records = instance.fetch_materializations(REGISTERED, limit=100, ascending=True).records
    events = [record.asset_materialization for record in records if record.asset_materialization is not None]
    return [(event.partition, event.metadata["message"].value) for event in events]


def test_its_storage_is_postgres(instance: Instance) -> None:
    assert type(instance.event_log_storage).__name__ == "PostgresEventLogStorage"


def test_a_publish_is_in_the_registry_and_on_the_timelines(
    instance: Instance, resource: rd.FeatureRegistry, target: str, cells: dg.AssetsDefinition, tmp_path: Path
) -> None:
    run = materialize(instance, resource, cells)
    assert not (tmp_path / "registry.db").exists()  # materializing publishes nothing

    result = publish(instance, resource, asset="cells", message="For the size paper")

    assert shown(result)["version"] == "minnie65.cells@v1"
    with rd.Registry.open(target) as registry:
        assert registry.get("minnie65.cells@v1").provenance.dagster_run_id == run.run_id
    assert timeline(instance) == [("v1", "For the size paper")]
    (state,) = instance.fetch_observations(SYSTEM, limit=10).records
    assert state.partition_key == "1300"
    (observed,) = instance.fetch_observations(CELLS, limit=10).records
    assert observed.asset_observation is not None
    assert observed.asset_observation.metadata["version"].value == "minnie65.cells@v1"


def test_of_many_targets_what_was_left_is_published_by_running_it_again(
    instance: Instance, resource: rd.FeatureRegistry, target: str, tmp_path: Path
) -> None:
    cells = layered(tmp_path)
    keys = LAYERS.get_partition_keys()
    for key in keys[:2]:
        materialize(instance, resource, cells, partition_key=key)
    all_layers = [{"asset": "cells", "partition": key, "message": key} for key in keys]

    first = publish(instance, resource, targets=all_layers, message="All layers")
    assert "1 of 3 targets were not published" in failure(first)
    assert published(target) == ["layer_1", "layer_2"]

    materialize(instance, resource, cells, partition_key=keys[2])
    assert publish(instance, resource, targets=all_layers, message="All layers").success
    assert published(target) == keys
    assert timeline(instance) == [("v1", "layer_1"), ("v2", "layer_2"), ("v3", "layer_4")]


def test_the_gate_asks_for_what_a_tag_or_the_file_approves_and_never_twice(
    instance: Instance, resource: rd.FeatureRegistry, target: str, tmp_path: Path
) -> None:
    cells = layered(tmp_path)
    materialize(instance, resource, cells, partition_key="layer_1", tags={"registry/publish": "By tag"})
    materialize(instance, resource, cells, partition_key="layer_2")
    materialize(instance, resource, cells, partition_key="layer_4")
    approvals = tmp_path / "approvals.yaml"
    approvals.write_text("- {asset: cells, partition: layer_4, by: ada@lab.org, why: By file}\n")
    gate, job = rd.publish_sensor(assets=[CELLS], approvals=approvals), rd.publish_job([cells])

    def tick(cursor: str | None) -> tuple[list[dg.RunRequest], str | None]:
        result = gate(dg.build_sensor_context(instance=instance, cursor=cursor))
        assert isinstance(result, dg.SensorResult)
        return list(result.run_requests or ()), result.cursor

    (requested,), cursor = tick(None)
    assert published(target) == []
    run = job.execute_in_process(
        run_config=requested.run_config, tags=requested.tags, instance=instance, resources={"registry": resource}
    )

    assert run.success
    assert sorted(published(target)) == ["By file", "By tag"]
    assert tick(cursor)[0] == []
    assert tick(None)[0] == []  # a lost cursor


def test_a_request_of_as_many_entries_as_the_file_may_have_can_be_launched(instance: Instance) -> None:
    """PostgreSQL refuses a run with a longer tag: it indexes tags."""
    targets = [Target(asset="cells", run_id=str(number)) for number in range(_MOST_ENTRIES)]
    request = PublishRequest.first("publish_gate" * 5, targets, [uuid4().hex[:16] for _ in targets]).to_run_request()

    @dg.job
    def stored() -> None: ...

    assert stored.execute_in_process(instance=instance, tags=request.tags).success
    assert len(instance.get_run_records(dg.RunsFilter(tags=request.tags))) == 1


def test_publishing_one_table_several_times_at_once_makes_one_version_without_any_limit(
    instance: Instance, resource: rd.FeatureRegistry, target: str, cells: dg.AssetsDefinition
) -> None:
    materialize(instance, resource, cells)
    workers = [Worker(target, "cells") for _ in range(3)]
    for each in workers:
        each.go()

    assert sorted(each.said() for each in workers) == ["created", "unchanged", "unchanged"]
    assert published(target) == ["All at once"]
    assert {version for version, _ in timeline(instance)} == {"v1"}


def test_a_killed_publish_leaves_a_whole_version_and_running_it_again_finishes(
    instance: Instance, resource: rd.FeatureRegistry, target: str, cells: dg.AssetsDefinition
) -> None:
    materialize(instance, resource, cells)
    killed_while_publishing(target)
    with rd.Registry.open(target) as registry:
        assert registry.verify("minnie65.cells@v1", record=True).record == ()
    assert timeline(instance) == []

    again = publish(instance, resource, asset="cells", message="Again")

    assert shown(again)["created"] is False
    assert published(target) == ["Interrupted"]
    assert timeline(instance) == [("v1", "Interrupted")]


def test_in_a_limited_pool_a_publish_waits_until_the_place_of_a_killed_one_is_freed(
    instance: Instance, resource: rd.FeatureRegistry, target: str, cells: dg.AssetsDefinition
) -> None:
    pools = instance.event_log_storage
    pools.set_concurrency_slots(POOL, 1)  # as `dagster instance concurrency set` does
    materialize(instance, resource, cells)
    killed_while_publishing(target)
    (killed,) = pools.get_concurrency_info(POOL).active_run_ids

    waiting = Worker(target, "cells")
    waiting.go()
    while not pools.get_concurrency_info(POOL).pending_run_ids:
        assert waiting.process.is_alive()
        sleep(0.1)
    assert timeline(instance) == []
    pools.free_concurrency_slots_for_run(killed)  # as Dagster's run monitoring does

    assert waiting.said() == "unchanged"
    assert timeline(instance) == [("v1", "Interrupted")]


def killed_while_publishing(target: str) -> None:
    dying = Worker(target, "cells", killed=True)
    dying.go()
    dying.dies()

"""What `rd.definitions` adds to a code location: a dataset's asset, after what makes it and is its clock."""

from pathlib import Path

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import (
    MINNIE_943,
    cells_asset,
    cells_declared,
    materialize,
    publish,
    sizes_asset,
)

Instance = dg.DagsterInstance
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
CELLS = dg.AssetKey(["registry", "minnie65.cells"])


@pytest.fixture
def defs(tmp_path: Path, resource: rd.FeatureRegistry) -> dg.Definitions:
    pipeline = dg.Definitions(
        assets=[cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet")],
        jobs=[dg.define_asset_job("everything")],
    )
    return rd.definitions(pipeline, registry=resource)


def parents(defs: dg.Definitions, key: dg.AssetKey) -> set[dg.AssetKey]:
    return set(defs.resolve_asset_graph().get(key).parent_keys)


def version_events(instance: Instance, key: dg.AssetKey) -> list[dg.AssetMaterialization]:
    records = instance.fetch_materializations(key, limit=100, ascending=True).records
    return [record.asset_materialization for record in records if record.asset_materialization is not None]


def test_a_datasets_asset_comes_after_what_makes_it_and_the_systems_it_is_made_against(defs: dg.Definitions) -> None:
    dg.Definitions.validate_loadable(defs)
    assert parents(defs, CELLS) == {dg.AssetKey("cells"), SYSTEM}
    assert parents(defs, SYSTEM) == set()


def test_the_given_assets_stay_as_they_are(tmp_path: Path, resource: rd.FeatureRegistry) -> None:
    """So a schedule may target the object, which Dagster would refuse beside a changed copy of it."""
    cells = cells_asset(tmp_path / "cells.parquet")
    nightly = dg.ScheduleDefinition(name="nightly", target=cells, cron_schedule="0 3 * * *")
    defs = rd.definitions(dg.Definitions(assets=[cells], schedules=[nightly]), registry=resource)
    dg.Definitions.validate_loadable(defs)
    assert cells in (defs.assets or ())


def test_what_it_adds_cannot_be_materialized(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    assert not graph.get(CELLS).is_materializable
    assert not graph.get(SYSTEM).is_materializable
    assert not graph.get(CELLS).is_partitioned  # without any partition, Dagster would draw it as complete
    assert not graph.get(SYSTEM).is_partitioned
    assert set(defs.resolve_job_def("everything").asset_layer.executable_asset_keys) == {
        dg.AssetKey("cells"),
        dg.AssetKey("cell_sizes"),
    }


@pytest.mark.parametrize(
    ("registry", "kinds"),
    [
        (rd.FeatureRegistry(target="lite:///registry.db"), set[str]()),
        (rd.FeatureRegistry(target="https://datahub.lab.org"), {"datahub"}),
        (rd.FeatureRegistry(target=dg.EnvVar("LAB_REGISTRY")), {"datahub"}),
        (rd.FeatureRegistry(), {"datahub"}),
        (None, {"datahub"}),
    ],
    ids=["embedded", "server", "by variable", "by default", "in the definitions"],
)
def test_a_dataset_is_of_the_kind_datahub_if_it_is_on_a_server(
    tmp_path: Path, registry: rd.FeatureRegistry | None, kinds: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_REGISTRY", "http://localhost:8080")
    monkeypatch.setenv("FEATURE_REGISTRY", "https://datahub.lab.org")
    cells = cells_asset(tmp_path / "cells.parquet")
    own = {} if registry else {"registry": rd.FeatureRegistry()}
    pipeline = dg.Definitions(assets=[cells], resources=own)
    graph = rd.definitions(pipeline, registry=registry).resolve_asset_graph()
    assert graph.get(CELLS).kinds == kinds
    assert graph.get(cells.key).kinds == set()


def test_the_gate_is_stopped_until_somebody_starts_it(defs: dg.Definitions) -> None:
    (sensor,) = [each for each in defs.sensors or () if isinstance(each, dg.SensorDefinition)]
    assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


def test_the_launchpad_completes_declared_assets_and_takes_no_others(defs: dg.Definitions, instance: Instance) -> None:
    job = defs.resolve_job_def("publish_feature_table")
    config = {"ops": {"publish": {"config": {"asset": "cell", "message": "Why"}}}}
    with pytest.raises(dg.DagsterInvalidConfigError, match="not in enum type DeclaredAsset_[0-9a-f]{8} got cell"):
        job.execute_in_process(run_config=config, instance=instance)


def test_a_publish_is_on_the_datasets_timeline(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    run = materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    publish(instance, resource, asset="cells", message="For the size paper", label="paper")

    (event,) = version_events(instance, CELLS)
    assert event.partition == "v1"
    assert event.description == "minnie65.cells@v1: For the size paper"
    shown = {name: value.value for name, value in event.metadata.items()}
    record = registry.get("minnie65.cells@v1")
    assert shown["digest"] == record.digest
    assert shown["publisher"] == "ada@lab.org"
    assert shown["message"] == "For the size paper"
    assert shown["label"] == "paper"
    assert shown["made_against"] == "minnie65_public@1300"
    assert shown["upstream_asset"] == SYSTEM
    assert shown["asset"] == dg.AssetKey("cells")
    assert shown["producing_run"] == run.run_id
    assert shown["physical_version"].startswith("parquet files with the fingerprint sha256:")
    assert [column.name for column in shown["dagster/column_schema"].columns] == ["nucleus_id", "root_id"]
    assert record.digest.startswith(shown["short_digest"])
    assert list(shown)[-2:] == ["urn", "digest"]
    assert shown["urn"] == "urn:li:dataset:(urn:li:dataPlatform:feature-registry,minnie65.cells@v1,PROD)"


def test_each_version_is_on_the_timeline_once(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> None:
    for rows in (1, 2):
        materialize(instance, resource, cells_asset(tmp_path / f"{rows}.parquet", lambda rows=rows: rows))
        publish(instance, resource, asset="cells", message="Once")
        publish(instance, resource, asset="cells", message="Again, which changes nothing")

    assert [event.partition for event in version_events(instance, CELLS)] == ["v1", "v2"]


def test_a_materialization_version_is_logged_once_with_its_facts(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"), sizes_asset(tmp_path / "sizes.parquet"))
    for asset in ("cells", "cell_sizes"):
        publish(instance, resource, asset=asset, message="First")

    assert version_events(instance, SYSTEM) == []  # its asset may be one that the user's own code makes
    (observed,) = instance.fetch_observations(SYSTEM, limit=10).records
    event = observed.asset_observation
    assert event is not None
    assert event.partition == "1300"
    assert event.metadata["timestamp"].value == "2025-01-13T10:10:01Z"


def test_a_version_published_elsewhere_is_logged_when_it_is_found(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    declared = rd.FeatureTable(**cells_declared())
    registry.publish(declared, rd.inspect_table(tmp_path / "cells.parquet"), message="By call", publisher="grace")

    publish(instance, resource, asset="cells", message="By job")

    (event,) = version_events(instance, CELLS)
    assert event.metadata["publisher"].value == "grace"
    assert event.metadata["message"].value == "By call"


def test_a_link_leads_to_datahub_where_its_address_is_known(instance: Instance, target: str, tmp_path: Path) -> None:
    resource = rd.FeatureRegistry(target=target, publisher="ada", datahub="https://datahub.lab.org/")
    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    publish(instance, resource, asset="cells", message="First")

    (event,) = version_events(instance, CELLS)
    assert event.metadata["datahub"].value == (
        "https://datahub.lab.org/dataset/"
        "urn%3Ali%3Adataset%3A%28urn%3Ali%3AdataPlatform%3Afeature-registry%2Cminnie65.cells%40v1%2CPROD%29"
    )


def test_partitioned_multi_and_graph_assets_and_specs_are_taken_as_they_are(
    resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    declared = rd.FeatureTable(**cells_declared())
    other = rd.FeatureTable(**cells_declared(dataset=rd.Dataset(name="other"), materializations=[MINNIE_943]))

    @rd.feature_table({"a": declared, "b": other})
    @dg.multi_asset(specs=[dg.AssetSpec("a"), dg.AssetSpec("b"), dg.AssetSpec("undeclared")], can_subset=True)
    def several(): ...

    @dg.op
    def work() -> int:
        return 1

    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name="drawn")))
    @dg.graph_asset
    def drawn() -> int:
        return work()

    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name="by_layer")))
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(["l2", "l3"]))
    def layers() -> None: ...

    spec = rd.feature_table(**cells_declared(dataset=rd.Dataset(name="elsewhere")))(dg.AssetSpec("elsewhere"))
    defs = rd.definitions(dg.Definitions(assets=[several, drawn, layers, spec]), registry=resource)

    dg.Definitions.validate_loadable(defs)
    for name, key in (("minnie65.cells", "a"), ("other", "b"), ("by_layer", "layers"), ("drawn", "drawn")):
        assert parents(defs, dg.AssetKey(["registry", name])) == {dg.AssetKey(key), SYSTEM}
    assert parents(defs, dg.AssetKey(["registry", "elsewhere"])) == {spec.key, SYSTEM}


def test_all_else_of_the_definitions_stays(resource: rd.FeatureRegistry) -> None:
    @dg.job
    def own_job() -> None: ...

    @dg.sensor(job=own_job)
    def own_sensor() -> None: ...

    @dg.asset
    def plain() -> None: ...

    @dg.asset_check(asset=plain)
    def fine() -> dg.AssetCheckResult:
        return dg.AssetCheckResult(passed=True)

    pipeline = dg.Definitions(
        assets=[plain],
        asset_checks=[fine],
        jobs=[own_job],
        schedules=[dg.ScheduleDefinition(job=own_job, cron_schedule="@daily")],
        sensors=[own_sensor],
        resources={"other": resource},
        executor=dg.in_process_executor,
        metadata={"team": "cells"},
    )
    defs = rd.definitions(pipeline, registry=resource)

    repository = defs.get_repository_def()
    assert {job.name for job in repository.get_all_jobs()} >= {"own_job", "publish_feature_table"}
    assert {sensor.name for sensor in repository.sensor_defs} >= {"own_sensor"}
    assert {schedule.name for schedule in repository.schedule_defs} == {"own_job_schedule"}
    assert defs.executor is dg.in_process_executor
    assert defs.metadata["team"].value == "cells"
    assert repository.asset_graph.asset_check_keys == {dg.AssetCheckKey(plain.key, "fine")}


def test_materializing_everything_publishes_nothing(instance: Instance, defs: dg.Definitions, tmp_path: Path) -> None:
    assert defs.resolve_job_def("everything").execute_in_process(instance=instance).success
    assert not (tmp_path / "registry.db").exists()

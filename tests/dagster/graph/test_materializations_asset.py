"""An asset that keeps an upstream system's materialization versions current as facts."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration
from tests.sources.servers import TOKEN, neuprint

VERSIONS = """\
materializations:
  - {system: h01, version: c3, source: h01, timestamp: 2021-05-29T00:00:00Z, expires_on: 2030-01-01T00:00:00Z}
  - {system: h01, version: c4, source: h01}
"""
C3 = rd.MaterializationVersion(system="h01", version="c3", source="h01")


@pytest.fixture
def versions(tmp_path: Path) -> Path:
    path = tmp_path / "versions.yaml"
    path.write_text(VERSIONS)
    return path


def run(
    asset: dg.AssetsDefinition, instance: dg.DagsterInstance, resource: rd.FeatureRegistry
) -> dg.ExecuteInProcessResult:
    return dg.materialize([asset], instance=instance, resources={"registry": resource}, raise_on_error=False)


def failure(result: dg.ExecuteInProcessResult) -> str:
    (event,) = [event for event in result.all_events if event.is_step_failure]
    return event.step_failure_data.user_failure_data.description


def shown(instance: dg.DagsterInstance, asset: dg.AssetsDefinition) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(asset.key)
    assert event is not None
    return {name: value.value for name, value in event.asset_materialization.metadata.items()}


def test_a_run_records_the_versions_and_shows_what_changed(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, versions: Path
) -> None:
    asset = rd.materializations_asset("file", str(versions))
    assert run(asset, instance, resource).success
    recorded = registry.materialization(C3)
    assert recorded is not None
    assert recorded.expires_on is not None
    first = shown(instance, asset)
    assert (first["registry/versions"], first["registry/new"], first["registry/changed"]) == (2, 2, 0)
    assert "| h01@c3 | available, 2030-01-01 | new |  |" in first["registry/recorded"]

    versions.write_text(VERSIONS.replace("version: c4", "version: c4, status: expired"))
    assert run(asset, instance, resource).success
    second = shown(instance, asset)
    assert (second["registry/new"], second["registry/changed"]) == (0, 1)
    assert "| h01@c4 | expired | changed | status added: expired |" in second["registry/recorded"]


def test_it_publishes_no_dataset(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, versions: Path, tmp_path: Path
) -> None:
    run(rd.materializations_asset("file", str(versions)), instance, resource)
    assert b"feature-registry" not in (tmp_path / "registry.db").read_bytes()


def test_its_data_version_changes_with_the_facts_alone(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, versions: Path
) -> None:
    asset = rd.materializations_asset("file", str(versions))

    def data_version() -> str | None:
        run(asset, instance, resource)
        event = instance.get_latest_materialization_event(asset.key)
        assert event is not None
        return (event.asset_materialization.tags or {}).get("dagster/data_version")

    first = data_version()
    assert first is not None
    assert data_version() == first
    versions.write_text(VERSIONS.replace("2030", "2031"))
    assert data_version() != first


def test_a_contradiction_fails_the_run_and_the_rest_is_written(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, versions: Path
) -> None:
    asset = rd.materializations_asset("file", str(versions))
    run(asset, instance, resource)
    before = registry.materialization(C3)
    versions.write_text(VERSIONS.replace("2021", "2022") + "  - {system: h01, version: c5, source: h01}\n")
    result = run(asset, instance, resource)
    assert not result.success
    assert failure(result).startswith("1 of 3 versions contradict their records, which were kept. First: h01@c3:")
    assert registry.materialization(C3) == before
    assert registry.materialization(C3.model_copy(update={"version": "c5"})) is not None


def test_a_neuprint_server_is_queried_in_the_run_and_not_before(
    instance: dg.DagsterInstance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NEUPRINT_APPLICATION_CREDENTIALS", TOKEN)
    with neuprint(token=TOKEN) as server:
        asset = rd.materializations_asset("neuprint", server.url, "hemibrain")
        dg.Definitions.validate_loadable(rd.definitions(dg.Definitions(assets=[asset]), registry=resource))
        assert server.paths == []
        result = run(asset, instance, resource)
        assert result.success
        server.failure = (503, TOKEN)
        unavailable = failure(run(asset, instance, resource))
    hemibrain = rd.MaterializationVersion(system="hemibrain", version="v1.2.1", source="neuprint")
    assert registry.materialization(hemibrain) is not None
    logged = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(line.startswith("hemibrain@v1.2.1: no timestamp") for line in logged)
    assert "returned 503; try again later" in unavailable
    assert TOKEN not in unavailable


@pytest.mark.parametrize(
    ("source", "names", "key"),
    [
        ("cave", ["minnie65_public"], ["materialization_versions", "cave", "minnie65_public"]),
        (
            "neuprint",
            ["neuprint.janelia.org", "hemibrain:v1.2.1"],
            ["materialization_versions", "neuprint", "neuprint.janelia.org", "hemibrain", "v1.2.1"],
        ),
        ("file", ["my versions.yaml"], ["materialization_versions", "file", "my_versions"]),
    ],
)
def test_the_asset_is_called_by_its_source(source: Any, names: list[str], key: list[str]) -> None:
    assert rd.materializations_asset(source, *names).key == dg.AssetKey(key)


def test_it_may_have_another_key_and_a_schedule_that_is_stopped(versions: Path) -> None:
    asset = rd.materializations_asset("file", str(versions), key="upstream/h01", resource_key="facts")
    daily = dg.ScheduleDefinition(name="h01_daily", target=[asset], cron_schedule="@daily")
    defs = dg.Definitions(assets=[asset], schedules=[daily], resources={"facts": rd.FeatureRegistry()})
    dg.Definitions.validate_loadable(defs)
    assert asset.key == dg.AssetKey(["upstream", "h01"])
    assert daily.default_status == dg.DefaultScheduleStatus.STOPPED


def test_other_words_are_answered_with_what_to_write() -> None:
    with pytest.raises(InvalidDeclaration, match="write cave DATASTACK"):
        rd.materializations_asset("cave")


def test_the_recorded_versions_make_partitions(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, versions: Path
) -> None:
    run(rd.materializations_asset("file", str(versions)), instance, resource)
    partitions = rd.MaterializationPartitions(registry.materializations("h01"))
    assert partitions.definition.get_partition_keys() == ["c3", "c4"]

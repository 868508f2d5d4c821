"""Several calls of `rd.definitions` in one code location, beside assets of the user's own, and under other keys."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.code_location import gates_among
from registry_dagster.dagster.publish.config import Target
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.gate.gate import APPROVED
from tests.dagster.pipeline import cells_asset, cells_declared, materialize, sizes_asset

Instance = dg.DagsterInstance
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
CELLS = dg.AssetKey(["registry", "minnie65.cells"])
SIZES = dg.AssetKey(["registry", "minnie65.cell_sizes"])


class LabTranslator(rd.FeatureRegistryTranslator):
    def get_asset_spec(self, data: rd.Dataset | rd.MaterializationVersion) -> dg.AssetSpec:
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=spec.key.with_prefix("lab"), group_name="lab", kinds={"duckdb"})


@pytest.fixture
def cells(tmp_path: Path) -> dg.AssetsDefinition:
    return cells_asset(tmp_path / "cells.parquet")


@pytest.fixture
def sizes(tmp_path: Path) -> dg.AssetsDefinition:
    return sizes_asset(tmp_path / "sizes.parquet")


def around(resource: rd.FeatureRegistry, *assets: Any, **options: Any) -> dg.Definitions:
    return rd.definitions(dg.Definitions(assets=list(assets)), registry=resource, **options)


def keys(defs: dg.Definitions) -> set[dg.AssetKey]:
    return set(defs.resolve_asset_graph().get_all_asset_keys())


def parents(defs: dg.Definitions, key: dg.AssetKey) -> set[dg.AssetKey]:
    return set(defs.resolve_asset_graph().get(key).parent_keys)


def sensors(defs: dg.Definitions) -> dict[str, dg.SensorDefinition]:
    return {sensor.name: sensor for sensor in defs.get_repository_def().sensor_defs}


def publish(defs: dg.Definitions, instance: Instance, asset: str, job: str = "publish_feature_table") -> None:
    config = {"ops": {"publish": {"config": {"asset": asset, "message": "First"}}}}
    assert defs.resolve_job_def(job).execute_in_process(run_config=config, instance=instance).success


def requested(defs: dg.Definitions, instance: Instance, gate: str) -> list[str]:
    """The assets that a gate asks to publish."""
    context = dg.build_sensor_context(instance, repository_def=defs.get_repository_def())
    (request, *none) = [*(sensors(defs)[gate].evaluate_tick(context).run_requests or ()), None]
    assert none in ([], [None])
    if request is None:
        return []
    return [Target(**each).asset for each in request.run_config["ops"]["publish"]["config"]["targets"]]


def is_executable(defs: dg.Definitions, key: dg.AssetKey) -> bool:
    return defs.resolve_asset_graph().get(key).is_executable


def test_what_a_gate_of_the_users_own_takes_gets_the_rest_of_what_publishing_needs(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    gate = rd.publish_sensor(assets=[cells], name="nightly_gate")
    defs = rd.definitions(dg.Definitions(assets=[cells, sizes], sensors=[gate]), registry=resource)
    dg.Definitions.validate_loadable(defs)
    assert keys(defs) == {cells.key, sizes.key, SYSTEM, CELLS, SIZES}
    assert [(each.name, each.assets) for each in gates_among(sensors(defs).values())] == [
        ("nightly_gate", {"cells"}),
        ("publish_gate", {"cell_sizes"}),
    ]


def test_a_publish_job_of_the_users_own_is_the_only_one_of_its_assets(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition
) -> None:
    job = rd.publish_job([cells], name="publish_cells")
    gate = rd.publish_sensor(assets=[cells], job=job)
    defs = rd.definitions(dg.Definitions(assets=[cells], jobs=[job], sensors=[gate]), registry=resource)
    dg.Definitions.validate_loadable(defs)
    assert keys(defs) == {cells.key, SYSTEM, CELLS}
    assert [each.name for each in defs.jobs or ()] == ["publish_cells"]
    assert sensors(defs).keys() == {"publish_gate"}


def test_two_calls_merge_with_a_job_and_a_gate_each(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    defs = dg.Definitions.merge(around(resource, cells), around(resource, sizes, job_name="publish_sizes"))
    dg.Definitions.validate_loadable(defs)
    assert keys(defs) == {cells.key, sizes.key, SYSTEM, CELLS, SIZES}
    assert sensors(defs).keys() == {"publish_gate", "publish_sizes_gate"}

    materialize(instance, resource, cells, sizes, tags=APPROVED)
    assert requested(defs, instance, "publish_gate") == ["cells"]
    assert requested(defs, instance, "publish_sizes_gate") == ["cell_sizes"]
    publish(defs, instance, "cell_sizes", job="publish_sizes")
    assert len(instance.fetch_materializations(SIZES, limit=10).records) == 1


def test_a_gate_for_all_leaves_what_other_gates_take(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    @rd.feature_table(**cells_declared(dataset=rd.Dataset(name="minnie65.others")))
    @dg.asset
    def others() -> None: ...

    gates = [rd.publish_sensor(name="one", assets=[sizes]), rd.publish_sensor(name="rest")]
    rest = dg.Definitions(assets=[sizes, others], sensors=gates, jobs=[rd.publish_job(name="rest_job")])
    defs = dg.Definitions.merge(around(resource, cells), rest)
    materialize(instance, resource, cells, sizes, tags=APPROVED)
    assert requested(defs, instance, "rest") == []
    assert requested(defs, instance, "one") == ["cell_sizes"]


@pytest.mark.parametrize("key", [SYSTEM, CELLS])
def test_an_asset_of_the_users_own_is_used_where_it_has_the_key(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, key: dg.AssetKey
) -> None:
    @dg.asset(key=key)
    def own() -> None: ...

    defs = around(resource, cells, own)
    assert keys(defs) == {cells.key, SYSTEM, CELLS}
    assert is_executable(defs, key)


@pytest.mark.parametrize("key", [None, "cave/minnie65_public", "lab/minnie"])
def test_the_materializations_asset_is_the_asset_of_its_system(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, key: str | None
) -> None:
    minnie = rd.materializations_asset("cave", "minnie65_public", key=key)
    defs = around(resource, cells, minnie)
    assert keys(defs) == {cells.key, minnie.key, CELLS}
    assert parents(defs, CELLS) == {cells.key, minnie.key}

    materialize(instance, resource, cells)
    publish(defs, instance, "cells")
    (record,) = instance.fetch_observations(minnie.key, limit=10).records
    assert record.partition_key == "1300"


def test_a_call_around_merged_definitions_leaves_one_asset_for_each_key(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    @dg.asset(key=SYSTEM)
    def own() -> None: ...

    @rd.feature_table(**cells_declared())
    @dg.asset
    def more_cells() -> None: ...

    merged = dg.Definitions.merge(
        around(resource, cells),
        around(resource, more_cells, job_name="publish_more"),
        dg.Definitions(assets=[own, sizes]),
    )
    defs = rd.definitions(merged, job_name="publish_rest")
    assert is_executable(defs, SYSTEM)
    assert parents(defs, CELLS) == {cells.key, more_cells.key, SYSTEM}
    gates = gates_among(defs.get_repository_def().sensor_defs)
    assert {(gate.job, *gate.assets) for gate in gates} == {
        ("publish_feature_table", "cells"),
        ("publish_more", "more_cells"),
        ("publish_rest", "cell_sizes"),
    }


def test_a_call_around_definitions_that_are_complete_adds_no_job(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition
) -> None:
    defs = rd.definitions(around(resource, cells))
    assert sensors(defs).keys() == {"publish_gate"}
    assert keys(defs) == {cells.key, SYSTEM, CELLS}


def test_a_second_job_of_one_name_is_refused_where_it_can_be_seen(
    resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    merged = dg.Definitions.merge(around(resource, cells), dg.Definitions(assets=[sizes]))
    with pytest.raises(InvalidDeclaration, match="there is a job 'publish_feature_table' already; set job_name"):
        rd.definitions(merged)


def test_a_translator_chooses_keys_groups_and_kinds_and_all_keep_to_it(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition, sizes: dg.AssetsDefinition
) -> None:
    lab = LabTranslator()
    checks = rd.verify_checks([cells], translator=lab)
    pipeline = dg.Definitions(assets=[cells, sizes], asset_checks=[checks])
    defs = rd.definitions(pipeline, registry=resource, translator=lab)
    dg.Definitions.validate_loadable(defs)
    dataset, system = CELLS.with_prefix("lab"), SYSTEM.with_prefix("lab")
    assert keys(defs) == {cells.key, sizes.key, system, dataset, SIZES.with_prefix("lab")}
    assert {(defs.resolve_asset_graph().get(key).group_name) for key in (dataset, system)} == {"lab"}
    assert "duckdb" in defs.resolve_asset_graph().get(system).kinds
    assert parents(defs, dataset) == {cells.key, system}
    assert {key.asset_key for key in checks.check_keys} == {dataset}

    materialize(instance, resource, cells, tags=APPROVED)
    publish(defs, instance, "cells")
    publish(defs, instance, "cells")
    (event,) = instance.fetch_materializations(dataset, limit=10).records
    assert event.partition_key == "v1"
    assert len(instance.fetch_observations(system, limit=10).records) == 1
    convert = rd.plugin_urns([cells], translator=lab)
    assert (convert(dataset.path), convert(system.path)) == (None, None)


def test_a_key_that_publishing_could_not_find_again_is_refused(cells: dg.AssetsDefinition) -> None:
    class ByTitle(rd.FeatureRegistryTranslator):
        def get_asset_spec(self, data: rd.Dataset | rd.MaterializationVersion) -> dg.AssetSpec:
            spec = super().get_asset_spec(data)
            title = data.title if isinstance(data, rd.Dataset) else None
            return spec.replace_attributes(key=title or spec.key)

    with pytest.raises(InvalidDeclaration, match=r"ByTitle\.get_asset_spec: the key of dataset minnie65\.cells"):
        rd.definitions(dg.Definitions(assets=[cells]), translator=ByTitle())


def test_what_is_no_translator_is_refused(cells: dg.AssetsDefinition) -> None:
    wrong: Any = LabTranslator
    for call in (
        lambda: rd.definitions(dg.Definitions(), translator=wrong),
        lambda: rd.publish_job(translator=wrong),
        lambda: rd.publish_sensor(translator=wrong),
        lambda: rd.verify_checks([cells], translator=wrong),
        lambda: rd.expiry_checks([cells], translator=wrong),
        lambda: rd.unpublished_checks([cells], translator=wrong),
        lambda: rd.plugin_urns([cells], translator=wrong),
    ):
        with pytest.raises(InvalidDeclaration, match="translator is LabTranslator; pass an object of a subclass"):
            call()

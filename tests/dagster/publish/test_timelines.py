"""What a publish leaves on Dagster's timelines: each version once, whatever else is there."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import cells_asset, cells_declared, materialize, publish, write_cells

pytestmark = pytest.mark.on_disk

Instance = dg.DagsterInstance
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
CELLS = dg.AssetKey(["registry", "minnie65.cells"])


def versions(instance: Instance) -> list[tuple[str | None, bool]]:
    """The events of the dataset's asset, oldest first: `v1`, and whether it shows what was published."""
    records = instance.fetch_materializations(CELLS, limit=100, ascending=True).records
    events = [record.asset_materialization for record in records if record.asset_materialization is not None]
    return [(event.partition, "digest" in event.metadata) for event in events]


def observed(instance: Instance, asset: str = "cells") -> list[dg.AssetObservation]:
    """What the timeline of a producing asset says, oldest first."""
    records = instance.fetch_observations(dg.AssetKey(asset), limit=100, ascending=True).records
    return [record.asset_observation for record in records if record.asset_observation is not None]


def layered(folder: Path, count: int) -> dg.AssetsDefinition:
    """Cells, a table for each layer, the layers in one run."""
    keys = [f"layer_{number}" for number in range(1, count + 1)]

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(keys))
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> None:
        for key in context.partition_keys:
            result = registry.table(context, write_cells(folder / f"{key}.parquet", int(key.removeprefix("layer_"))))
            context.add_asset_metadata(result.metadata, partition_key=key)

    return cells


def materialize_all(
    instance: Instance, resource: rd.FeatureRegistry, cells: dg.AssetsDefinition
) -> list[dict[str, str]]:
    """Materialize all layers, as one run of a backfill does; the targets to publish."""
    keys = cells.partitions_def.get_partition_keys() if cells.partitions_def else []
    tags = {"dagster/asset_partition_range_start": keys[0], "dagster/asset_partition_range_end": keys[-1]}
    materialize(instance, resource, cells, tags=tags)
    return [{"asset": "cells", "partition": key} for key in keys]


def states(instance: Instance) -> list[str | None]:
    """The materialization versions on the timeline of the upstream system, oldest first."""
    records = instance.fetch_observations(SYSTEM, limit=100, ascending=True).records
    return [record.partition_key for record in records]


def test_what_a_person_reports_by_hand_does_not_silence_the_publish(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    for key, partition in ((CELLS, "v1"), (SYSTEM, "1300")):
        instance.report_runless_asset_event(dg.AssetMaterialization(key, partition=partition))
        instance.add_dynamic_partitions(key.to_user_string(), [partition])
    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))

    for _ in range(2):
        assert publish(instance, resource, asset="cells", message="True").success

    assert versions(instance) == [("v1", False), ("v1", True)]
    assert states(instance) == ["1300"]
    assert len(observed(instance)) == 1


def test_what_older_releases_logged_on_partitions_stays_and_is_not_logged_again(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    """They logged both sides as materializations of dynamic partitions."""
    runs: list[str] = []
    for rows in (1, 2, 3):
        path = tmp_path / f"{rows}.parquet"
        runs.append(materialize(instance, resource, cells_asset(path, lambda rows=rows: rows)).run_id)
    for rows in (1, 2):
        table = rd.inspect_table(tmp_path / f"{rows}.parquet")
        registry.publish(rd.FeatureTable(**cells_declared()), table, message=f"{rows}", publisher="ada@lab.org")
    for record in registry.versions("minnie65.cells"):
        before = dg.AssetMaterialization(
            CELLS, partition=f"v{record.number}", metadata={"digest": record.digest, "made against": "…"}
        )
        instance.report_runless_asset_event(before)
        instance.add_dynamic_partitions(CELLS.to_user_string(), [f"v{record.number}"])
    instance.report_runless_asset_event(
        dg.AssetMaterialization(SYSTEM, partition="1300", metadata={"system": "minnie65_public", "version": "1300"})
    )
    instance.add_dynamic_partitions(SYSTEM.to_user_string(), ["1300"])

    for run in runs:
        assert publish(instance, resource, asset="cells", run_id=run, message="After the upgrade").success

    assert versions(instance) == [("v1", True), ("v2", True), ("v3", True)]
    assert states(instance) == []
    assert instance.get_materialized_partitions(CELLS) == {"v1", "v2", "v3"}


def test_the_number_of_queries_does_not_grow_with_the_versions(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = materialize_all(instance, resource, layered(tmp_path, 6))
    asked: list[object] = []
    fetch = Instance.fetch_materializations

    def counted(self: Instance, wanted: Any, **options: Any) -> Any:
        asked.append(wanted)
        return fetch(self, wanted, **options)

    monkeypatch.setattr(Instance, "fetch_materializations", counted)
    counts: list[int] = []
    for some in (targets[:1], targets[1:]):
        asked.clear()
        assert publish(instance, resource, message="Layers", targets=some).success
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert [partition for partition, _ in versions(instance)] == [f"v{number}" for number in range(1, 7)]


def test_the_producing_asset_says_which_of_its_materializations_is_published(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    older, newer = (
        materialize(instance, resource, cells_asset(tmp_path / f"{rows}.parquet", lambda rows=rows: rows))
        for rows in (1, 2)
    )
    published = [publish(instance, resource, asset="cells", run_id=run.run_id, message="One") for run in (newer, older)]

    of_newer, of_older = observed(instance)
    assert of_newer.metadata["version"].value == "minnie65.cells@v1"
    assert of_newer.metadata["producing_run"] == dg.MetadataValue.dagster_run(newer.run_id)
    assert of_older.metadata["version"].value == "minnie65.cells@v2"
    assert of_older.metadata["producing_run"] == dg.MetadataValue.dagster_run(older.run_id)
    assert of_older.metadata["publish_run"] == dg.MetadataValue.dagster_run(published[1].run_id)
    assert str(of_older.metadata["physical_version"].value).startswith("parquet files with the fingerprint sha256:")
    first, _ = instance.fetch_materializations(dg.AssetKey("cells"), limit=2, ascending=True).records
    assert of_older.metadata["materialized_at"] == dg.MetadataValue.timestamp(first.timestamp)
    assert f"published as minnie65.cells@v2: what run {older.run_id[:8]} made at 20" in (of_older.description or "")


@pytest.mark.parametrize(("layers", "observations"), [(3, 3), (21, 1)])
def test_each_publish_is_observed_or_all_in_a_table_if_they_are_many(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path, layers: int, observations: int
) -> None:
    targets = materialize_all(instance, resource, layered(tmp_path, layers))
    publish(instance, resource, message="All layers", targets=targets)

    found = observed(instance)
    assert len(found) == observations
    if observations == 1:
        assert found[0].description == "published as minnie65.cells@v1 and 20 more"
        assert "| `minnie65.cells@v21` | layer_21 |" in str(found[0].metadata["versions"].value)
    else:
        assert [each.partition for each in found] == ["layer_1", "layer_2", "layer_3"]


def tags(instance: Instance, run_id: str) -> dict[str, str]:
    """The tags of a run that say what it published."""
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return {name: value for name, value in run.tags.items() if name.startswith("registry/")}


def test_tags_distinguish_publish_runs(instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path) -> None:
    targets = materialize_all(instance, resource, layered(tmp_path, 5))
    trial = publish(instance, resource, targets=targets[:1], message="Trial", dry_run=True)
    one = publish(instance, resource, targets=targets[:1], message="One")
    many = publish(instance, resource, targets=targets, message="All")
    wrong = publish(instance, resource, asset="cells", partition="layer_9", message="None")

    assert tags(instance, trial.run_id) == {"registry/dataset": "minnie65.cells", "registry/dry_run": "true"}
    assert tags(instance, one.run_id) == {"registry/dataset": "minnie65.cells", "registry/version": "v1"}
    assert tags(instance, many.run_id) == {"registry/dataset": "minnie65.cells", "registry/version": "5 versions"}
    assert tags(instance, wrong.run_id) == {}


def test_a_run_that_is_launched_again_does_not_keep_tags_that_are_false_of_it(
    instance: Instance, resource: rd.FeatureRegistry, tmp_path: Path
) -> None:
    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    (tmp_path / "cells.parquet").unlink()
    inherited = {"registry/dataset": "minnie65.other", "registry/version": "v7", "registry/dry_run": "true"}
    failed = rd.publish_job().execute_in_process(
        run_config={"ops": {"publish": {"config": {"asset": "cells", "message": "Again"}}}},
        resources={"registry": resource},
        instance=instance,
        raise_on_error=False,
        tags=inherited,
    )

    assert not failed.success
    assert tags(instance, failed.run_id) == {
        "registry/dataset": "minnie65.cells",
        "registry/version": "none",
        "registry/dry_run": "false",
    }

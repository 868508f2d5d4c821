"""What a publish leaves on Dagster's timelines: each version once, whatever else is there."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import cells_asset, cells_declared, materialize, publish, write_cells

Instance = dg.DagsterInstance
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
CELLS = dg.AssetKey(["registry", "minnie65.cells"])


def versions(instance: Instance) -> list[tuple[str | None, bool]]:
    """The events of the dataset's asset, oldest first: `v1`, and whether it shows what was published."""
    records = instance.fetch_materializations(CELLS, limit=100, ascending=True).records
    events = [record.asset_materialization for record in records if record.asset_materialization is not None]
    return [(event.partition, "digest" in event.metadata) for event in events]


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
    assert len(instance.fetch_observations(dg.AssetKey("cells"), limit=10).records) == 1


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
    keys = [f"layer_{number}" for number in range(1, 7)]

    @rd.feature_table(**cells_declared())
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(keys))
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        rows = int(context.partition_key[-1])
        return registry.table(context, write_cells(tmp_path / f"{context.partition_key}.parquet", rows))

    for key in keys:
        materialize(instance, resource, cells, partition_key=key)
    asked: list[object] = []
    fetch = Instance.fetch_materializations

    def counted(self: Instance, wanted: Any, **options: Any) -> Any:
        asked.append(wanted)
        return fetch(self, wanted, **options)

    monkeypatch.setattr(Instance, "fetch_materializations", counted)
    counts: list[int] = []
    for some in (keys[:1], keys[1:]):
        asked.clear()
        targets = [{"asset": "cells", "partition": key} for key in some]
        assert publish(instance, resource, message="Layers", targets=targets).success
        counts.append(len(asked))

    assert counts[0] == counts[1]
    assert [partition for partition, _ in versions(instance)] == [f"v{number}" for number in range(1, 7)]

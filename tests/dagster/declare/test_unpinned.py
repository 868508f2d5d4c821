"""A declared asset whose table nobody pins warns when it is materialized, and says how to pin it."""

from pathlib import Path
from typing import Any

import dagster as dg
import pyarrow as pa
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import cells_asset, cells_declared, failure, publish, sizes_declared, write_cells

Instance = dg.DagsterInstance


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Any]:
    return {"io_manager": dg.FilesystemIOManager(base_dir=str(tmp_path / "files"))}


def warned(instance: Instance, run: dg.ExecuteInProcessResult) -> list[str]:
    """The first word of each warning that no table was pinned."""
    said = [entry.user_message for entry in instance.all_logs(run.run_id) if entry.level == 30]
    return [
        message.split()[0] for message in said if "no table was pinned, so it cannot be published. Return" in message
    ]


def test_each_way_not_to_pin_is_warned_of(
    instance: Instance, resource: rd.FeatureRegistry, files: dict[str, Any], tmp_path: Path
) -> None:
    @rd.feature_table(**cells_declared())
    @dg.asset
    def returns_nothing(registry: rd.FeatureRegistry) -> None: ...

    @rd.feature_table(**cells_declared())
    @dg.asset
    def forgets_to_return(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> None:
        registry.table(context, write_cells(tmp_path / "cells.parquet"))

    @rd.feature_table(**cells_declared())
    @dg.asset
    def io_manager_is_not_wrapped() -> pa.Table:
        return pa.table({"nucleus_id": [1], "root_id": [2]})

    @dg.op
    def write() -> int:
        return 1

    @dg.op
    def keep(written: int) -> int:
        return written

    @rd.feature_table(**cells_declared())
    @dg.graph_asset
    def graph() -> Any:
        return keep(write())

    assets = [returns_nothing, forgets_to_return, io_manager_is_not_wrapped, graph]
    run = dg.materialize(assets, instance=instance, resources={"registry": resource, **files})

    assert run.success
    assert sorted(warned(instance, run)) == sorted(asset.key.to_user_string() for asset in assets)
    refused = failure(publish(instance, resource, asset="graph", message="First"))
    assert "has no pinned table. Return registry.table(context, uri) from the asset (in a graph asset, from" in refused


def test_only_what_is_declared_and_made_by_the_run_is_warned_of(
    instance: Instance, resource: rd.FeatureRegistry, files: dict[str, Any], tmp_path: Path
) -> None:
    pinned = cells_asset(tmp_path / "cells.parquet")

    @rd.feature_table({"a": rd.FeatureTable(**cells_declared()), "b": rd.FeatureTable(**sizes_declared())})
    @dg.multi_asset(specs=[dg.AssetSpec(key, skippable=True) for key in ("a", "b", "log")], can_subset=True)
    def several() -> Any:
        yield dg.MaterializeResult(asset_key="a")
        yield dg.MaterializeResult(asset_key="log")

    instance.report_runless_asset_event(dg.AssetMaterialization("b"))
    run = dg.materialize([pinned, several], instance=instance, resources={"registry": resource, **files})

    assert run.success
    assert warned(instance, run) == ["a"]


def test_hooks_of_ones_own_are_kept() -> None:
    @dg.success_hook
    def cheer(context: dg.HookContext) -> None:
        del context

    @rd.feature_table(**cells_declared())
    @dg.asset(hooks={cheer})
    def cells() -> None: ...

    assert {hook.name for hook in cells.hook_defs} == {"cheer", "warn_if_not_pinned"}


def test_an_external_asset_can_be_declared() -> None:
    external = dg.AssetsDefinition(specs=[dg.AssetSpec("cells")])
    assert rd.feature_table(**cells_declared())(external).keys == {dg.AssetKey("cells")}

"""Runs that are executed again: a tag approves one publish of each run group, asset and partition."""

import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.gate.gate import APPROVED, Gate, targets_of
from tests.dagster.pipeline import cells_asset, cells_declared, failure, materialize, publish, sizes_asset, write_cells

Instance = dg.DagsterInstance


@pytest.fixture
def in_place(tmp_path: Path) -> dg.AssetsDefinition:
    """Cells that every run writes over the same file."""
    rows = iter(range(1, 100))
    return cells_asset(tmp_path / "cells.parquet", lambda: next(rows))


@pytest.fixture
def own_files(tmp_path: Path) -> dg.AssetsDefinition:
    """Cells that every run writes to a file of its own."""
    numbers = iter(range(1, 100))

    @rd.feature_table(**cells_declared())
    @dg.asset
    def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        number = next(numbers)
        return registry.table(context, write_cells(tmp_path / f"{number}.parquet", number))

    return cells


def again(instance: Instance, resource: rd.FeatureRegistry, first: str, *assets: dg.AssetsDefinition) -> str:
    """Execute a run again as Dagster does, with all its steps; its id."""
    tags = {**APPROVED, "dagster/parent_run_id": first, "dagster/root_run_id": first}
    return materialize(instance, resource, *assets, tags=tags).run_id


def said(result: dg.SensorResult) -> str:
    assert result.skip_reason is not None
    return result.skip_reason.skip_message or ""


def rows(registry: rd.Registry) -> list[int | None]:
    return [version.table.rows for version in registry.versions("minnie65.cells")]


def test_m2_a_retried_run_publishes_the_same_data_twice(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, own_files: dg.AssetsDefinition
) -> None:
    first = materialize(instance, resource, own_files, tags=APPROVED).run_id
    last = again(instance, resource, first, own_files)
    gate = Gate(instance, resource, [own_files])
    (published,) = gate.tick()
    assert published.success
    (record,) = registry.versions("minnie65.cells")
    assert record.provenance.dagster_run_id == last
    gate.cursor = None
    assert gate.tick() == []


def test_m2_parquet_overwritten_by_a_retry_fails_for_ever(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, in_place: dg.AssetsDefinition
) -> None:
    first = materialize(instance, resource, in_place, tags=APPROVED).run_id
    gate = Gate(instance, resource, [in_place], pauses=(3600,))
    (request,) = gate.look().run_requests or ()
    last = again(instance, resource, first, in_place)
    failed = gate.launch(request)
    assert not failed.success
    assert "Publish a newer materialization of the asset" in failure(failed)
    (instead,) = gate.tick()
    assert instead.success
    (record,) = registry.versions("minnie65.cells")
    assert (record.table.rows, record.provenance.dagster_run_id) == (2, last)
    assert gate.tick() == []
    gate.cursor = None
    assert gate.tick() == []


def test_a_retry_after_the_publish_waits_for_a_new_approval_and_the_tick_says_how(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    tmp_path: Path,
) -> None:
    approvals = tmp_path / "approvals.yaml"
    approvals.write_text("")
    gate = Gate(instance, resource, [own_files], approvals=approvals)
    first = materialize(instance, resource, own_files, tags=APPROVED).run_id
    gate.tick()
    last = again(instance, resource, first, own_files)
    waiting = gate.look()
    assert not waiting.run_requests
    assert f"run {first}, which it executed again, is published already" in said(waiting)
    assert f"launch the publish job with run_id {last}, or add it with that run_id to the approvals" in said(waiting)
    assert rows(registry) == [1]
    approvals.write_text(f"- {{asset: cells, run_id: {last}, by: ada@lab.org, why: The retry is right}}\n")
    (published,) = gate.tick()
    assert published.success
    assert rows(registry) == [1, 2]


def test_a_retry_while_the_first_is_being_published_is_not_published_beside_it(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, own_files: dg.AssetsDefinition
) -> None:
    gate = Gate(instance, resource, [own_files])
    first = materialize(instance, resource, own_files, tags=APPROVED).run_id
    (request,) = gate.look().run_requests or ()
    queued = instance.create_run_for_job(gate.job, run_config=dict(request.run_config), tags=dict(request.tags))
    again(instance, resource, first, own_files)
    waiting = gate.look()
    assert not waiting.run_requests
    assert f"executed run {first} again, which is being published" in said(waiting)
    instance.delete_run(queued.run_id)
    assert gate.launch(request).success
    assert not gate.look().run_requests
    assert rows(registry) == [1]


def test_a_retry_after_a_publish_by_hand_waits_too(
    instance: Instance, resource: rd.FeatureRegistry, registry: rd.Registry, own_files: dg.AssetsDefinition
) -> None:
    gate = Gate(instance, resource, [own_files])
    first = materialize(instance, resource, own_files, tags=APPROVED).run_id
    assert publish(instance, resource, asset="cells", message="By hand", run_id=first).success
    again(instance, resource, first, own_files)
    assert f"run {first}, which it executed again, is published already" in said(gate.look())
    assert rows(registry) == [1]


def test_versions_that_older_releases_logged_are_read(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition
) -> None:
    """They wrote the producing run as `run`."""
    gate = Gate(instance, resource, [own_files])
    first = materialize(instance, resource, own_files, tags=APPROVED).run_id
    metadata = {"asset": dg.MetadataValue.asset(dg.AssetKey("cells")), "run": dg.MetadataValue.dagster_run(first)}
    version = dg.AssetMaterialization(["registry", "minnie65.cells"], partition="v1", metadata=metadata)
    instance.report_runless_asset_event(version)
    again(instance, resource, first, own_files)
    assert f"run {first}, which it executed again, is published already" in said(gate.look())


def test_what_a_failed_request_did_publish_is_not_replaced_by_a_retry(
    instance: Instance,
    resource: rd.FeatureRegistry,
    registry: rd.Registry,
    own_files: dg.AssetsDefinition,
    tmp_path: Path,
) -> None:
    sizes = sizes_asset(tmp_path / "sizes.parquet")
    gate = Gate(instance, resource, [own_files, sizes])
    first = materialize(instance, resource, own_files, sizes, tags=APPROVED).run_id
    (tmp_path / "sizes.parquet").unlink()
    (failed,) = gate.tick()
    assert not failed.success
    again(instance, resource, first, own_files, sizes)
    (instead,) = gate.tick()
    assert instead.success
    assert rows(registry) == [1]
    assert len(registry.versions("minnie65.cell_sizes")) == 1


def test_each_asset_and_partition_of_a_group_is_published(
    instance: Instance, resource: rd.FeatureRegistry, own_files: dg.AssetsDefinition
) -> None:
    (event,) = materialize(instance, resource, own_files).get_asset_materialization_events()
    pinned = {name: event.materialization.metadata[name] for name in ("registry/frozen",)}
    first = str(uuid.uuid4())
    group = {**APPROVED, "dagster/root_run_id": first}
    for partitions, tags in ((["a", "b"], APPROVED), (["b", "c"], group)):
        job = dg.GraphDefinition(name="parts", node_defs=[parts(partitions, pinned)]).to_job()
        job.execute_in_process(instance=instance, tags=tags, run_id=first if tags is APPROVED else None)
    (request,) = Gate(instance, resource, [own_files]).look().run_requests or ()
    found = {each["partition"]: each["run_id"] == first for each in targets_of(request)}
    assert found == {"a": True, "b": False, "c": False}


def parts(partitions: Sequence[str], pinned: dict[str, Any]) -> dg.OpDefinition:
    @dg.op(name="parts", out=dg.Out(dg.Nothing))
    def op(context: dg.OpExecutionContext) -> Iterator[dg.AssetMaterialization]:
        for partition in partitions:
            context.log_event(dg.AssetMaterialization("cells", partition=partition, metadata=pinned))
        yield from ()

    return op

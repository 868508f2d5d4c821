"""Pinning inside a graph asset: in the op that makes its output."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.frozen import frozen_in
from registry_dagster.errors import InvalidDeclaration
from tests.dagster.pipeline import cells_declared, materialize, publish, write_cells


@dg.op
def count_cells() -> int:
    return 3


def graph_asset(write: dg.OpDefinition) -> dg.AssetsDefinition:
    @rd.feature_table(**cells_declared())
    @dg.graph_asset
    def cells() -> Any:
        return write(count_cells())

    return cells


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cells.parquet"


def test_the_op_pins_with_its_own_context(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, path: Path
) -> None:
    @dg.op
    def write(context: dg.OpExecutionContext, registry: rd.FeatureRegistry, rows: int) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(path, rows))

    run = materialize(instance, resource, graph_asset(write))

    (event,) = run.get_asset_materialization_events()
    assert frozen_in(event.materialization.metadata).origin["op"] == "prod/write"
    assert publish(instance, resource, asset="cells", message="First").success
    assert registry.get("minnie65.cells").table.rows == 3


def test_so_it_does_with_the_context_of_an_asset(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, path: Path
) -> None:
    @dg.op
    def write(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry, rows: int) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(path, rows))

    run = materialize(instance, resource, graph_asset(write))

    (event,) = run.get_asset_materialization_events()
    assert frozen_in(event.materialization.metadata).facts.rows == 3


def test_an_op_of_a_job_makes_no_asset(instance: dg.DagsterInstance, resource: rd.FeatureRegistry, path: Path) -> None:
    @dg.op
    def write(context: dg.OpExecutionContext, registry: rd.FeatureRegistry) -> None:
        with pytest.raises(InvalidDeclaration, match="this context belongs to none; pass the context of the asset's"):
            registry.table(context, write_cells(path))

    @dg.job
    def job() -> None:
        write()

    assert job.execute_in_process(instance=instance, resources={"registry": resource}).success

"""Layout, inputs and exact references are declared beside the asset and reach the record."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

import registry_dagster as rd
from tests.dagster.pipeline import (
    MINNIE_943,
    MINNIE_1300,
    cells_asset,
    cells_declared,
    materialize,
    sizes_declared,
    write_cells,
    write_sizes,
)
from tests.dagster.pipeline import publish as publish_asset

STATES = {"943": MINNIE_943, "1300": MINNIE_1300}


def by_state(key: str) -> list[rd.MaterializationVersion]:
    return [STATES[key]]


def test_layout_and_inputs_of_a_partitioned_asset_are_lost_on_the_way(
    instance: dg.DagsterInstance, resource: rd.FeatureRegistry, registry: rd.Registry, tmp_path: Path
) -> None:
    raw = cells_asset(tmp_path / "raw.parquet", dataset=rd.Dataset(name="minnie65.raw"))
    materialize(instance, resource, raw)
    assert publish_asset(instance, resource, asset="cells", message="first").success

    @rd.feature_table(**cells_declared(materializations=by_state), layout="pre_pt_root_id", inputs=["minnie65.raw@v1"])
    @dg.asset(partitions_def=dg.StaticPartitionsDefinition(list(STATES)))
    def sorted_cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_cells(tmp_path / f"{context.partition_key}.parquet"))

    for key in STATES:
        materialize(instance, resource, sorted_cells, partition_key=key)
        assert publish_asset(instance, resource, asset="sorted_cells", partition=key, message="why").success
    for key, state in STATES.items():
        record = registry.get("minnie65.cells", at=str(state), layout="pre_pt_root_id")
        assert record.provenance.dagster_partition == key
        assert str(record.layout) == "pre_pt_root_id"
        assert record.inputs == ("minnie65.raw@v1",)


@pytest.mark.parametrize(
    ("address", "asset"),
    [
        ({}, ["cells"]),
        ({"to": "minnie65.cells@v1"}, ["registry", "minnie65.cells"]),
        ({"at": "minnie65_public@943"}, ["registry", "minnie65.cells"]),
        ({"layout": "id"}, ["registry", "minnie65.cells"]),
    ],
)
def test_an_exact_reference_leads_to_what_is_published_not_to_the_asset_upstream(
    instance: dg.DagsterInstance,
    resource: rd.FeatureRegistry,
    tmp_path: Path,
    address: dict[str, str],
    asset: list[str],
) -> None:
    reference: dict[str, Any] = {
        "columns": ["nucleus_id"],
        "to": "minnie65.cells",
        "to_columns": ["nucleus_id"],
        "annotation_type": "nucleus",
        "cardinality": "1:1",
        "stability": "stable_within_table",
    }

    @rd.feature_table(**sizes_declared(references=[rd.Reference(**{**reference, **address})]))
    @dg.asset(deps=["cells"])
    def sizes(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
        return registry.table(context, write_sizes(tmp_path / "sizes.parquet"))

    materialize(instance, resource, cells_asset(tmp_path / "cells.parquet"))
    (event,) = materialize(instance, resource, sizes).get_asset_materialization_events()
    lineage: Any = event.materialization.metadata["dagster/column_lineage"]
    (dep,) = lineage.column_lineage.deps_by_column["nucleus_id"]
    assert dep.asset_key == dg.AssetKey(asset)

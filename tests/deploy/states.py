"""A code location: cells of fifty materialization versions, each a partition with a table of its own."""

import os
from pathlib import Path
from typing import Any

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import cells_declared, write_cells

TABLES = Path(os.environ.get("TABLES", "tables"))
STATES = [rd.MaterializationVersion(system="minnie65_public", version=1000 + n, source="cave") for n in range(50)]
BY_STATE = rd.MaterializationPartitions(STATES)


@rd.feature_table(**cells_declared(materializations=BY_STATE))
@dg.asset(partitions_def=BY_STATE.definition)
def cells(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    return registry.table(context, write_cells(TABLES / f"{context.partition_key}.parquet"))


defs = rd.definitions(
    # A process a run is enough.
    dg.Definitions(assets=[cells], executor=dg.in_process_executor),
    registry=rd.FeatureRegistry(target=dg.EnvVar("FEATURE_REGISTRY"), publisher="ada@lab.org"),
)

"""A code location: cells, and a table for each layer of each region."""

import os
from pathlib import Path
from typing import Any

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import cells_asset, cells_declared, write_cells

TABLES = Path(os.environ["TABLES"])
GRID = dg.MultiPartitionsDefinition(
    {"region": dg.StaticPartitionsDefinition(["V1", "RL"]), "layer": dg.StaticPartitionsDefinition(["2", "4"])}
)


@rd.feature_table(**cells_declared(dataset=rd.Dataset(name="minnie65.grid")))
@dg.asset(partitions_def=GRID)
def grid(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult[Any]:
    return registry.table(context, write_cells(TABLES / f"{context.partition_key}.parquet"))


defs = rd.definitions(
    dg.Definitions(
        assets=[cells_asset(TABLES / "cells.parquet"), grid],
        jobs=[dg.define_asset_job("make", selection=["cells"])],
    ),
    registry=rd.FeatureRegistry(target=dg.EnvVar("FEATURE_REGISTRY"), publisher="ada@lab.org"),
)

"""Another code location: what is measured of the cells, which it does not define."""

import os
from pathlib import Path

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import sizes_asset

defs = rd.definitions(
    dg.Definitions(
        assets=[sizes_asset(Path(os.environ["TABLES"]) / "sizes.parquet")],
        jobs=[dg.define_asset_job("make", selection=["cell_sizes"])],
    ),
    registry=rd.FeatureRegistry(target=dg.EnvVar("FEATURE_REGISTRY"), publisher="grace@lab.org"),
)

"""A code location: cells."""

import os
from pathlib import Path

import dagster as dg

import registry_dagster as rd
from tests.dagster.pipeline import cells_asset

defs = rd.definitions(
    dg.Definitions(
        assets=[cells_asset(Path(os.environ["TABLES"]) / "cells.parquet")],
        jobs=[dg.define_asset_job("make", selection=["cells"])],
    ),
    registry=rd.FeatureRegistry(target=dg.EnvVar("FEATURE_REGISTRY"), publisher="ada@lab.org"),
)

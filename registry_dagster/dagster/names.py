"""Keys, partitions, tags, job and op names that the registry gives in Dagster: one place."""

from __future__ import annotations

import dagster as dg

from registry_dagster.model.materialization import MaterializationVersion

REGISTRY = "registry"


def registry_key(dataset: str) -> dg.AssetKey:
    """The asset that stands for a dataset in the registry: `registry/<dataset>`."""
    return dg.AssetKey([REGISTRY, dataset])


def registry_partitions(dataset: str) -> str:
    """The name of the dynamic partitions that list a dataset's published versions."""
    return f"{REGISTRY}/{dataset}"


def release_key(version: MaterializationVersion) -> dg.AssetKey:
    """The asset that stands for an upstream system; its versions are its partitions."""
    return dg.AssetKey([version.source, version.system])


def release_partitions(version: MaterializationVersion) -> str:
    """The name of the dynamic partitions that list the versions of an upstream system that tables were made from."""
    return release_key(version).to_user_string()

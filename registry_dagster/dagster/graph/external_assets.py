"""What the registry adds to Dagster's lineage graph: upstream systems on one side, published versions on the other.

All of it is external: nothing here can be materialized, so nothing is ever published by itself. None of it has
partitions: Dagster draws an asset of no partitions yet as complete, so what is unpublished would look published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration, asset_owners
from registry_dagster.dagster.names import MATERIALIZATION_VERSIONS, REGISTRY, materialization_key, registry_key
from registry_dagster.model.batches import grouped
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["materialization_deps", "registry_assets"]


def registry_assets(declared: Mapping[dg.AssetKey, Declaration]) -> list[dg.AssetSpec]:
    """The external assets of declared datasets and of the upstream systems they are made from.

    Args:
        declared: Producing asset → its declaration. Several assets may make the same dataset.
    """
    producers = grouped(declared, key=lambda key: declared[key].template.dataset.name)
    systems = {materialization_key(version): version for each in declared.values() for version in _versions(each)}
    return [
        *map(_system_asset, systems.values()),
        *(_dataset_asset(declared[keys[0]].template.dataset, keys) for keys in producers.values()),
    ]


def materialization_deps(declaration: Declaration) -> list[dg.AssetDep]:
    """The upstream systems that a declared asset is made from."""
    return list(map(dg.AssetDep, dict.fromkeys(map(materialization_key, _versions(declaration)))))


def _versions(declaration: Declaration) -> Sequence[MaterializationVersion]:
    """All materialization versions that a declared table may be made from, if they are known before a run."""
    if declaration.resolve is None:
        return declaration.template.materializations
    return getattr(declaration.resolve, "versions", ())


def _dataset_asset(dataset: Dataset, producers: Iterable[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        registry_key(dataset.name),
        description=f"Published versions of {dataset.title or dataset.name}.",
        deps=list(producers),
        group_name=REGISTRY,
        owners=asset_owners(dataset),
        kinds={"datahub"},
    )


def _system_asset(version: MaterializationVersion) -> dg.AssetSpec:
    return dg.AssetSpec(
        materialization_key(version),
        description=f"Materialization versions of {version.system} that tables were made from.",
        group_name=MATERIALIZATION_VERSIONS,
    )

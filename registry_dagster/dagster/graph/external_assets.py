"""What the registry adds to Dagster's lineage graph: upstream systems on one side, published versions on the other.

All of it is external: nothing here can be materialized, so nothing is ever published by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.names import (
    MATERIALIZATION_VERSIONS,
    REGISTRY,
    materialization_key,
    materialization_partitions,
    registry_key,
    registry_partitions,
)
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["materialization_deps", "registry_assets"]


def registry_assets(declared: Mapping[dg.AssetKey, Declaration]) -> list[dg.AssetSpec]:
    """The external assets of declared datasets and of the upstream systems they are made from.

    Args:
        declared: Producing asset → its declaration. Several assets may make the same dataset.
    """
    producers: dict[str, list[dg.AssetKey]] = {}
    datasets: dict[str, Dataset] = {}
    for key, declaration in declared.items():
        dataset = declaration.template.dataset
        producers.setdefault(dataset.name, []).append(key)
        datasets.setdefault(dataset.name, dataset)
    systems = {materialization_key(version): version for each in declared.values() for version in _versions(each)}
    return [
        *(_system_asset(version) for version in systems.values()),
        *(_dataset_asset(datasets[name], keys) for name, keys in producers.items()),
    ]


def materialization_deps(together: Mapping[dg.AssetKey, Declaration]) -> dict[dg.AssetKey, list[dg.AssetDep]]:
    """The upstream systems that each declared asset is made from, at exact versions where they are fixed.

    Args:
        together: Assets that one definition makes. Dagster gives them one partition mapping for each
            upstream asset, so it covers the versions of all of them.
    """
    fixed: dict[dg.AssetKey, set[str] | None] = {}
    for declaration in together.values():
        for version in _versions(declaration):
            key = materialization_key(version)
            known = fixed.setdefault(key, set())
            fixed[key] = None if known is None or declaration.resolve is not None else known | {version.version}
    deps = {
        key: dg.AssetDep(
            key,
            partition_mapping=dg.AllPartitionMapping()
            if versions is None
            else dg.SpecificPartitionsPartitionMapping(sorted(versions)),
        )
        for key, versions in fixed.items()
    }
    return {
        asset: [deps[key] for key in dict.fromkeys(materialization_key(version) for version in _versions(declaration))]
        for asset, declaration in together.items()
    }


def _versions(declaration: Declaration) -> Sequence[MaterializationVersion]:
    """All materialization versions that a declared table may be made from, if they are known before a run."""
    if declaration.resolve is None:
        return declaration.template.materializations
    return getattr(declaration.resolve, "versions", ())


def _dataset_asset(dataset: Dataset, producers: Iterable[dg.AssetKey]) -> dg.AssetSpec:
    return dg.AssetSpec(
        registry_key(dataset.name),
        description=f"Published versions of {dataset.title or dataset.name}.",
        deps=[dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping()) for key in producers],
        partitions_def=dg.DynamicPartitionsDefinition(name=registry_partitions(dataset.name)),
        group_name=REGISTRY,
        owners=list(dataset.owners),
        kinds={"datahub"},
    )


def _system_asset(version: MaterializationVersion) -> dg.AssetSpec:
    return dg.AssetSpec(
        materialization_key(version),
        description=f"Materialization versions of {version.system} that tables were made from.",
        partitions_def=dg.DynamicPartitionsDefinition(name=materialization_partitions(version)),
        group_name=MATERIALIZATION_VERSIONS,
    )

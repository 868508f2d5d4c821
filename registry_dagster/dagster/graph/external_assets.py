"""What the registry adds to Dagster's lineage graph: upstream systems on one side, published versions on the other.

All of it is external: nothing here can be materialized, so nothing is ever published by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration, asset_owners
from registry_dagster.dagster.names import (
    MATERIALIZATION_VERSIONS,
    REGISTRY,
    materialization_key,
    materialization_partitions,
    registry_key,
    registry_partitions,
)
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


def materialization_deps(together: Mapping[dg.AssetKey, Declaration]) -> dict[dg.AssetKey, list[dg.AssetDep]]:
    """The upstream systems that each declared asset is made from, at exact versions where they are fixed.

    Args:
        together: Assets that one definition makes. Dagster gives them one partition mapping for each
            upstream asset, so it covers the versions of all of them.
    """
    deps = {key: _dep(key, versions) for key, versions in _fixed_versions(together.values()).items()}
    return {
        asset: [deps[key] for key in dict.fromkeys(map(materialization_key, _versions(declaration)))]
        for asset, declaration in together.items()
    }


def _fixed_versions(declarations: Iterable[Declaration]) -> dict[dg.AssetKey, set[str] | None]:
    """System → the versions of it that the tables are made from; None if only a run decides that for one of them."""
    fixed: dict[dg.AssetKey, set[str] | None] = {}
    for declaration in declarations:
        for version in _versions(declaration):
            key = materialization_key(version)
            known = fixed.setdefault(key, set())
            fixed[key] = None if known is None or declaration.resolve is not None else known | {version.version}
    return fixed


def _dep(key: dg.AssetKey, versions: set[str] | None) -> dg.AssetDep:
    if versions is None:
        return dg.AssetDep(key, partition_mapping=dg.AllPartitionMapping())
    return dg.AssetDep(key, partition_mapping=dg.SpecificPartitionsPartitionMapping(sorted(versions)))


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
        owners=asset_owners(dataset),
        kinds={"datahub"},
    )


def _system_asset(version: MaterializationVersion) -> dg.AssetSpec:
    return dg.AssetSpec(
        materialization_key(version),
        description=f"Materialization versions of {version.system} that tables were made from.",
        partitions_def=dg.DynamicPartitionsDefinition(name=materialization_partitions(version)),
        group_name=MATERIALIZATION_VERSIONS,
    )

"""What the registry adds to Dagster's lineage graph: upstream systems on one side, published versions on the other.

All of it is external: nothing here can be materialized, so nothing is ever published by itself. None of it has
partitions: Dagster draws an asset of no partitions yet as complete, so what is unpublished would look published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration
from registry_dagster.dagster.graph.translator import (
    FeatureRegistryTranslator,
    dataset_key,
    system_key,
    system_name,
)
from registry_dagster.dagster.names import DATASET, SYSTEM, registry_key
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.batches import grouped
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["materialization_deps", "other_keys", "registry_assets", "system_keys"]

_WHERE = {"dagster/code_references", "dagster/component_origin"}
"""What Dagster adds to each asset of a component: the file that it was built from."""


class _SystemSpec(dg.AssetSpec):
    """The asset of an upstream system: the same from all places that add it, so that Dagster takes them as one.

    A component's file would make each of them another one. It is not where the system is defined, so it is left out.
    """

    def replace_attributes(self, **attributes: Any) -> dg.AssetSpec:  # type: ignore[override]
        return self if self._says_only_where(attributes) else super().replace_attributes(**attributes)

    def merge_attributes(self, **attributes: Any) -> dg.AssetSpec:  # type: ignore[override]
        return self if self._says_only_where(attributes) else super().merge_attributes(**attributes)

    def _says_only_where(self, attributes: Mapping[str, Any]) -> bool:
        return set(attributes) == {"metadata"} and attributes["metadata"].keys() - self.metadata.keys() <= _WHERE


def registry_assets(
    declared: Mapping[dg.AssetKey, Declaration], translator: FeatureRegistryTranslator
) -> list[dg.AssetSpec]:
    """The external assets of declared datasets and of the upstream systems they are made from.

    Args:
        declared: Producing asset → its declaration. Several assets may make the same dataset.
        translator: How they look.

    Raises:
        InvalidDeclaration: the key that the translator chose depends on more than it may.
    """
    producers = grouped(declared, key=lambda key: declared[key].template.dataset.name)
    return [
        *(_system_asset(version, translator) for version in _systems(declared)),
        *(_dataset_asset(declared[keys[0]].template.dataset, keys, translator) for keys in producers.values()),
    ]


def system_keys(
    declared: Mapping[dg.AssetKey, Declaration], translator: FeatureRegistryTranslator
) -> frozenset[dg.AssetKey]:
    """The assets of the upstream systems that declared tables are made from."""
    return frozenset(system_key(translator, version) for version in _systems(declared))


def _systems(declared: Mapping[dg.AssetKey, Declaration]) -> Iterable[MaterializationVersion]:
    """A version of each upstream system that declared tables are made from."""
    return {system_name(version): version for each in declared.values() for version in _versions(each)}.values()


def materialization_deps(declaration: Declaration, translator: FeatureRegistryTranslator) -> list[dg.AssetDep]:
    """The upstream systems that a declared asset is made from."""
    keys = (system_key(translator, version) for version in _versions(declaration))
    return list(map(dg.AssetDep, dict.fromkeys(keys)))


def other_keys(declaration: Declaration, translator: FeatureRegistryTranslator) -> dict[str, str]:
    """Dataset that a declaration refers to → the key of its asset, where the translator chose another one."""
    names = {reference.to for reference in declaration.template.references if reference.to is not None}
    keys = {name: dataset_key(translator, name) for name in sorted(names)}
    return {name: key.to_user_string() for name, key in keys.items() if key != registry_key(name)}


def _versions(declaration: Declaration) -> Sequence[MaterializationVersion]:
    """All materialization versions that a declared table may be made from, if they are known before a run."""
    if declaration.resolve is None:
        return declaration.template.materializations
    return getattr(declaration.resolve, "versions", ())


def _dataset_asset(
    dataset: Dataset, producers: Iterable[dg.AssetKey], translator: FeatureRegistryTranslator
) -> dg.AssetSpec:
    spec = translator.get_asset_spec(dataset)
    if spec.key != registry_key(dataset.name) and spec.key != dataset_key(translator, dataset.name):
        raise InvalidDeclaration(
            f"{type(translator).__name__}.get_asset_spec: the key of dataset {dataset.name} depends on more than its "
            "name; publishing could not find the asset again. Make the key from data.name alone"
        )
    return spec.merge_attributes(deps=list(producers), metadata={DATASET: dataset.name})


def _system_asset(version: MaterializationVersion, translator: FeatureRegistryTranslator) -> dg.AssetSpec:
    spec = translator.get_asset_spec(version)
    return _SystemSpec(
        spec.key,
        deps=spec.deps,
        description=spec.description,
        metadata={**spec.metadata, SYSTEM: system_name(version)},
        group_name=spec.group_name,
        owners=spec.owners,
        tags=spec.tags,
    )

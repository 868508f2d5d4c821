"""What the registry adds to Dagster's lineage graph: datasets, with what makes them and what they are made against.

All of it is external: nothing here can be materialized, so nothing is ever published by itself. None of it has
partitions: Dagster draws an asset of no partitions yet as complete, so what is unpublished would look published.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
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
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["other_keys", "registry_assets"]

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
    """The external assets of declared datasets and of the upstream systems they are made against.

    Args:
        declared: Producing asset → its declaration. Several assets may make the same dataset.
        translator: How they look.

    Raises:
        InvalidDeclaration: the key that the translator chose depends on more than it may.
    """
    producers = grouped(declared, key=lambda key: declared[key].template.dataset.name)
    return [
        *(_system_asset(version, translator) for version in _systems(declared)),
        *(_dataset_asset({key: declared[key] for key in keys}, translator) for keys in producers.values()),
    ]


def _systems(declared: Mapping[dg.AssetKey, Declaration]) -> Iterable[MaterializationVersion]:
    """A version of each upstream system that declared tables are made against."""
    return {system_name(version): version for each in declared.values() for version in _versions(each)}.values()


def other_keys(declared: Iterable[Declaration], translator: FeatureRegistryTranslator) -> dict[str, str]:
    """Dataset that declarations refer to → the key of its asset, where the translator chose another one."""
    references = chain.from_iterable(each.template.references for each in declared)
    names = {reference.to for reference in references if reference.to is not None}
    keys = {name: dataset_key(translator, name) for name in sorted(names)}
    return {name: key.to_user_string() for name, key in keys.items() if key != registry_key(name)}


def _versions(declaration: Declaration) -> Sequence[MaterializationVersion]:
    """All materialization versions that a declared table may be made against, if they are known before a run."""
    if declaration.resolve is None:
        return declaration.template.materializations
    return getattr(declaration.resolve, "versions", ())


def _dataset_asset(producers: Mapping[dg.AssetKey, Declaration], translator: FeatureRegistryTranslator) -> dg.AssetSpec:
    """A dataset's asset, after the assets that make it and the upstream systems that it is made against.

    The assets themselves do not depend on the systems: how and when they run is for their author to say.
    """
    dataset = next(iter(producers.values())).template.dataset
    spec = translator.get_asset_spec(dataset)
    if spec.key != registry_key(dataset.name) and spec.key != dataset_key(translator, dataset.name):
        raise InvalidDeclaration(
            f"{type(translator).__name__}.get_asset_spec: the key of dataset {dataset.name} depends on more than its "
            "name; publishing could not find the asset again. Make the key from data.name alone"
        )
    systems = dict.fromkeys(system_key(translator, version) for version in _systems(producers))
    return _shown(dg.AssetSpec, spec, {DATASET: dataset.name}, [*producers, *systems])


def _system_asset(version: MaterializationVersion, translator: FeatureRegistryTranslator) -> dg.AssetSpec:
    return _shown(_SystemSpec, translator.get_asset_spec(version), {SYSTEM: system_name(version)})


def _shown(
    kind: type[dg.AssetSpec], spec: dg.AssetSpec, metadata: Mapping[str, Any], deps: Iterable[dg.AssetKey] = ()
) -> dg.AssetSpec:
    """What of a translator's spec an asset that nothing makes can show, with what we add.

    Made at once: a copy by `merge_attributes` takes several times as long, for each of thousands of datasets.
    """
    return kind(
        spec.key,
        deps=[*spec.deps, *deps],
        description=spec.description,
        metadata={**spec.metadata, **metadata},
        group_name=spec.group_name,
        owners=spec.owners,
        tags=spec.tags,
    )

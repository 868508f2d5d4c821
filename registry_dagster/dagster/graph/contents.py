"""The assets of a code location, and what the registry adds to them: one asset for each key."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import dagster as dg

from registry_dagster.dagster.declare.declaration import Declaration, declaration_in
from registry_dagster.dagster.names import DATASET, SYSTEM
from registry_dagster.dagster.pin.code_location import Gate

__all__ = ["Contents", "contents_of", "merged_assets"]


@dataclass
class Contents:
    """What a code location's assets have to do with the registry.

    Args:
        gated: The assets that gates take.
        published: Those of them whose publish job is there.
        datasets: The datasets that the registry added an asset for.
        declared: The declared assets.
        nodes: Upstream system → the asset that keeps its versions.
    """

    gated: frozenset[str]
    published: frozenset[str]
    datasets: frozenset[str]
    declared: dict[dg.AssetKey, Declaration] = field(default_factory=dict[dg.AssetKey, Declaration])
    nodes: dict[str, dg.AssetKey] = field(default_factory=dict[str, dg.AssetKey])

    def add(self, spec: dg.AssetSpec) -> None:
        """Take one asset into account."""
        declaration = declaration_in(spec.metadata)
        if SYSTEM in spec.metadata:
            self.nodes[spec.metadata[SYSTEM]] = spec.key
        elif declaration is not None:
            self.declared[spec.key] = declaration

    @property
    def without_job(self) -> dict[dg.AssetKey, Declaration]:
        """The declared assets that no publish job takes yet."""
        return {key: each for key, each in self.declared.items() if key.to_user_string() not in self.published}

    @property
    def without_gate(self) -> dict[dg.AssetKey, Declaration]:
        """The declared assets that no gate takes yet."""
        return {key: each for key, each in self.declared.items() if key.to_user_string() not in self.gated}

    @property
    def without_dataset(self) -> dict[dg.AssetKey, Declaration]:
        """The declared assets that no gate takes yet, or whose dataset has no asset yet."""
        unknown = {key: each for key, each in self.declared.items() if each.template.dataset.name not in self.datasets}
        return {**self.without_gate, **unknown}


def contents_of(assets: Sequence[object], gates: Sequence[Gate], jobs: Collection[str]) -> Contents:
    """What these assets, some of which gates and publish jobs take already, have to do with the registry."""
    contents = Contents(
        gated=frozenset[str]().union(*(gate.assets for gate in gates)),
        published=frozenset[str]().union(*(gate.assets for gate in gates if gate.job in jobs)),
        datasets=frozenset(each.metadata[DATASET] for each in assets if is_added(each) and DATASET in each.metadata),
    )
    for asset in assets:
        for spec in _specs_of(asset):
            contents.add(spec)
    return contents


def _specs_of(asset: object) -> Iterable[dg.AssetSpec]:
    if isinstance(asset, dg.AssetSpec):
        return () if is_added(asset) else (asset,)
    return asset.specs if isinstance(asset, dg.AssetsDefinition) else ()


def is_added(asset: object) -> TypeGuard[dg.AssetSpec]:
    """Whether the registry added this asset, here or in definitions that were merged."""
    return isinstance(asset, dg.AssetSpec) and not asset.metadata.keys().isdisjoint((DATASET, SYSTEM))


def merged_assets(assets: Sequence[Any], added: Sequence[dg.AssetSpec]) -> list[Any]:
    """All these assets, one for each key.

    An asset of the user's own is used in place of one that the registry adds; of those that it added in several
    places, one is left, with the producers of all.
    """
    own = {key for asset in assets if not is_added(asset) for key in _keys_of(asset)}
    ours: dict[dg.AssetKey, dg.AssetSpec] = {}
    for spec in filter(is_added, [*assets, *added]):
        if spec.key not in own:
            ours[spec.key] = _with_deps_of(ours.get(spec.key, spec), spec)
    return [*(asset for asset in assets if not is_added(asset)), *ours.values()]


def _keys_of(asset: Any) -> Iterable[dg.AssetKey]:
    """The keys of anything that definitions take as an asset."""
    if isinstance(asset, dg.AssetsDefinition):
        return asset.keys
    # A source asset has a key, and what Dagster makes only when it is loaded has none yet.
    key = getattr(asset, "key", None)
    return (key,) if isinstance(key, dg.AssetKey) else ()


def _with_deps_of(spec: dg.AssetSpec, other: dg.AssetSpec) -> dg.AssetSpec:
    known = {dep.asset_key for dep in spec.deps}
    deps = [dep for dep in other.deps if dep.asset_key not in known]
    return spec.merge_attributes(deps=deps) if deps else spec

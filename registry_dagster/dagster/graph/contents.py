"""The assets of a code location, and what the registry adds to them: one asset for each key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
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
        declared: The declared assets that no publish job takes yet.
        has_published: Whether a publish job takes some declared asset already.
        nodes: Upstream system → the asset that keeps its versions.
        taken: The assets that gates take.
    """

    declared: dict[dg.AssetKey, Declaration] = field(default_factory=dict[dg.AssetKey, Declaration])
    has_published: bool = False
    nodes: dict[str, dg.AssetKey] = field(default_factory=dict[str, dg.AssetKey])
    taken: frozenset[str] = frozenset()

    def add(self, spec: dg.AssetSpec) -> None:
        """Take one asset into account."""
        declaration = declaration_in(spec.metadata)
        if SYSTEM in spec.metadata:
            self.nodes[spec.metadata[SYSTEM]] = spec.key
        elif declaration is None:
            return
        elif spec.key.to_user_string() in self.taken:
            self.has_published = True
        else:
            self.declared[spec.key] = declaration


def contents_of(assets: Iterable[object], gates: Iterable[Gate]) -> Contents:
    """What these assets, some of which gates take already, have to do with the registry, in one pass."""
    contents = Contents(taken=frozenset[str]().union(*(gate.assets for gate in gates)))
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

"""For acryl-datahub-dagster-plugin: which dataset stands for an asset, where the registry describes some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.feature_table import Declaration, declaration_in
from registry_dagster.dagster.graph.external_assets import registry_assets

__all__ = ["plugin_urns"]

Converter = Callable[[Sequence[str]], Any]


def plugin_urns(assets: Iterable[object], *, otherwise: Converter | None = None) -> Converter:
    """A converter that leaves declared tables to the registry, so that none gets a second dataset in DataHub.

    Give it to the plugin's config as `asset_keys_to_dataset_urn_converter`. For a declared asset it answers
    None: a materialization has no version number yet, so there is no dataset to name, and the plugin then
    describes the run alone. Publishing adds the version to that run.

    Args:
        assets: A code location's assets. Those with a declaration, and the external assets that
            `definitions` adds for them, are left to the registry.
        otherwise: The converter of all other assets. Default: the plugin's own rule.
    """
    declared = _declared(assets)
    ours = {tuple(key.path) for key in [*declared, *(spec.key for spec in registry_assets(declared))]}
    other = otherwise or _by_position

    def convert(key: Sequence[str]) -> Any:
        return None if tuple(key) in ours else other(key)

    return convert


def _declared(assets: Iterable[object]) -> dict[dg.AssetKey, Declaration]:
    found: dict[dg.AssetKey, Declaration] = {}
    for asset in assets:
        specs = [asset] if isinstance(asset, dg.AssetSpec) else ()
        for spec in asset.specs if isinstance(asset, dg.AssetsDefinition) else specs:
            if (declaration := declaration_in(spec.metadata)) is not None:
                found[spec.key] = declaration
    return found


def _by_position(key: Sequence[str]) -> Any:
    """The plugin's rule, which it drops where it is given a converter: environment, platform, name."""
    from datahub.metadata.urns import DatasetUrn

    return DatasetUrn(platform=key[1], name=".".join(key[2:]), env=key[0]) if len(key) >= 3 else None

"""For acryl-datahub-dagster-plugin: the dataset of an asset, where the registry describes some of the assets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from registry_dagster.dagster.declare.declaration import declared_in
from registry_dagster.dagster.graph.external_assets import registry_assets
from registry_dagster.dagster.graph.translator import FeatureRegistryTranslator, checked_translator

__all__ = ["plugin_urns"]

Converter = Callable[[Sequence[str]], Any]


def plugin_urns(
    assets: Iterable[object],
    *,
    otherwise: Converter | None = None,
    translator: FeatureRegistryTranslator | None = None,
) -> Converter:
    """A converter that leaves declared tables to the registry, so that none gets a second dataset in DataHub.

    Pass it to the plugin's config as `asset_keys_to_dataset_urn_converter`. For a declared asset it returns
    None: a materialization has no version number yet, so there is no dataset to refer to, and the plugin
    describes the run alone. Publishing adds the version to that run.

    Args:
        assets: A code location's assets. Those with a declaration, and the external assets that
            `definitions` adds for them, are left to the registry.
        otherwise: The converter for all other assets. Default: the plugin's own rule.
        translator: The one that `definitions` has, if it has one.

    Raises:
        InvalidDeclaration: `translator` is not a translator.
    """
    declared = declared_in(assets)
    added = registry_assets(declared, checked_translator(translator, "plugin_urns"))
    ours = {tuple(key.path) for key in [*declared, *(spec.key for spec in added)]}
    other = otherwise or _by_position

    def convert(key: Sequence[str]) -> Any:
        return None if tuple(key) in ours else other(key)

    return convert


def _by_position(key: Sequence[str]) -> Any:
    """The plugin's own rule, which a converter replaces: environment, platform, name."""
    from datahub.metadata.urns import DatasetUrn

    return DatasetUrn(platform=key[1], name=".".join(key[2:]), env=key[0]) if len(key) >= 3 else None

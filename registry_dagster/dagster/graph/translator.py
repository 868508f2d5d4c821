"""How the assets that the registry adds look in Dagster: keys, groups, kinds and the rest of a spec."""

from __future__ import annotations

from collections.abc import Mapping

import dagster as dg

from registry_dagster.dagster.declare.declaration import asset_owners
from registry_dagster.dagster.names import MATERIALIZATION_VERSIONS, REGISTRY, materialization_key, registry_key
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["FeatureRegistryTranslator", "checked_translator", "dataset_key", "system_key", "system_name", "with_nodes"]


class FeatureRegistryTranslator:
    """Turns a dataset, or an upstream system, into the spec of the asset that the registry adds for it.

    Subclass it to choose keys, groups, kinds, tags and more:

        class LabTranslator(rd.FeatureRegistryTranslator):
            def get_asset_spec(self, data: rd.Dataset | rd.MaterializationVersion) -> dg.AssetSpec:
                spec = super().get_asset_spec(data)
                return spec.replace_attributes(key=spec.key.with_prefix("lab"), group_name="published")

        defs = rd.definitions(dg.Definitions(assets=[...]), translator=LabTranslator())

    Pass the same translator to everything that names the same datasets and systems: checks and `plugin_urns`, and
    `publish_job` and `publish_sensor` if you use them alone.
    """

    datahub = False

    def __init__(self, *, datahub: bool = False) -> None:
        """A translator.

        Args:
            datahub: Whether the registry is on a DataHub server, and datasets are shown so. If `definitions` gets
                no translator, it looks at the resource's target.
        """
        self.datahub = datahub

    def get_asset_spec(self, data: Dataset | MaterializationVersion) -> dg.AssetSpec:
        """The spec. The registry adds the dependencies on the assets that make the dataset.

        Args:
            data: A dataset; or a version of an upstream system, whose asset shows all versions of the system.
                The key may depend only on a dataset's name, or on a system's source and name: the publish job
                computes it again, from those alone.
        """
        if isinstance(data, Dataset):
            return dg.AssetSpec(
                registry_key(data.name),
                description=f"Published versions of {data.title or data.name}.",
                group_name=REGISTRY,
                owners=asset_owners(data),
                kinds={"datahub"} if self.datahub else set(),
            )
        return dg.AssetSpec(
            materialization_key(data),
            description=f"Materialization versions of {data.system} that tables were made against.",
            group_name=MATERIALIZATION_VERSIONS,
        )


class _WithNodes(FeatureRegistryTranslator):
    """A translator for a code location that has assets of its own for some upstream systems."""

    def __init__(self, translator: FeatureRegistryTranslator, nodes: Mapping[str, dg.AssetKey]) -> None:
        super().__init__()
        self.translator = translator
        self.nodes = nodes

    def get_asset_spec(self, data: Dataset | MaterializationVersion) -> dg.AssetSpec:
        node = None if isinstance(data, Dataset) else self.nodes.get(system_name(data))
        return dg.AssetSpec(node) if node is not None else self.translator.get_asset_spec(data)


def with_nodes(translator: FeatureRegistryTranslator, nodes: Mapping[str, dg.AssetKey]) -> FeatureRegistryTranslator:
    """The translator, where some upstream systems have assets already.

    Args:
        translator: For everything else.
        nodes: Upstream system, as `system_name` has it → its asset.
    """
    return _WithNodes(translator, nodes) if nodes else translator


def system_name(version: MaterializationVersion) -> str:
    """The upstream system of a version, as its asset says it."""
    return f"{version.source}/{version.system}"


def dataset_key(translator: FeatureRegistryTranslator, dataset: str) -> dg.AssetKey:
    """The key of a dataset's asset."""
    if _is_default(translator):
        return registry_key(dataset)
    return translator.get_asset_spec(Dataset(name=dataset)).key


def system_key(translator: FeatureRegistryTranslator, version: MaterializationVersion) -> dg.AssetKey:
    """The key of the asset of a version's upstream system."""
    return materialization_key(version) if _is_default(translator) else translator.get_asset_spec(version).key


def _is_default(translator: FeatureRegistryTranslator) -> bool:
    """Whether the keys are known without making specs, of which a code location may need thousands."""
    return type(translator) is FeatureRegistryTranslator


def checked_translator(translator: object, function: str) -> FeatureRegistryTranslator:
    """The translator, or the default one.

    Raises:
        InvalidDeclaration: it is something else.
    """
    if translator is None:
        return FeatureRegistryTranslator()
    if not isinstance(translator, FeatureRegistryTranslator):
        name = translator.__name__ if isinstance(translator, type) else type(translator).__name__
        raise InvalidDeclaration(
            f"{function}: translator is {name}; pass an object of a subclass of rd.FeatureRegistryTranslator"
        )
    return translator

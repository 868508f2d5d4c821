"""Connectomics Feature Registry: declare what a feature table means, and publish that meaning to DataHub.

The names below, and those in `errors` and `results`, are public. Each is loaded on first use. Type checkers: `.pyi`.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_HOMES = {
    "errors": "RegistryError",
    "model.column": "UpstreamColumn",
    "model.dataset": "Dataset",
    "model.dataset_version": "DatasetVersion",
    "model.feature_table": "FeatureTable",
    "model.layout": "Layout",
    "model.materialization": "MaterializationVersion",
    "model.reference": "Reference",
    "model.table": "TableFacts",
    "model.identifiers": "AnnotationId BodyId FunctionalUnitKey Level2Id NucleusId RootId SkeletonNodeId SupervoxelId "
    "SynapseId TargetId",
    "model.geometry": "Position TransformedPosition",
    "model.quantities": "Area Bookkeeping Count Density Feature Flag Label Length Probability Ratio Score Size "
    "Timestamp Volume",
    "model.embeddings": "Embedding ReducedEmbedding",
    "model.source_code": "SourceCode",
    "model.signals": "CompatibilityRange Crosswalk Note SpatialDrift",
    "dagster.checks": "expiry_checks unpublished_checks verify_checks",
    "dagster.component.component": "PublishComponent",
    "dagster.declare.feature_table": "feature_table",
    "dagster.declare.partitions": "AlongDimension MaterializationPartitions",
    "dagster.definitions": "definitions",
    "dagster.gate.sensor": "publish_sensor",
    "dagster.graph.materializations_asset": "materializations_asset",
    "dagster.graph.plugin_urns": "plugin_urns",
    "dagster.graph.translator": "FeatureRegistryTranslator",
    "dagster.pin.io_managers": "pinning",
    "dagster.pin.pipes": "ExternalResults",
    "dagster.publish.job": "publish_job",
    "dagster.resource": "FeatureRegistry",
    "registry.filters": "Filters Question",
    "registry.plan": "Origin Plan Publication PublicationDetails Receipt",
    "registry.registry": "Registry",
    "tables": "inspect_table",
    "tables.storage.options": "StorageOptions",
}
_NAMES = {name: home for home, names in _HOMES.items() for name in names.split()}

__all__ = tuple(_NAMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name in ("errors", "results"):
        return import_module(f"{__name__}.{name}")
    if name not in _NAMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value = getattr(import_module(f"{__name__}.{_NAMES[name]}"), name)
    return value


def __dir__() -> list[str]:
    return sorted([*_NAMES, "__version__", "errors", "results"])

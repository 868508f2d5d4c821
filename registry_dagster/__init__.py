"""Connectomics Feature Registry: declare what a feature table means beside the Dagster asset that
makes it, and publish that meaning, with the exact physical version, to DataHub.

The names below are the whole public surface. They are loaded when first used, so that reading a
record does not wait for Dagster.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from registry_dagster.dagster.component.component import PublishComponent as PublishComponent
    from registry_dagster.dagster.declare.feature_table import feature_table as feature_table
    from registry_dagster.dagster.declare.partitions import MaterializationPartitions as MaterializationPartitions
    from registry_dagster.dagster.definitions import definitions as definitions
    from registry_dagster.dagster.gate.sensor import publish_sensor as publish_sensor
    from registry_dagster.dagster.graph.materializations_asset import materializations_asset as materializations_asset
    from registry_dagster.dagster.graph.verify_checks import verify_checks as verify_checks
    from registry_dagster.dagster.pin.io_managers import pinning as pinning
    from registry_dagster.dagster.publish.job import publish_job as publish_job
    from registry_dagster.dagster.resource import FeatureRegistry as FeatureRegistry
    from registry_dagster.errors import RegistryError as RegistryError
    from registry_dagster.model.dataset import Dataset as Dataset
    from registry_dagster.model.dataset_version import DatasetVersion as DatasetVersion
    from registry_dagster.model.embeddings import Embedding as Embedding
    from registry_dagster.model.embeddings import ReducedEmbedding as ReducedEmbedding
    from registry_dagster.model.feature_table import FeatureTable as FeatureTable
    from registry_dagster.model.geometry import Position as Position
    from registry_dagster.model.geometry import TransformedPosition as TransformedPosition
    from registry_dagster.model.identifiers import AnnotationId as AnnotationId
    from registry_dagster.model.identifiers import BodyId as BodyId
    from registry_dagster.model.identifiers import FunctionalUnitKey as FunctionalUnitKey
    from registry_dagster.model.identifiers import Level2Id as Level2Id
    from registry_dagster.model.identifiers import NucleusId as NucleusId
    from registry_dagster.model.identifiers import RootId as RootId
    from registry_dagster.model.identifiers import SkeletonNodeId as SkeletonNodeId
    from registry_dagster.model.identifiers import SupervoxelId as SupervoxelId
    from registry_dagster.model.identifiers import SynapseId as SynapseId
    from registry_dagster.model.identifiers import TargetId as TargetId
    from registry_dagster.model.materialization import MaterializationVersion as MaterializationVersion
    from registry_dagster.model.quantities import Area as Area
    from registry_dagster.model.quantities import Bookkeeping as Bookkeeping
    from registry_dagster.model.quantities import Count as Count
    from registry_dagster.model.quantities import Density as Density
    from registry_dagster.model.quantities import Feature as Feature
    from registry_dagster.model.quantities import Flag as Flag
    from registry_dagster.model.quantities import Label as Label
    from registry_dagster.model.quantities import Length as Length
    from registry_dagster.model.quantities import Probability as Probability
    from registry_dagster.model.quantities import Ratio as Ratio
    from registry_dagster.model.quantities import Score as Score
    from registry_dagster.model.quantities import Size as Size
    from registry_dagster.model.quantities import Timestamp as Timestamp
    from registry_dagster.model.quantities import Volume as Volume
    from registry_dagster.model.reference import Reference as Reference
    from registry_dagster.model.signals import CompatibilityRange as CompatibilityRange
    from registry_dagster.model.signals import Crosswalk as Crosswalk
    from registry_dagster.model.signals import Note as Note
    from registry_dagster.model.signals import SpatialDrift as SpatialDrift
    from registry_dagster.model.table import TableFacts as TableFacts
    from registry_dagster.registry.plan import Plan as Plan
    from registry_dagster.registry.plan import Receipt as Receipt
    from registry_dagster.registry.registry import Registry as Registry
    from registry_dagster.tables import inspect_table as inspect_table

_NAMES = {
    "dagster.declare.feature_table": "feature_table",
    "dagster.graph.verify_checks": "verify_checks",
    "dagster.definitions": "definitions",
    "dagster.component.component": "PublishComponent",
    "errors": "RegistryError",
    "dagster.gate.sensor": "publish_sensor",
    "dagster.pin.io_managers": "pinning",
    "model.dataset": "Dataset",
    "model.dataset_version": "DatasetVersion",
    "model.embeddings": "Embedding ReducedEmbedding",
    "model.feature_table": "FeatureTable",
    "model.geometry": "Position TransformedPosition",
    "model.identifiers": "AnnotationId BodyId FunctionalUnitKey Level2Id NucleusId RootId SkeletonNodeId "
    "SupervoxelId SynapseId TargetId",
    "model.materialization": "MaterializationVersion",
    "model.quantities": "Area Bookkeeping Count Density Feature Flag Label Length Probability Ratio Score "
    "Size Timestamp Volume",
    "model.reference": "Reference",
    "model.signals": "CompatibilityRange Crosswalk Note SpatialDrift",
    "model.table": "TableFacts",
    "dagster.declare.partitions": "MaterializationPartitions",
    "registry.plan": "Plan Receipt",
    "dagster.publish.job": "publish_job",
    "registry.registry": "Registry",
    "dagster.resource": "FeatureRegistry",
    "tables": "inspect_table",
    "dagster.graph.materializations_asset": "materializations_asset",
}
_HOMES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(_HOMES)

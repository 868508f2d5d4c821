"""Structured properties: the facts that people filter by, typed. Defined before they are assigned."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.urns import property_urn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.signals import CompatibilityRange, SpatialDrift

__all__ = ["property_definitions", "structured_properties"]


@dataclass(frozen=True)
class _Property:
    """A property: how it is defined, and its values in a record. One row is all that a new one takes."""

    name: str
    display_name: str
    description: str
    values: Callable[[DatasetVersion], Iterable[str | float]]
    type: str = "string"
    several: bool = True


def _columns(record: DatasetVersion) -> Iterable[Mapping[str, Any]]:
    return record.json_form.get("columns", {}).values()


def _models(record: DatasetVersion) -> Iterator[str]:
    return (column["model"] for column in _columns(record) if column["semantic"] == "embedding")


def _largest_drift(record: DatasetVersion) -> list[float]:
    drifts = (signal.p95_nm for signal in record.signals if isinstance(signal, SpatialDrift))
    return sorted(drift for drift in drifts if drift is not None)[-1:]


def _ranges(record: DatasetVersion) -> Iterator[str]:
    return (_range_text(signal) for signal in record.signals if isinstance(signal, CompatibilityRange))


def _range_text(signal: CompatibilityRange) -> str:
    return f"{signal.system}@{signal.from_version or ''}..{signal.to_version or ''}"


_PROPERTIES = (
    _Property(
        "materialization",
        "Materialization version",
        "The upstream versions it was made against, system@version.",
        lambda record: map(str, record.materializations),
    ),
    _Property(
        "format",
        "Table format",
        "parquet, delta, iceberg or lance.",
        lambda record: [record.table.format],
        several=False,
    ),
    _Property(
        "semantic",
        "Column semantics",
        "The semantics its columns carry.",
        lambda record: (column["semantic"] for column in _columns(record)),
    ),
    _Property(
        "annotation_type",
        "Annotation types",
        "The annotation types its references point at.",
        lambda record: (reference.annotation_type for reference in record.references),
    ),
    _Property(
        "frame",
        "Coordinate frames",
        "The frames its positions are in.",
        lambda record: (column["frame"] for column in _columns(record) if "frame" in column),
    ),
    _Property(
        "copy_of",
        "Copied tables",
        "The upstream tables whose own values its columns hold.",
        lambda record: (column["copy_of"]["table"] for column in _columns(record) if "copy_of" in column),
    ),
    _Property("embedding_model", "Embedding models", "The models that made its embeddings.", _models),
    _Property(
        "references",
        "References",
        "The datasets and upstream tables it joins to.",
        lambda record: (reference.target for reference in record.references),
    ),
    _Property(
        "spatial_drift_p95_nm",
        "Spatial drift (p95, nm)",
        "The largest 95th percentile of its spatial drift signals, in nanometres.",
        _largest_drift,
        type="number",
        several=False,
    ),
    _Property(
        "compatible_range",
        "Compatibility ranges",
        "Where its keys keep their meaning: system@from..to, both ends included.",
        _ranges,
    ),
)
_PREFIX = "featureRegistry."


@cache
def property_definitions() -> tuple[Proposal, ...]:
    """The definitions of all properties the registry assigns."""
    return tuple(
        Proposal(
            property_urn(_PREFIX + prop.name),
            "propertyDefinition",
            {
                "qualifiedName": _PREFIX + prop.name,
                "displayName": prop.display_name,
                "description": prop.description,
                "valueType": f"urn:li:dataType:datahub.{prop.type}",
                "cardinality": "MULTIPLE" if prop.several else "SINGLE",
                "entityTypes": ["urn:li:entityType:datahub.dataset"],
                "immutable": False,
            },
        )
        for prop in _PROPERTIES
    )


def structured_properties(record: DatasetVersion) -> Aspect:
    """The properties of a version; those without a value are left out."""
    return {
        "properties": [
            {"propertyUrn": property_urn(_PREFIX + prop.name), "values": [_value(value) for value in values]}
            for prop in _PROPERTIES
            if (values := dict.fromkeys(prop.values(record)))
        ]
    }


def _value(value: str | float) -> dict[str, Any]:
    return {"string": value} if isinstance(value, str) else {"double": value}

"""Structured properties: the facts that people filter by, typed. Defined before they are assigned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.urns import property_urn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.signals import CompatibilityRange, SpatialDrift

__all__ = ["property_definitions", "structured_properties"]


class _Property(NamedTuple):
    name: str
    display_name: str
    description: str
    type: str = "string"
    several: bool = True


_PROPERTIES = (
    _Property(
        "materialization",
        "Materialization version",
        "The upstream versions it was made against, system@version.",
    ),
    _Property("format", "Table format", "parquet, delta, iceberg or lance.", several=False),
    _Property("semantic", "Column semantics", "The semantics its columns carry."),
    _Property("annotation_type", "Annotation types", "The annotation types its references point at."),
    _Property("frame", "Coordinate frames", "The frames its positions are in."),
    _Property("embedding_model", "Embedding models", "The models that made its embeddings."),
    _Property("references", "References", "The datasets and upstream tables it joins to."),
    _Property(
        "spatial_drift_p95_nm",
        "Spatial drift (p95, nm)",
        "The largest 95th percentile of its spatial drift signals, in nanometres.",
        type="number",
        several=False,
    ),
    _Property(
        "compatible_range",
        "Compatibility ranges",
        "Where its keys keep their meaning: system@from..to, both ends included.",
    ),
)
_PREFIX = "featureRegistry."


def property_definitions() -> Iterator[Proposal]:
    """The definitions of all properties the registry assigns."""
    for prop in _PROPERTIES:
        yield Proposal(
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


def structured_properties(record: DatasetVersion) -> Aspect:
    """The properties of a version; those without a value are left out."""
    columns: list[dict[str, Any]] = list(record.json_form.get("columns", {}).values())
    drifts = [signal.p95_nm for signal in record.signals if isinstance(signal, SpatialDrift)]
    values: dict[str, list[str] | list[float]] = {
        "materialization": [str(version) for version in record.materializations],
        "format": [record.table.format],
        "semantic": _distinct(column["semantic"] for column in columns),
        "annotation_type": _distinct(reference.annotation_type for reference in record.references),
        "frame": _distinct(column["frame"] for column in columns if "frame" in column),
        "embedding_model": _distinct(
            column.model for column in record.columns.values() if isinstance(column, Embedding)
        ),
        "references": _distinct(reference.target for reference in record.references),
        "spatial_drift_p95_nm": [max(known)] if (known := [drift for drift in drifts if drift is not None]) else [],
        "compatible_range": _distinct(
            f"{signal.system}@{signal.from_version or ''}..{signal.to_version or ''}"
            for signal in record.signals
            if isinstance(signal, CompatibilityRange)
        ),
    }
    return {
        "properties": [
            {"propertyUrn": property_urn(_PREFIX + name), "values": [_value(value) for value in assigned]}
            for name, assigned in values.items()
            if assigned
        ]
    }


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _value(value: str | float) -> dict[str, Any]:
    return {"string": value} if isinstance(value, str) else {"double": value}

"""What ties a version to other entities: its lineage, and its joins as relationships."""

from __future__ import annotations

from collections.abc import Iterator

from registry_dagster.datahub.proposal import Aspect, Proposal
from registry_dagster.datahub.schema import linked_references
from registry_dagster.datahub.urns import field_urn, materialization_urn, relationship_urn, user_urn, version_urn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.reference import Reference

__all__ = ["MOST_RELATIONSHIPS", "published_ms", "relationships", "upstream_lineage"]

MOST_RELATIONSHIPS = 150
"""Joins that become relationship entities, so that a version fits one request. All become foreign keys."""

_CARDINALITY = {"1:1": "ONE_ONE", "n:1": "N_ONE", "1:n": "ONE_N", "n:m": "N_N"}


def relationships(record: DatasetVersion, env: str) -> Iterator[Proposal]:
    """A relationship for each of its joins, as far as their number allows."""
    for position, (reference, target) in enumerate(linked_references(record)[:MOST_RELATIONSHIPS]):
        yield _relationship(record, position, reference, target, env)


def _relationship(record: DatasetVersion, position: int, reference: Reference, target: str, env: str) -> Proposal:
    here, there = version_urn(record.name, env), version_urn(target, env)
    facts = {name: str(value) for name, value in reference.to_json().items() if not isinstance(value, list)}
    properties: Aspect = {
        "customProperties": facts,
        "name": f"{record.name} → {target} ({', '.join(reference.columns)})",
        "source": here,
        "destination": there,
        "relationshipFieldMappings": [
            {"sourceField": field_urn(here, ours), "destinationField": field_urn(there, theirs)}
            for ours, theirs in zip(reference.columns, reference.to_columns, strict=True)
        ],
        "cardinality": _CARDINALITY[reference.cardinality],
    }
    urn = relationship_urn(source=here, destination=there, reference=str(position))
    return Proposal(urn, "erModelRelationshipProperties", properties)


def upstream_lineage(record: DatasetVersion, env: str) -> Aspect:
    """What it was made against and computed from, as a whole and column by column."""
    published = {"time": published_ms(record), "actor": user_urn(record.provenance.publisher)}
    sources = [materialization_urn(version, env) for version in record.materializations]
    sources += [version_urn(name, env) for name in record.inputs]
    here = version_urn(record.name, env)
    by_column = [
        {
            "upstreamType": "FIELD_SET",
            "upstreams": [field_urn(version_urn(origin.version, env), origin.column) for origin in origins],
            "downstreamType": "FIELD",
            "downstreams": [field_urn(here, column)],
            "confidenceScore": 1.0,
        }
        for column, origins in record.column_lineage.items()
    ]
    return {
        "upstreams": [{"auditStamp": published, "dataset": urn, "type": "TRANSFORMED"} for urn in sources],
        **({"fineGrainedLineages": by_column} if by_column else {}),
    }


def published_ms(record: DatasetVersion) -> int:
    """When it was published, in milliseconds since 1970."""
    return int(record.provenance.published_at.timestamp() * 1000)

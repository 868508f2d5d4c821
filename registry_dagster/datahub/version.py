"""DatasetVersion ⇄ the aspects of one DataHub dataset entity.

Every fact has one machine-readable home: columns and schema in `schemaMetadata`, everything else in the
custom properties of `datasetProperties`. The other aspects repeat it in the form that DataHub's own views and
filters use.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from registry_dagster.datahub.document import version_document
from registry_dagster.datahub.forms import malformed
from registry_dagster.datahub.limits import searchable
from registry_dagster.datahub.properties import structured_properties
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal, browse_path, proposals
from registry_dagster.datahub.schema import (
    arrow_schema_from,
    columns_from,
    fields_from,
    linked_references,
    schema_digest,
    schema_metadata,
)
from registry_dagster.datahub.urns import (
    PLATFORM,
    container_urn,
    field_urn,
    materialization_urn,
    owner_urn,
    platform_urn,
    relationship_urn,
    sort_id,
    user_urn,
    version_set_urn,
    version_urn,
)
from registry_dagster.datahub.version_sets import SCHEME
from registry_dagster.errors import CorruptRecord, InvalidDeclaration
from registry_dagster.model.canonical_json import json_text
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import RECORD_FORMAT, DatasetVersion, Provenance
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.recorded import reading_records
from registry_dagster.model.reference import Reference
from registry_dagster.model.table import AnyPin, table_identity

__all__ = [
    "MOST_RELATIONSHIPS",
    "RECORD_ASPECTS",
    "SUB_TYPE",
    "Summary",
    "digest_of",
    "record_from",
    "summary_from",
    "version_proposals",
]

SUB_TYPE = "Feature Dataset Version"
RECORD_ASPECTS = ("datasetProperties", "schemaMetadata")
"""The aspects that a record is rebuilt from."""

MOST_RELATIONSHIPS = 150
"""Joins that become relationship entities, so that a version fits one request. All become foreign keys."""

_PIN: TypeAdapter[AnyPin] = TypeAdapter(AnyPin)
_TEXT = ("label",)
_JSON = (
    "materializations",
    "references",
    "signals",
    "inputs",
    "column_lineage",
    "reference_versions",
    "linked_content",
    "layout",
    "draft",
)
_PROVENANCE = tuple(name for name in Provenance.model_fields if name != "code")
_SUMMARY_JSON = ("materializations", "inputs", "reference_versions", "layout", "draft")
_TABLE_JSON = ("pin", "widths", "partition_columns", "rows", "bytes", "files")


def version_proposals(record: DatasetVersion, dataset: Dataset, env: str) -> tuple[Proposal, ...]:
    """Everything that makes up one published version: written together, or not at all."""
    urn = version_urn(record.name, env)
    own = proposals(
        urn,
        {
            "datasetProperties": _dataset_properties(record),
            "schemaMetadata": schema_metadata(record, env),
            "structuredProperties": structured_properties(record),
            "versionProperties": _version_properties(record, env),
            "upstreamLineage": _upstream_lineage(record, env),
            "ownership": _ownership(dataset),
            "container": {"container": container_urn(record.dataset, env)},
            "browsePathsV2": browse_path(container_urn(record.dataset, env)),
            "subTypes": {"typeNames": [SUB_TYPE]},
            "dataPlatformInstance": {"platform": platform_urn(PLATFORM)},
            "status": {"removed": False},
        },
    )
    joins = (
        _relationship(record, position, reference, target, env)
        for position, (reference, target) in enumerate(linked_references(record)[:MOST_RELATIONSHIPS])
    )
    return (*own, *joins)


def digest_of(entity: Entity) -> str | None:
    """The digest that is stored with a version."""
    return entity.get("datasetProperties", {}).get("customProperties", {}).get("digest")


@dataclass(frozen=True)
class Summary:
    """What distinguishes one version of a dataset from another, as stored and not proven.

    Args:
        number: Its number.
        content_digest: The digest of its content.
        label: The alias that it was published with.
        states: The materialization versions it was made against.
        table: What makes it this physical table in this state.
        layout: The name of its layout.
        draft: Whether it was published as a draft.
        links: The versions that it is linked to or was computed from.
    """

    number: int
    content_digest: str | None = None
    label: str | None = None
    states: tuple[MaterializationVersion, ...] = ()
    table: Mapping[str, object] = field(default_factory=dict[str, object])
    layout: str | None = None
    draft: bool = False
    links: frozenset[str] = frozenset()

    @property
    def materializations(self) -> frozenset[str]:
        """The names of its states, `system@version`."""
        return frozenset(map(str, self.states))


@reading_records()
def summary_from(entity: Entity, number: int) -> Summary:
    """Read what choosing among versions needs, from `datasetProperties` alone.

    If others overwrote the properties of a version, only its number is known.
    """
    properties: dict[str, str] = entity.get("datasetProperties", {}).get("customProperties", {})
    try:
        pin = _PIN.validate_json(properties["pin"]) if "pin" in properties else None
        facts = {name: json.loads(properties[name]) for name in _SUMMARY_JSON if name in properties}
        states = tuple(map(MaterializationVersion.from_json, facts.get("materializations", ())))
        layout = facts.get("layout", {}).get("name")
        links = frozenset([*facts.get("inputs", ()), *facts.get("reference_versions", {}).values()])
    except (AttributeError, KeyError, TypeError, ValueError):
        return Summary(number)
    return Summary(
        number=number,
        content_digest=properties.get("content_digest"),
        label=properties.get("label"),
        states=states,
        table=table_identity(properties.get("location", ""), pin) if pin else {},
        layout=layout,
        draft=facts.get("draft", False),
        links=links,
    )


@reading_records()
def record_from(entity: Entity, urn: str) -> DatasetVersion:
    """Rebuild the record from a stored entity, and prove it against its digest.

    Raises:
        CorruptRecord: an aspect is missing or was changed, or a newer release wrote the record.
    """
    parts = record_json(entity, urn)
    properties: dict[str, str] = entity["datasetProperties"]["customProperties"]
    try:
        record = DatasetVersion.from_json(parts)
    except (InvalidDeclaration, KeyError, TypeError, ValueError) as error:
        raise CorruptRecord(f"{urn}: the record cannot be rebuilt: {error}") from error
    if record.digest != properties.get("digest"):
        same_schema = schema_digest(record) == properties.get("schema_digest")
        raise CorruptRecord(
            f"{urn}: aspect {'datasetProperties' if same_schema else 'schemaMetadata'} was changed after publishing: "
            f"the record's digest is {record.digest}, published was {properties.get('digest')}"
        )
    if urn.split(",")[1:2] != [record.name]:
        raise CorruptRecord(f"{urn} holds the record of {record.name}; its aspects were written here after publishing")
    return record


def record_json(entity: Entity, urn: str) -> dict[str, Any]:
    """The JSON of the record in a stored entity, not proven.

    Raises:
        CorruptRecord: an aspect is missing or was overwritten, or a newer release wrote the record.
    """
    missing = [name for name in RECORD_ASPECTS if name not in entity]
    if missing:
        raise CorruptRecord(f"{urn}: aspect {', '.join(missing)} is missing; it was removed after publishing")
    if problem := malformed({name: entity[name] for name in RECORD_ASPECTS}):
        raise CorruptRecord(f"{urn}: aspect {problem} cannot be read; it was overwritten after publishing")
    properties: dict[str, str] = entity["datasetProperties"].get("customProperties", {})
    if "record_format" not in properties:
        raise CorruptRecord(f"{urn}: aspect datasetProperties was overwritten after publishing and holds no record")
    if properties["record_format"] != str(RECORD_FORMAT):
        raise CorruptRecord(
            f"{urn}: record format {properties['record_format']!r} is unknown to this release, which reads "
            f"format {RECORD_FORMAT}; upgrade registry-dagster to read it"
        )
    try:
        return _record_json(properties, entity["schemaMetadata"])
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CorruptRecord(f"{urn}: the record cannot be rebuilt: {error}") from error


def _record_json(properties: dict[str, str], schema: Aspect) -> dict[str, Any]:
    return {
        "record_format": int(properties["record_format"]),
        "dataset": properties["dataset"],
        "number": int(properties["version"]),
        **{name: properties[name] for name in _TEXT if name in properties},
        **{name: json.loads(properties[name]) for name in _JSON if name in properties},
        "columns": columns_from(schema),
        "provenance": {
            **{name: properties[name] for name in _PROVENANCE if name in properties},
            **({"code": json.loads(properties["code"])} if "code" in properties else {}),
        },
        "table": {
            "location": properties["location"],
            "fields": fields_from(schema),
            "arrow_schema": arrow_schema_from(schema),
            **{name: json.loads(properties[name]) for name in _TABLE_JSON if name in properties},
        },
    }


def _dataset_properties(record: DatasetVersion) -> Aspect:
    meaning = record.json_form
    table, provenance = meaning["table"], meaning["provenance"]
    return {
        "name": record.name,
        "qualifiedName": record.name,
        "description": searchable(version_document(record)),
        "created": {"time": _published_ms(record), "actor": user_urn(record.provenance.publisher)},
        "tags": [],
        "customProperties": {
            "record_format": str(record.record_format),
            "digest": record.digest,
            "content_digest": record.content_digest,
            "schema_digest": schema_digest(record),
            "dataset": record.dataset,
            "version": str(record.number),
            **{name: meaning[name] for name in _TEXT if name in meaning},
            **{name: provenance[name] for name in _PROVENANCE if name in provenance},
            **({"code": json_text(provenance["code"])} if "code" in provenance else {}),
            "location": record.table.location,
            "format": record.table.format,
            **{name: json_text(table[name]) for name in _TABLE_JSON if name in table},
            **{name: json_text(meaning[name]) for name in _JSON if name in meaning},
        },
    }


def _version_properties(record: DatasetVersion, env: str) -> Aspect:
    return {
        "versionSet": version_set_urn(PLATFORM, record.dataset, env),
        "version": {"versionTag": f"v{record.number}"},
        "aliases": [{"versionTag": record.label}] if record.label else [],
        "comment": searchable(record.provenance.message),
        "sortId": sort_id(str(record.number)),
        "versioningScheme": SCHEME,
        "sourceCreatedTimestamp": {
            "time": _published_ms(record),
            "actor": user_urn(record.provenance.publisher),
        },
    }


def _upstream_lineage(record: DatasetVersion, env: str) -> Aspect:
    published = {"time": _published_ms(record), "actor": user_urn(record.provenance.publisher)}
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


def _ownership(dataset: Dataset) -> Aspect | None:
    if not dataset.owners:
        return None
    return {
        "owners": [{"owner": owner_urn(owner), "type": "TECHNICAL_OWNER"} for owner in dataset.owners],
        "ownerTypes": {},
        "lastModified": {"time": 0, "actor": "urn:li:corpuser:unknown"},
    }


_CARDINALITY = {"1:1": "ONE_ONE", "n:1": "N_ONE", "1:n": "ONE_N", "n:m": "N_N"}


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


def _published_ms(record: DatasetVersion) -> int:
    return int(record.provenance.published_at.timestamp() * 1000)

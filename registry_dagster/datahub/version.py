"""DatasetVersion ⇄ the aspects of one DataHub dataset entity.

Every fact has one machine-readable home: columns and schema in `schemaMetadata`, everything else in the
custom properties of `datasetProperties`. The other aspects repeat it in the form that DataHub's own views and
filters use.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
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
    models_of_columns,
    models_of_fields,
    schema_digest,
    schema_metadata,
)
from registry_dagster.datahub.urns import (
    PLATFORM,
    container_urn,
    owner_urn,
    platform_urn,
    sort_id,
    user_urn,
    version_set_urn,
    version_urn,
)
from registry_dagster.datahub.version_links import published_ms, relationships, upstream_lineage
from registry_dagster.datahub.version_sets import SCHEME
from registry_dagster.errors import CorruptRecord
from registry_dagster.model.canonical_json import json_text
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import RECORD_FORMAT, DatasetVersion, Provenance
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.recorded import reading_records
from registry_dagster.model.table import AnyPin, table_identity

__all__ = [
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
_SUMMARY_JSON = ("inputs", "reference_versions", "layout", "draft")
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
            "upstreamLineage": upstream_lineage(record, env),
            "ownership": _ownership(dataset),
            "container": {"container": container_urn(record.dataset, env)},
            "browsePathsV2": browse_path(container_urn(record.dataset, env)),
            "subTypes": {"typeNames": [SUB_TYPE]},
            "dataPlatformInstance": {"platform": platform_urn(PLATFORM)},
            "status": {"removed": False},
        },
    )
    return (*own, *relationships(record, env))


def digest_of(entity: Entity) -> str | None:
    """The digest that is stored with a version."""
    return entity.get("datasetProperties", {}).get("customProperties", {}).get("digest")


@dataclass(frozen=True, slots=True)
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
    links: tuple[str, ...] = ()

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
        states = _states(properties.get("materializations", "[]"))
        layout = facts.get("layout", {}).get("name")
        links = tuple({*facts.get("inputs", ()), *facts.get("reference_versions", {}).values()})
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


@lru_cache(maxsize=1024)
def _states(text: str) -> tuple[MaterializationVersion, ...]:
    """The states in a JSON text. Versions made against the same ones share them, so many take little memory."""
    return tuple(map(MaterializationVersion.from_json, json.loads(text)))


@reading_records()
def record_from(entity: Entity, urn: str) -> DatasetVersion:
    """Rebuild the record from a stored entity, and prove it against its digest.

    Raises:
        CorruptRecord: an aspect is missing or was changed, or a newer release wrote the record.
    """
    properties, schema = _readable(entity, urn)
    with _rebuilding(urn):
        parts = _record_json(properties, schema, models_of_columns(schema), models_of_fields(schema))
        record = DatasetVersion.from_json(parts)
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
    properties, schema = _readable(entity, urn)
    with _rebuilding(urn):
        return _record_json(properties, schema, columns_from(schema), fields_from(schema))


@contextmanager
def _rebuilding(urn: str) -> Generator[None, None, None]:
    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CorruptRecord(f"{urn}: the record cannot be rebuilt: {error}") from error


def _readable(entity: Entity, urn: str) -> tuple[dict[str, str], Aspect]:
    """The properties and the schema that a record of this release is in.

    Raises:
        CorruptRecord: as for `record_json`.
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
    return properties, entity["schemaMetadata"]


def _record_json(
    properties: dict[str, str], schema: Aspect, columns: Mapping[str, Any], fields: Sequence[Any]
) -> dict[str, Any]:
    return {
        "record_format": int(properties["record_format"]),
        "dataset": properties["dataset"],
        "number": int(properties["version"]),
        **{name: properties[name] for name in _TEXT if name in properties},
        **{name: json.loads(properties[name]) for name in _JSON if name in properties},
        "columns": columns,
        "provenance": {
            **{name: properties[name] for name in _PROVENANCE if name in properties},
            **({"code": json.loads(properties["code"])} if "code" in properties else {}),
        },
        "table": {
            "location": properties["location"],
            "fields": fields,
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
        "created": {"time": published_ms(record), "actor": user_urn(record.provenance.publisher)},
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
            "time": published_ms(record),
            "actor": user_urn(record.provenance.publisher),
        },
    }


def _ownership(dataset: Dataset) -> Aspect | None:
    if not dataset.owners:
        return None
    return {
        "owners": [{"owner": owner_urn(owner), "type": "TECHNICAL_OWNER"} for owner in dataset.owners],
        "ownerTypes": {},
        "lastModified": {"time": 0, "actor": "urn:li:corpuser:unknown"},
    }

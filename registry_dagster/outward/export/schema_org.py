"""What schema.org's vocabulary says of a version: the part that Croissant and RO-Crate share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.table import TableFacts, TableField
from registry_dagster.model.words import column_words
from registry_dagster.outward.export.subject import Subject

__all__ = ["about", "account", "based_on", "field_words", "media_type", "state_words"]

_TEAM = "team:"
_MEDIA_TYPES = {
    "parquet": "application/vnd.apache.parquet",
    "delta": "application/vnd.apache.parquet",
    "iceberg": "application/vnd.apache.parquet",
    "feather": "application/vnd.apache.arrow.file",
    "csv": "text/csv",
}
"""Of a table's data files. Lance has none that is registered."""


def about(subject: Subject) -> dict[str, Any]:
    """Name, version, people, dates and terms. What is not known is left out."""
    record, dataset = subject.record, subject.dataset
    facts: dict[str, Any] = {
        "name": subject.title,
        "alternateName": record.name,
        "version": str(record.number),
        "description": subject.description,
        "identifier": [*([f"https://doi.org/{subject.doi}"] if subject.doi else []), record.digest],
        "datePublished": f"{record.provenance.published_at:%Y-%m-%d}",
        "creator": [account(owner) for owner in dataset.owners] or [account(record.provenance.publisher)],
        "publisher": account(record.provenance.publisher),
        "keywords": list(dataset.tags),
        "license": subject.license,
    }
    return {name: value for name, value in facts.items() if value not in (None, [])}


def account(owner: str) -> dict[str, Any]:
    """An owner or publisher: a person, or the group in `team:name`."""
    if owner.startswith(_TEAM):
        return {"@type": "Organization", "name": owner.removeprefix(_TEAM)}
    return {"@type": "Person", "name": owner, **({"email": owner} if "@" in owner else {})}


def based_on(subject: Subject) -> list[Mapping[str, Any]]:
    """What it was made from: the states of the upstream systems, and other published versions."""
    states = [_state(each) for each in subject.record.materializations]
    return [*states, *({"@type": "Dataset", "name": name} for name in subject.record.inputs)]


def _state(state: MaterializationVersion) -> dict[str, Any]:
    facts = {"@type": "Dataset", "name": str(state.system), "version": str(state.version)}
    return facts | ({"dateCreated": state.timestamp.isoformat()} if state.timestamp else {})


def state_words(table: TableFacts) -> str:
    """Which state of a table was published, and where it is: `Version 12 of a Delta table, at s3://lab/synapses`."""
    words = f"{table.pin.in_words}, at {table.location}"
    return words[0].upper() + words[1:]


def media_type(table: TableFacts) -> str:
    """The media type of a table's data files."""
    return _MEDIA_TYPES.get(table.format, "application/octet-stream")


def field_words(subject: Subject, field: TableField) -> str:
    """The type of a column, and what it means."""
    declared = subject.record.columns.get(field.path)
    words = [field.type, *(column_words(declared) if declared else ["not declared"])]
    words += [declared.description] if declared and declared.description else []
    return " · ".join(words)

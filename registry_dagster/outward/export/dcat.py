"""DCAT 3, which data portals harvest: https://www.w3.org/TR/vocab-dcat-3/"""

from __future__ import annotations

from typing import Any

from registry_dagster.model.citable import is_web_address
from registry_dagster.outward.export.carried import carrying
from registry_dagster.outward.export.schema_org import account, based_on, media_type, state_words
from registry_dagster.outward.export.subject import Subject

__all__ = ["dcat"]

_CONTEXT = {
    "@vocab": "https://schema.org/",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def dcat(subject: Subject) -> dict[str, Any]:
    """The version as a `dcat:Dataset`, before it is sealed."""
    record, dataset = subject.record, subject.dataset
    published = record.provenance.published_at.isoformat()
    facts: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "dcat:Dataset",
        "dct:title": subject.title,
        "dct:description": subject.description,
        "dct:identifier": record.name,
        "dcat:version": str(record.number),
        "dct:issued": {"@type": "xsd:dateTime", "@value": published},
        "dct:creator": [_agent(owner) for owner in dataset.owners],
        "dct:publisher": _agent(record.provenance.publisher),
        "dcat:keyword": list(dataset.tags),
        "dct:license": _license(subject.license) if subject.license else None,
        "dct:bibliographicCitation": subject.citation,
        "dct:source": [f"{each['name']} {each.get('version', '')}".strip() for each in based_on(subject)],
        "dcat:distribution": [_distribution(subject)],
        "additionalProperty": carrying(record),
    }
    return {name: value for name, value in facts.items() if value not in (None, [])}


def _distribution(subject: Subject) -> dict[str, Any]:
    table = subject.record.table
    size = {} if table.bytes is None else {"dcat:byteSize": table.bytes}
    return {
        "@type": "dcat:Distribution",
        "dcat:accessURL": {"@id": table.location},
        "dct:description": state_words(table),
        "dcat:mediaType": media_type(table),
        **size,
    }


def _agent(owner: str) -> dict[str, Any]:
    known = account(owner)
    kind = "foaf:Person" if known["@type"] == "Person" else "foaf:Organization"
    return {"@type": kind, "foaf:name": known["name"]}


def _license(text: str) -> Any:
    return {"@id": text} if is_web_address(text) else text

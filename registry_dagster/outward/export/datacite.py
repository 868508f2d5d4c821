"""DataCite's metadata, kernel 4, as its API takes it: https://datacite-metadata-schema.readthedocs.io

What a DOI needs and the registry does not know, such as the repository that publishes the data, is `:unkn`, DataCite's
own word for unknown.
"""

from __future__ import annotations

from typing import Any

from registry_dagster.model.citable import is_web_address
from registry_dagster.outward.export.carried import carrying_texts
from registry_dagster.outward.export.schema_org import account
from registry_dagster.outward.export.subject import Subject

__all__ = ["datacite"]


def datacite(subject: Subject) -> dict[str, Any]:
    """The attributes of a DOI, before they are sealed."""
    record, dataset = subject.record, subject.dataset
    facts: dict[str, Any] = {
        "schemaVersion": "http://datacite.org/schema/kernel-4",
        "doi": subject.doi,
        "types": {"resourceTypeGeneral": "Dataset", "resourceType": "Feature table"},
        "titles": [{"title": subject.title}],
        "creators": [_creator(owner) for owner in dataset.owners or (record.provenance.publisher,)],
        "publisher": {"name": ":unkn"},
        "publicationYear": record.provenance.published_at.year,
        "dates": [{"date": f"{record.provenance.published_at:%Y-%m-%d}", "dateType": "Created"}],
        "version": str(record.number),
        "subjects": [{"subject": tag} for tag in dataset.tags],
        "formats": [record.table.format],
        "sizes": [] if record.table.bytes is None else [f"{record.table.bytes} bytes"],
        "rightsList": [_rights(subject.license)] if subject.license else [],
        "alternateIdentifiers": [
            {"alternateIdentifierType": "Feature registry version", "alternateIdentifier": record.name}
        ],
        "relatedItems": [_source(name) for name in (*map(str, record.materializations), *record.inputs)],
        "descriptions": [
            {"descriptionType": "Abstract", "description": subject.description},
            *({"descriptionType": "TechnicalInfo", "description": text} for text in carrying_texts(record)),
        ],
    }
    return {name: value for name, value in facts.items() if value not in (None, [])}


def _creator(owner: str) -> dict[str, str]:
    known = account(owner)
    kind = "Organizational" if known["@type"] == "Organization" else "Personal"
    return {"name": known["name"], "nameType": kind}


def _rights(text: str) -> dict[str, str]:
    return {"rights": text, **({"rightsUri": text} if is_web_address(text) else {})}


def _source(name: str) -> dict[str, Any]:
    """What it was made from. A materialization version has no DOI, so it is an item and no identifier."""
    return {"relatedItemType": "Dataset", "relationType": "IsDerivedFrom", "titles": [{"title": name}]}

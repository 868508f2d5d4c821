"""RO-Crate 1.2, which research repositories ask for: https://www.researchobject.org/ro-crate/specification/1.2/

All that a crate describes is an entity of its own, and others refer to it by its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from registry_dagster.model.citable import is_web_address
from registry_dagster.model.dtypes import is_nested
from registry_dagster.outward.export.carried import carrying
from registry_dagster.outward.export.schema_org import (
    about,
    based_on,
    field_words,
    media_type,
    state_words,
)
from registry_dagster.outward.export.subject import Subject

__all__ = ["ro_crate"]

_SPECIFICATION = "https://w3id.org/ro/crate/1.2"
_ONE_FILE = {"feather", "csv"}


def ro_crate(subject: Subject) -> dict[str, Any]:
    """The content of `ro-crate-metadata.json`, before it is sealed."""
    facts = about(subject)
    creators = _identified("person", facts.pop("creator"))
    publishers = _identified("person", [facts.pop("publisher")])
    licenses = [_license(facts.pop("license"))] if "license" in facts else []
    sources = _identified("source", based_on(subject))
    columns = _identified("column", _columns(subject))
    carried = _identified("carried", carrying(subject.record))
    table = _table(subject)
    root = {
        "@id": "./",
        "@type": "Dataset",
        **facts,
        **({"citation": subject.citation} if subject.citation else {}),
        "creator": _references(creators),
        "publisher": _references(publishers)[0],
        **({"license": _references(licenses)[0]} if licenses else {}),
        "isBasedOn": _references(sources),
        "variableMeasured": _references(columns),
        "hasPart": _references([table]),
        "additionalProperty": _references(carried),
    }
    entities = [*creators, *publishers, *licenses, *sources, *columns, table, *carried]
    graph = {each["@id"]: each for each in [_descriptor(), root, *entities]}
    return {"@context": f"{_SPECIFICATION}/context", "@graph": list(graph.values())}


def _descriptor() -> dict[str, Any]:
    return {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": _SPECIFICATION},
        "about": {"@id": "./"},
    }


def _table(subject: Subject) -> dict[str, Any]:
    """The table as an entity on the web: a crate holds no data."""
    table = subject.record.table
    facts = {"name": table.location, "description": state_words(table), "encodingFormat": media_type(table)}
    if table.format in _ONE_FILE:
        size = {} if table.bytes is None else {"contentSize": str(table.bytes)}
        return {"@id": table.location, "@type": "File", **facts, **size}
    return {"@id": f"{table.location.rstrip('/')}/", "@type": "Dataset", **facts}


def _columns(subject: Subject) -> list[Mapping[str, Any]]:
    fields = [field for field in subject.record.table.fields if not is_nested(field.type)]
    return [
        {"@type": "PropertyValue", "name": field.path, "description": field_words(subject, field)} for field in fields
    ]


def _license(text: str) -> dict[str, Any]:
    """A license by its address, or in the words that were given."""
    return {"@id": text if is_web_address(text) else "#license", "@type": "CreativeWork", "name": text}


def _identified(kind: str, entities: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Entities with ids that are made of their names."""
    return [{"@id": f"#{kind}-{quote(each['name'])}", **each} for each in entities]


def _references(entities: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [{"@id": each["@id"]} for each in entities]

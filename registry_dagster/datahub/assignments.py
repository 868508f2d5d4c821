"""What aspects assign to an entity (terms, properties, tags), and aspects without some of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import replace
from typing import Any, cast

from registry_dagster.datahub.proposal import Aspect, Proposal

__all__ = ["assigned", "without"]

_LISTS = {"structuredProperties": ("properties", "propertyUrn"), "globalTags": ("tags", "tag")}
"""Aspect → its list of assignments, and what names the entity in each."""


def assigned(aspect: str, value: Aspect) -> set[str]:
    """The terms, properties and tags that an aspect assigns. What others wrote in another form assigns nothing."""
    if aspect == "schemaMetadata":
        entries, key = [term for field in _entries(value, "fields") for term in _terms(field)], "urn"
    else:
        name, key = _LISTS.get(aspect, ("", ""))
        entries = _entries(value, name)
    return {urn for each in entries if isinstance(urn := each.get(key), str)}


def without(proposals: Iterable[Proposal], urns: Set[str]) -> tuple[Proposal, ...]:
    """The proposals without assignments of these entities."""
    return tuple(_pruned(each, urns) for each in proposals) if urns else tuple(proposals)


def _pruned(proposal: Proposal, urns: Set[str]) -> Proposal:
    if not assigned(proposal.aspect, proposal.value) & urns:
        return proposal
    prune = _without_terms if proposal.aspect == "schemaMetadata" else _without_entries(*_LISTS[proposal.aspect])
    return replace(proposal, value=prune(proposal.value, urns))


def _without_entries(name: str, key: str) -> Callable[[Aspect, Set[str]], Aspect]:
    return lambda value, urns: {**value, name: [each for each in value[name] if each[key] not in urns]}


def _without_terms(value: Aspect, urns: Set[str]) -> Aspect:
    return {**value, "fields": [dict(_field_without(field, urns)) for field in value["fields"]]}


def _field_without(field: Mapping[str, Any], urns: Set[str]) -> Iterator[tuple[str, Any]]:
    kept = [term for term in _terms(field) if term["urn"] not in urns]
    for name, value in field.items():
        if name != "glossaryTerms":
            yield name, value
        elif kept:
            yield name, {**value, "terms": kept}


def _terms(field: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return _entries(field.get("glossaryTerms"), "terms")


def _entries(value: object, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list in an object."""
    found = cast("Mapping[str, object]", value).get(name) if isinstance(value, Mapping) else None
    entries = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Mapping[str, Any]", each) for each in entries if isinstance(each, Mapping)]

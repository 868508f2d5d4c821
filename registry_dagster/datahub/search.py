"""What entities are found by: their kind, terms and words, taken from their aspects alone.

One rule for every store: an index is filled with it, and what a server's search returns is held against it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.retirement import retirement_from
from registry_dagster.datahub.schema import columns_from
from registry_dagster.datahub.urns import container_urn, decoded, version_in

__all__ = [
    "SEARCH_ASPECTS",
    "Entry",
    "Field",
    "Kind",
    "Search",
    "Term",
    "entry_of",
    "id_term",
    "owning_container",
    "words_of",
]

Kind = Literal["version", "dataset", "materialization"]
Field = Literal[
    "annotation_type",
    "column",
    "dataset",
    "embedding_model",
    "format",
    "id",
    "materialization",
    "owner",
    "points_at",
    "retired",
    "semantic",
    "system",
    "tag",
]

SEARCH_ASPECTS = ("containerProperties", "datasetProperties", "deprecation", "ownership", "schemaMetadata", "subTypes")
"""The aspects that entries are made from."""

_KINDS: Mapping[str, Kind] = {
    dataset.SUB_TYPE: "dataset",
    materialization.SUB_TYPE: "materialization",
}

_ID_SPACES = ("id_space", "chunkedgraph", "source_table", "reference_table")
"""The attributes that name the space of an identifier."""


class Term(NamedTuple):
    """A fact that is looked up by its exact value."""

    field: Field
    value: str


class Entry(NamedTuple):
    """What one entity is found by.

    Args:
        kind, env: What it is, in which of DataHub's environments.
        terms: Its facts.
        words: The words people may look for, lower-case, separated by blanks.
    """

    kind: Kind
    env: str
    terms: frozenset[Term]
    words: str


@dataclass(frozen=True)
class Search:
    """What to look for.

    Args:
        kind, env: Of which entities.
        terms: Each must hold; of each set one term suffices.
        without: None of these may hold.
        words: Each must begin a word of the entity's; as `words_of` returns them.
    """

    kind: Kind
    env: str
    terms: tuple[frozenset[Term], ...] = ()
    without: frozenset[Term] = frozenset()
    words: tuple[str, ...] = ()

    def finds(self, entry: Entry) -> bool:
        """Whether an entity is among what is looked for."""
        return (
            (entry.kind, entry.env) == (self.kind, self.env)
            and all(alternatives & entry.terms for alternatives in self.terms)
            and not self.without & entry.terms
            and all(f" {word}" in f" {entry.words}" for word in self.words)
        )


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits, without case and accents. `_` and `.` part words."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.findall(r"[^\W_]+", plain.casefold())


def entry_of(urn: str, entity: Entity, container: Entity) -> Entry | None:
    """What an entity is found by; None for entities that are not looked for.

    A version whose aspects others overwrote is found by its name alone.

    Args:
        urn: The entity.
        entity: Its aspects.
        container: Those of the Dataset that a version belongs to, since it is found by that's title and owners, too.
    """
    kind, version = _kind(urn, entity), version_in(urn)
    if kind == "version" and version is not None:
        try:
            return _version_entry(urn, entity, container)
        except (AttributeError, KeyError, TypeError, ValueError):
            terms = _terms("dataset", _with_those_above(version.dataset))
            return Entry("version", _env(urn), frozenset(terms), _words([version.dataset]))
    if kind == "dataset":
        return _dataset_entry(entity)
    return _materialization_entry(urn, entity) if kind == "materialization" else None


def owning_container(urn: str, entity: Entity) -> str | None:
    """The Dataset's container of a version."""
    version = version_in(urn)
    return container_urn(version.dataset, _env(urn)) if version and _kind(urn, entity) == "version" else None


def id_term(column: Mapping[str, Any]) -> Term | None:
    """Which ids a column holds: its semantic and the space they are unique in. None where that is not told.

    Args:
        column: The JSON of a column's semantic.
    """
    space = next((str(column[name]) for name in _ID_SPACES if name in column), None)
    return Term("id", f"{column['semantic']} {space}") if space else None


def _kind(urn: str, entity: Entity) -> Kind | None:
    """A version by its URN, others by their sub type; where the aspects that it is read from are there."""
    if version_in(urn):
        return "version" if {"datasetProperties", "schemaMetadata"} <= entity.keys() else None
    names: list[str] = entity.get("subTypes", {}).get("typeNames", [])
    kind: Kind | None = next((_KINDS[name] for name in names if name in _KINDS), None)
    return kind if kind and ("containerProperties" if kind == "dataset" else "datasetProperties") in entity else None


def _version_entry(urn: str, entity: Entity, container: Entity) -> Entry:
    facts = _facts(entity["datasetProperties"])
    upstreams: list[dict[str, Any]] = json.loads(facts.get("materializations", "[]"))
    references: list[dict[str, Any]] = json.loads(facts.get("references", "[]"))
    columns = columns_from(entity["schemaMetadata"])
    paths = [field["fieldPath"] for field in entity["schemaMetadata"]["fields"]]
    terms = {
        *_terms("dataset", _with_those_above(facts.get("dataset", ""))),
        *_terms("materialization", (name for each in upstreams for name in _names(each))),
        *_terms("system", (each["system"] for each in upstreams)),
        *_terms("semantic", (column["semantic"] for column in columns.values())),
        *_terms("annotation_type", (each.get("annotation_type") for each in (*references, *columns.values()))),
        *_terms("embedding_model", (column.get("model") for column in columns.values())),
        *_terms("column", paths),
        *(term for column in columns.values() if (term := id_term(column))),
        *_terms("format", [facts.get("format")]),
        *_terms("points_at", _points_at(facts, references, columns)),
        *_terms("retired", ["yes"] if retirement_from(entity) else []),
        *(_described_terms(container) if container else ()),
    }
    texts = [
        *(facts.get(name) for name in ("dataset", "label", "message", "publisher")),
        *(name for each in upstreams for name in _names(each)),
        *paths,
        *(column.get("description") for column in columns.values()),
        *(each.get("description") for each in references),
        *_described_texts(container),
    ]
    return Entry("version", _env(urn), frozenset(terms), _words(texts))


def _dataset_entry(entity: Entity) -> Entry:
    properties = entity["containerProperties"]
    facts = _facts(properties)
    terms = {*_terms("dataset", _with_those_above(facts.get("name", ""))), *_described_terms(entity)}
    return Entry("dataset", properties.get("env", "PROD"), frozenset(terms), _words(_described_texts(entity)))


def _materialization_entry(urn: str, entity: Entity) -> Entry | None:
    known = materialization.materialization_from(entity)
    if known is None:
        return None
    names = (str(known), *known.aliases)
    terms = {*_terms("materialization", names), *_terms("system", [known.system])}
    return Entry("materialization", _env(urn), frozenset(terms), _words([*names, known.source]))


def _points_at(facts: Mapping[str, str], references: Iterable[Aspect], columns: Mapping[str, Aspect]) -> Iterator[str]:
    """Versions and datasets it was computed from or joins to, and the upstream tables its columns point at."""
    pinned: dict[str, str] = json.loads(facts.get("reference_versions", "{}"))
    for name in (*json.loads(facts.get("inputs", "[]")), *pinned.values()):
        yield name
        yield name.partition("@")[0]
    for reference in references:
        yield from (reference[name] for name in ("to", "to_table", "crosswalk") if name in reference)
    for column in columns.values():
        yield from (column[name] for name in ("source_table", "reference_table") if isinstance(column.get(name), str))


def _described_terms(container: Entity) -> Iterator[Term]:
    facts = _facts(container.get("containerProperties", {}))
    owned: list[Aspect] = container.get("ownership", {}).get("owners", [])
    yield from _terms("owner", (_owner(each["owner"]) for each in owned))
    yield from _terms("tag", json.loads(facts.get("tags", "[]")))


def _described_texts(container: Entity) -> Iterator[str | None]:
    facts = _facts(container.get("containerProperties", {}))
    yield from (facts.get(name) for name in ("name", "title", "description"))
    yield from json.loads(facts.get("tags", "[]"))


def _owner(urn: str) -> str:
    kind, name = urn.removeprefix("urn:li:").split(":", 1)
    return f"team:{name}" if kind == "corpGroup" else decoded(name)


def _names(version: Mapping[str, Any]) -> list[str]:
    return [f"{version['system']}@{version['version']}", *version.get("aliases", ())]


def _with_those_above(name: str) -> Iterator[str]:
    """`a.b.c`, and `a.b.*`, `a.*` for all that stands below."""
    yield name
    parts = name.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]) + ".*"


def _terms(field: Field, values: Iterable[str | None]) -> Iterator[Term]:
    return (Term(field, value) for value in values if value)


def _words(texts: Iterable[str | None]) -> str:
    return " ".join(dict.fromkeys(word for text in texts if text for word in words_of(text)))


def _facts(properties: Aspect) -> dict[str, str]:
    return properties.get("customProperties", {})


def _env(urn: str) -> str:
    return urn.rstrip(")").rpartition(",")[2]

"""What entities are found by, and what lists show of them, taken from their aspects alone.

One rule for every store: an index is filled with it, and what a server's search returns is checked by it.
The fields are those of `search_fields`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.acts import ACTS_ASPECT
from registry_dagster.datahub.listed import listed_text, shown_by_versions
from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.retirement import retirement_now
from registry_dagster.datahub.search_fields import FIELDS, Facts, Field, names_in
from registry_dagster.datahub.urns import container_urn, decoded, version_in
from registry_dagster.model.names import VersionName

__all__ = [
    "SEARCH_ASPECTS",
    "Entry",
    "Field",
    "Kind",
    "Search",
    "Term",
    "entry_of",
    "owning_container",
    "words_of",
]

Kind = Literal["version", "dataset", "materialization"]
SEARCH_ASPECTS = (
    *("containerProperties", "datasetProperties", "deprecation", "ownership", "schemaMetadata", "status", "subTypes"),
    ACTS_ASPECT,
)
"""The aspects that entries are made from."""

_KINDS: Mapping[str, Kind] = {
    dataset.SUB_TYPE: "dataset",
    materialization.SUB_TYPE: "materialization",
}

_ASPECTS_TO_READ: Mapping[Kind, Set[str]] = {
    "version": {"datasetProperties", "schemaMetadata"},
    "dataset": {"containerProperties"},
    "materialization": {"datasetProperties"},
}


_WORD = re.compile(r"[^\W_]+")


class Term(NamedTuple):
    """A fact that is found by its exact value."""

    field: Field
    value: str


_term = lru_cache(maxsize=4096)(Term)
"""Versions share most of their terms."""


class Entry(NamedTuple):
    """What one entity is found by.

    Args:
        kind, env: What it is, in which of DataHub's environments.
        terms: Its facts.
        words: The words that people may search for, in lower case, separated by blanks.
        shown: What lists show of a version, see `listed_from`; of a Dataset, what its versions show of it.
    """

    kind: Kind
    env: str
    terms: Set[Term]
    words: str
    shown: str | None = None


@dataclass(frozen=True)
class Search:
    """What to search for.

    Args:
        kind, env: Of the entities.
        terms, without: One of every set of terms must hold, and none of the latter.
        words: Each must begin one of the entity's words; as `words_of` returns them.
        checked: Whether what a server's search finds is checked in the primary store.
    """

    kind: Kind
    env: str
    terms: tuple[frozenset[Term], ...] = ()
    without: frozenset[Term] = frozenset()
    words: tuple[str, ...] = ()
    checked: bool = True

    def finds(self, entry: Entry) -> bool:
        """Whether an entity matches."""
        return (
            (entry.kind, entry.env) == (self.kind, self.env)
            and all(alternatives & entry.terms for alternatives in self.terms)
            and not self.without & entry.terms
            and all(f" {word}" in f" {entry.words}" for word in self.words)
        )


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits, without case and accents. `_` and `.` separate words."""
    if not text.isascii():
        text = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return _WORD.findall(text.casefold())


def entry_of(urn: str, entity: Entity, container: Entity) -> Entry | None:
    """What an entity is found by; None for entities that are not searched for.

    A version whose aspects others overwrote is found by its name alone.

    Args:
        urn: The entity.
        entity: Its aspects.
        container: Those of the Dataset that a version belongs to, whose title and owners it is found by, too.
    """
    kind, version = _kind(urn, entity), version_in(urn)
    if kind == "version" and version is not None:
        return _version_entry(version, _env(urn), entity, container)
    if kind == "dataset":
        return _dataset_entry(entity)
    return _materialization_entry(_env(urn), entity) if kind == "materialization" else None


def owning_container(urn: str, entity: Entity) -> str | None:
    """The Dataset's container of a version."""
    version = version_in(urn)
    return container_urn(version.dataset, _env(urn)) if version and _kind(urn, entity) == "version" else None


def _kind(urn: str, entity: Entity) -> Kind | None:
    """A version is known by its URN, other entities by their sub type. None if the aspects to read are missing."""
    kind = "version" if version_in(urn) else _kind_by_sub_type(entity)
    return kind if kind and _ASPECTS_TO_READ[kind] <= entity.keys() else None


def _kind_by_sub_type(entity: Entity) -> Kind | None:
    names: list[str] = entity.get("subTypes", {}).get("typeNames", [])
    return next((_KINDS[name] for name in names if name in _KINDS), None)


def _entry(
    kind: Kind,
    env: str,
    facts: Facts,
    words: Iterable[str],
    shown: str | None = None,
    columns: Iterable[_Column] = (),
) -> Entry:
    terms = {_term(field, value) for field, rule in FIELDS.items() for value in rule.values(facts) if value}
    return Entry(kind, env, terms.union(*(each.terms for each in columns)), " ".join(dict.fromkeys(words)), shown)


def _version_entry(version: VersionName, env: str, entity: Entity, container: Entity) -> Entry:
    """A version of the named Dataset."""
    shown = listed_text(version, entity, container)
    try:
        facts = _version_facts(version, entity, container)
        columns = [_column(text) for each in entity["schemaMetadata"]["fields"] if (text := each.get("jsonProps"))]
        return _entry("version", env, facts, _version_words(facts, columns, container), shown, columns)
    except (AttributeError, KeyError, TypeError, ValueError):
        return _entry("version", env, Facts(dataset=version.dataset), words_of(version.dataset), shown)


class _Column(NamedTuple):
    """What a version is found by of one of its columns."""

    terms: frozenset[Term]
    words: tuple[str, ...]


@lru_cache(maxsize=4096)
def _column(text: str) -> _Column:
    """By the JSON of its semantic, which the versions of a dataset share."""
    column: Mapping[str, Any] = json.loads(text)
    terms = {Term(field, value) for field, rule in FIELDS.items() for value in rule.in_column(column) if value}
    return _Column(frozenset(terms), tuple(words_of(column.get("description") or "")))


def _dataset_entry(container: Entity) -> Entry:
    properties = container["containerProperties"]
    facts = _described(container)._replace(dataset=_custom(properties).get("name", ""))
    env = properties.get("env", "PROD")
    return _entry("dataset", env, facts, _words(_described_texts(container)), shown_by_versions(container))


def _materialization_entry(env: str, entity: Entity) -> Entry | None:
    known = materialization.materialization_from(entity)
    if known is None:
        return None
    facts = Facts(materializations=[known.to_json()])
    return _entry("materialization", env, facts, _words([str(known), *known.aliases, known.source]))


def _version_facts(version: VersionName, entity: Entity, container: Entity) -> Facts:
    properties = _custom(entity["datasetProperties"])
    return _described(container)._replace(
        dataset=properties.get("dataset", ""),
        properties=properties,
        materializations=json.loads(properties.get("materializations", "[]")),
        references=json.loads(properties.get("references", "[]")),
        paths=[field["fieldPath"] for field in entity["schemaMetadata"]["fields"]],
        retired=["yes"] if retirement_now(entity, str(version), container) else (),
    )


def _version_words(facts: Facts, columns: Iterable[_Column], container: Entity) -> Iterator[str]:
    yield from _words(facts.properties.get(name) for name in ("dataset", "label", "message", "publisher"))
    yield from _words(name for each in facts.materializations for name in names_in(each))
    yield from (word for path in facts.paths for word in _words_in(path))
    yield from (word for column in columns for word in column.words)
    yield from _words(each.get("description") for each in facts.references)
    yield from _words(_described_texts(container))


@lru_cache(maxsize=4096)
def _words_in(path: str) -> tuple[str, ...]:
    return tuple(words_of(path))


def _described(container: Entity) -> Facts:
    """What people say of a Dataset, which its versions are found by, too."""
    owned: list[Aspect] = container.get("ownership", {}).get("owners", [])
    tags: list[str] = json.loads(_custom(container.get("containerProperties", {})).get("tags", "[]"))
    return Facts(owners=[_owner(each["owner"]) for each in owned], tags=tags)


def _described_texts(container: Entity) -> Iterator[str | None]:
    facts = _custom(container.get("containerProperties", {}))
    yield from (facts.get(name) for name in ("name", "title", "description"))
    yield from json.loads(facts.get("tags", "[]"))


def _owner(urn: str) -> str:
    kind, name = urn.removeprefix("urn:li:").split(":", 1)
    return f"team:{name}" if kind == "corpGroup" else decoded(name)


def _words(texts: Iterable[str | None]) -> list[str]:
    return words_of(" ".join(filter(None, texts)))


def _custom(properties: Aspect) -> dict[str, str]:
    return properties.get("customProperties", {})


def _env(urn: str) -> str:
    return urn.rstrip(")").rpartition(",")[2]

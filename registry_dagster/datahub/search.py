"""What entities are found by: their kind, terms and words, taken from their aspects alone.

One rule for every store: an index is filled with it, and what a server's search returns is checked by it.
To add a filter, name its field in `Field`, say in `FIELDS` where its values are, and add it to `registry/filters.py`.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.retirement import retirement_from
from registry_dagster.datahub.schema import columns_from
from registry_dagster.datahub.urns import container_urn, decoded, version_in

__all__ = [
    "FIELDS",
    "SEARCH_ASPECTS",
    "Entry",
    "Field",
    "FieldRule",
    "Kind",
    "Search",
    "Term",
    "entry_of",
    "id_terms",
    "owning_container",
    "words_of",
]

Kind = Literal["version", "dataset", "materialization"]
Field = Literal[
    "annotation_type",
    "column",
    "dataset",
    "digest",
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

_ASPECTS_TO_READ: Mapping[Kind, Set[str]] = {
    "version": {"datasetProperties", "schemaMetadata"},
    "dataset": {"containerProperties"},
    "materialization": {"datasetProperties"},
}

_ID_SPACES = ("id_space", "chunkedgraph", "source_table", "reference_table")
"""The attributes that name an identifier's space."""

_TABLE_IDS = ("annotation_id", "nucleus_id", "synapse_id", "target_id")
"""The semantics whose space is an annotation table."""


class Term(NamedTuple):
    """A fact that is found by its exact value."""

    field: Field
    value: str


class Entry(NamedTuple):
    """What one entity is found by.

    Args:
        kind, env: What it is, in which of DataHub's environments.
        terms: Its facts.
        words: The words that people may search for, in lower case, separated by blanks.
    """

    kind: Kind
    env: str
    terms: frozenset[Term]
    words: str


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


class _Facts(NamedTuple):
    """What terms are made from, read from an entity's aspects once. What its kind does not have is empty.

    Args:
        dataset: The name of the Dataset that it is, or is a version of.
        properties: A version's custom properties.
        materializations, references: Their JSON.
        columns: Column path → the JSON of its semantic.
        paths: All columns, with and without a semantic.
        owners, tags: The Dataset's.
        retired: Whether a version is.
    """

    dataset: str = ""
    properties: Mapping[str, str] = {}
    materializations: Sequence[Mapping[str, Any]] = ()
    references: Sequence[Mapping[str, Any]] = ()
    columns: Mapping[str, Mapping[str, Any]] = {}
    paths: Sequence[str] = ()
    owners: Sequence[str] = ()
    tags: Sequence[str] = ()
    retired: bool = False


@dataclass(frozen=True)
class FieldRule:
    """Where the values of a field are.

    Args:
        values: In an entity's facts; empty ones do not count.
        on_server: Whether a server can filter by the structured property of the field's name, which has the very
            same values. Embedded stores index every field.
    """

    values: Callable[[_Facts], Iterable[str | None]]
    on_server: bool = False


def words_of(text: str) -> list[str]:
    """The words of a text: letters and digits, without case and accents. `_` and `.` separate words."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", text) if not unicodedata.combining(each))
    return re.findall(r"[^\W_]+", plain.casefold())


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
        return _version_entry(version.dataset, _env(urn), entity, container)
    if kind == "dataset":
        return _dataset_entry(entity)
    return _materialization_entry(_env(urn), entity) if kind == "materialization" else None


def owning_container(urn: str, entity: Entity) -> str | None:
    """The Dataset's container of a version."""
    version = version_in(urn)
    return container_urn(version.dataset, _env(urn)) if version and _kind(urn, entity) == "version" else None


def id_terms(column: Mapping[str, Any]) -> frozenset[Term]:
    """Which ids a column holds, by each term that columns with such ids are found by. Empty where it does not say.

    Ids of one annotation table are the same, whatever they are called.

    Args:
        column: The JSON of a column's semantic.
    """
    space = _id_space(column)
    if space is None:
        return frozenset()
    by_table = column["semantic"] in _TABLE_IDS
    return frozenset(Term("id", f"{kind} {space}") for kind in (_TABLE_IDS if by_table else (column["semantic"],)))


def _id_space(column: Mapping[str, Any]) -> str | None:
    return next((str(column[name]) for name in _ID_SPACES if name in column), None)


def _kind(urn: str, entity: Entity) -> Kind | None:
    """A version is known by its URN, other entities by their sub type. None if the aspects to read are missing."""
    kind = "version" if version_in(urn) else _kind_by_sub_type(entity)
    return kind if kind and _ASPECTS_TO_READ[kind] <= entity.keys() else None


def _kind_by_sub_type(entity: Entity) -> Kind | None:
    names: list[str] = entity.get("subTypes", {}).get("typeNames", [])
    return next((_KINDS[name] for name in names if name in _KINDS), None)


def _points_at(facts: _Facts) -> Iterator[str]:
    """Versions and datasets it was computed from or joins to, and the source tables its columns point at."""
    return chain(_linked_versions(facts), _join_targets(facts), _source_tables(facts))


def _linked_versions(facts: _Facts) -> Iterator[str]:
    """Each version, and its dataset."""
    pinned: dict[str, str] = json.loads(facts.properties.get("reference_versions", "{}"))
    for name in (*json.loads(facts.properties.get("inputs", "[]")), *pinned.values()):
        yield name
        yield name.partition("@")[0]


def _join_targets(facts: _Facts) -> Iterator[str]:
    for reference in facts.references:
        yield from (reference[name] for name in ("to", "to_table", "crosswalk") if name in reference)


def _source_tables(facts: _Facts) -> Iterator[str]:
    for column in facts.columns.values():
        yield from (column[name] for name in ("source_table", "reference_table") if isinstance(column.get(name), str))


def _annotation_types(facts: _Facts) -> Iterator[str | None]:
    yield from (each.get("annotation_type") for each in (*facts.references, *facts.columns.values()))


def _ids(facts: _Facts) -> Iterator[str]:
    yield from (f"{each['semantic']} {space}" for each in facts.columns.values() if (space := _id_space(each)))


def _states(facts: _Facts) -> Iterator[str]:
    """What it was made against, by every name, and the states that single columns hold."""
    yield from (name for each in facts.materializations for name in _names(each))
    yield from (each["at"] for each in facts.columns.values() if isinstance(each.get("at"), str))


FIELDS: Mapping[Field, FieldRule] = {
    "annotation_type": FieldRule(_annotation_types),
    "column": FieldRule(lambda facts: facts.paths),
    "dataset": FieldRule(lambda facts: _with_those_above(facts.dataset)),
    "digest": FieldRule(lambda facts: (facts.properties.get(name) for name in ("content_digest", "digest"))),
    "embedding_model": FieldRule(lambda facts: (each.get("model") for each in facts.columns.values()), on_server=True),
    "format": FieldRule(lambda facts: [facts.properties.get("format")], on_server=True),
    "id": FieldRule(_ids),
    "materialization": FieldRule(_states),
    "owner": FieldRule(lambda facts: facts.owners),
    "points_at": FieldRule(_points_at),
    "retired": FieldRule(lambda facts: ["yes"] if facts.retired else []),
    "semantic": FieldRule(lambda facts: (each["semantic"] for each in facts.columns.values()), on_server=True),
    "system": FieldRule(lambda facts: (each["system"] for each in facts.materializations)),
    "tag": FieldRule(lambda facts: facts.tags),
}
"""Every field that entities are found by: one row each."""


def _entry(kind: Kind, env: str, facts: _Facts, texts: Iterable[str | None]) -> Entry:
    terms = (Term(field, value) for field, rule in FIELDS.items() for value in rule.values(facts) if value)
    return Entry(kind, env, frozenset(terms), _words(texts))


def _version_entry(name: str, env: str, entity: Entity, container: Entity) -> Entry:
    """A version of the named Dataset."""
    try:
        facts = _version_facts(entity, container)
        return _entry("version", env, facts, _version_texts(facts, container))
    except (AttributeError, KeyError, TypeError, ValueError):
        return _entry("version", env, _Facts(dataset=name), [name])


def _dataset_entry(container: Entity) -> Entry:
    properties = container["containerProperties"]
    facts = _described(container)._replace(dataset=_custom(properties).get("name", ""))
    return _entry("dataset", properties.get("env", "PROD"), facts, _described_texts(container))


def _materialization_entry(env: str, entity: Entity) -> Entry | None:
    known = materialization.materialization_from(entity)
    if known is None:
        return None
    facts = _Facts(materializations=[known.to_json()])
    return _entry("materialization", env, facts, [str(known), *known.aliases, known.source])


def _version_facts(entity: Entity, container: Entity) -> _Facts:
    properties = _custom(entity["datasetProperties"])
    return _described(container)._replace(
        dataset=properties.get("dataset", ""),
        properties=properties,
        materializations=json.loads(properties.get("materializations", "[]")),
        references=json.loads(properties.get("references", "[]")),
        columns=columns_from(entity["schemaMetadata"]),
        paths=[field["fieldPath"] for field in entity["schemaMetadata"]["fields"]],
        retired=retirement_from(entity) is not None,
    )


def _version_texts(facts: _Facts, container: Entity) -> Iterator[str | None]:
    yield from (facts.properties.get(name) for name in ("dataset", "label", "message", "publisher"))
    yield from (name for each in facts.materializations for name in _names(each))
    yield from facts.paths
    yield from (column.get("description") for column in facts.columns.values())
    yield from (each.get("description") for each in facts.references)
    yield from _described_texts(container)


def _described(container: Entity) -> _Facts:
    """What people say of a Dataset, which its versions are found by, too."""
    owned: list[Aspect] = container.get("ownership", {}).get("owners", [])
    tags: list[str] = json.loads(_custom(container.get("containerProperties", {})).get("tags", "[]"))
    return _Facts(owners=[_owner(each["owner"]) for each in owned], tags=tags)


def _described_texts(container: Entity) -> Iterator[str | None]:
    facts = _custom(container.get("containerProperties", {}))
    yield from (facts.get(name) for name in ("name", "title", "description"))
    yield from json.loads(facts.get("tags", "[]"))


def _owner(urn: str) -> str:
    kind, name = urn.removeprefix("urn:li:").split(":", 1)
    return f"team:{name}" if kind == "corpGroup" else decoded(name)


def _names(version: Mapping[str, Any]) -> list[str]:
    return [f"{version['system']}@{version['version']}", *version.get("aliases", ())]


def _with_those_above(name: str) -> Iterator[str]:
    """`a.b.c`, and `a.b.*`, `a.*` for all that is below."""
    yield name
    parts = name.split(".")
    for length in range(1, len(parts)):
        yield ".".join(parts[:length]) + ".*"


def _words(texts: Iterable[str | None]) -> str:
    return " ".join(dict.fromkeys(word for text in texts if text for word in words_of(text)))


def _custom(properties: Aspect) -> dict[str, str]:
    return properties.get("customProperties", {})


def _env(urn: str) -> str:
    return urn.rstrip(")").rpartition(",")[2]

"""The names that one registry knows, read where a name was not found as it was typed: it is understood, or an error."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from typing import cast

from registry_dagster.datahub.search import SEARCH_ASPECTS, Field, Kind, Search, Term
from registry_dagster.datahub.urns import materialization_in, sort_id
from registry_dagster.errors import RegistryError
from registry_dagster.model.accounts import owners_meant
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import is_dataset_name
from registry_dagster.model.vocabulary import ANNOTATION_TYPES
from registry_dagster.registry.clock_warnings import Recorded
from registry_dagster.registry.filters import Question
from registry_dagster.registry.records import Records
from registry_dagster.registry.vocabulary import hint, state_hint, state_meant, systems_in
from registry_dagster.stores.matching import entries

__all__ = ["KnownNames"]

_log = logging.getLogger(__name__)

_PAGE = 200
_MOST_READ = 2000
"""How many of the newest versions are read for the names in them: enough to find the one that is meant."""

_FIELDS: tuple[Field, ...] = ("annotation_type", "owner", "embedding_model", "column", "copy_of")
_WORDS: Mapping[Field, str] = {"copy_of": "copied table"}
"""What the values of a field are called, where its name does not say it."""
_TYPES = {schema: kind for kind, schemas in ANNOTATION_TYPES.items() for schema in (kind, *schemas)}


@dataclass(frozen=True)
class KnownNames:
    """Says of a name what it means in the registry of these records."""

    records: Records

    def states(self, name: str | None = None) -> tuple[MaterializationVersion, ...]:
        """The recorded materialization versions: all, those of a system, or those known as `system@version`."""
        field: Field = "materialization" if name and "@" in name else "system"
        terms = (frozenset([Term(field, name)]),) if name else ()
        urns = self.records.urns(Search("materialization", self.records.env, terms))
        found: list[MaterializationVersion] = []
        while page := list(islice(urns, _PAGE)):
            found += self.records.materializations_at(page)
        return tuple(sorted(found, key=lambda each: (each.source, each.system, sort_id(each.version))))

    def state(self, text: str) -> str:
        """The materialization version or system that a text means, as it is recorded; see `state_meant`.

        Raises:
            NotPublished: nothing recorded is meant; says what is recorded.
        """
        states = self.states()
        meant = state_meant(text, states)
        if meant is None:
            raise self.records.unknown(
                f"{text}: no such materialization version or system is recorded", state_hint(text, states)
            )
        return meant

    def meant(self, question: Question) -> Question:
        """A question that nothing was found for, with its names as they are recorded.

        Raises:
            NotPublished: the registry does not know one of its names.
        """
        named = dict[str, object](question)
        if dataset := question.get("dataset"):
            self._check_datasets(dataset)
        asked = question.get("materialization")
        if isinstance(asked, str):
            named["materialization"] = self.state(asked)
        elif asked is not None and not any(self.states(name) for name in (str(asked), *asked.aliases)):
            self.state(str(asked))
        for field in _FIELDS:
            value = named.get(field)
            if isinstance(value, str):
                named[field] = self._term(field, value)
        return cast("Question", named)

    def anything(self, name: str) -> str:
        """The dataset, materialization version, system or upstream table that a name means.

        Raises:
            NotPublished: the registry knows nothing of that name.
        """
        if is_dataset_name(name) and self.records.is_dataset(name):
            return name
        states = self.states()
        if meant := state_meant(name, states):
            return meant
        tables = self._terms("version", "points_at")
        alike = [each for each in tables if each.casefold() == name.casefold()]
        if len(alike) == 1:
            return alike[0]
        known = {*self.records.dataset_names(), *tables, *systems_in(states), *map(str, states)}
        raise self.records.unknown(
            f"{name}: no such dataset, version, materialization version, system or upstream table is known",
            hint(name, known),
        )

    def recorded(self) -> Recorded:
        """The names of all recorded materialization versions, as a search has them: one request to a server.

        They serve warnings alone. So where they cannot be read, there are none.
        """
        search = Search("materialization", self.records.env, checked=False)
        try:
            found = [named for urn in self.records.urns(search) if (named := materialization_in(urn))]
        except RegistryError as error:
            _log.warning("what is declared is not compared with what is recorded: %s", error)
            return Recorded()
        return Recorded(tuple(map(_named, found)))

    def _check_datasets(self, name: str) -> None:
        """Raise if a dataset, or `name.*`, is not known."""
        if not name.endswith(".*"):
            if not (is_dataset_name(name) and self.records.is_dataset(name)):
                raise self.records.unknown_dataset(name)
            return
        above = {f"{each[:end]}.*" for each in self.records.dataset_names() for end in _dots(each)}
        if name not in above:
            raise self.records.unknown(f"{name}: no such dataset is known", hint(name, above))

    def _term(self, field: Field, value: str) -> str:
        """A value as it is recorded.

        Raises:
            NotPublished: nothing has it.
        """
        kind: Kind = "dataset" if field == "owner" else "version"
        meant_by = owners_meant(value) if field == "owner" else (value,)
        if self._is_used(kind, frozenset(Term(field, each) for each in meant_by)):
            return value
        if field == "annotation_type" and value in ANNOTATION_TYPES:
            return value
        spellings = self._spellings(kind, field)
        if meant := next((spellings[each.casefold()] for each in meant_by if each.casefold() in spellings), None):
            return meant
        what = _WORDS.get(field, field.replace("_", " "))
        raise self.records.unknown(f"{value}: no such {what} is known", hint(value, set(spellings.values())))

    def _is_used(self, kind: Kind, terms: frozenset[Term]) -> bool:
        """Whether anything has one of these terms."""
        return next(self.records.urns(Search(kind, self.records.env, (terms,))), None) is not None

    def _spellings(self, kind: Kind, field: Field) -> dict[str, str]:
        """The values of a field as they may be typed, without case → as they are recorded."""
        known = {each.casefold(): each for each in self._terms(kind, field)}
        if field != "annotation_type":
            return known
        return {**known, **_TYPES, **{each.casefold(): each for each in ANNOTATION_TYPES}}

    def _terms(self, kind: Kind, field: Field) -> set[str]:
        """The values of a field in the newest entities of a kind."""
        return {term.value for entry in self._entries(kind) for term in entry if term.field == field}

    def _entries(self, kind: Kind) -> Iterator[Set[Term]]:
        store = self.records.store
        urns = islice(self.records.urns(Search(kind, self.records.env)), _MOST_READ)
        while page := list(islice(urns, _PAGE)):
            for _, entry in entries(lambda some: store.read(some, SEARCH_ASPECTS), page):
                yield entry.terms


def _dots(name: str) -> list[int]:
    return [position for position, letter in enumerate(name) if letter == "."]


def _named(name: tuple[str, str]) -> MaterializationVersion:
    """A materialization version of which only the source and the name are known."""
    source, (system, _, version) = name[0], name[1].partition("@")
    return MaterializationVersion.model_construct(system=system, version=version, source=source)

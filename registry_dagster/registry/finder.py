"""Finding what is published: a question in words of the field becomes a search in a store, and its answer rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import chain, islice
from typing import TypeVar, cast

from registry_dagster.answers.current import Taken
from registry_dagster.answers.expiry import expires_by
from registry_dagster.answers.relations import names_of
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.search import SEARCH_ASPECTS, Field, Search, Term, words_of
from registry_dagster.datahub.urns import version_in, version_urn
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.accounts import owners_meant
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import is_dataset_name, name_text, parse_version
from registry_dagster.registry.arguments import text_of
from registry_dagster.registry.digests import named_digests
from registry_dagster.registry.filters import Question, checked
from registry_dagster.registry.known_names import KnownNames
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.rows.dependence import ways
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion
from registry_dagster.stores.matching import fitting
from registry_dagster.stores.store import Found

__all__ = ["Finder"]

R = TypeVar("R")

_log = logging.getLogger(__name__)
_PAGE = 100
_RETIRED = Term("retired", "yes")


@dataclass(frozen=True)
class _Expiry:
    """When materialization versions expire, by their names."""

    dates: dict[str, datetime | None]

    def of(self, names: Iterable[str]) -> datetime | None:
        """The first date on which one of these is dropped."""
        return min((date for name in names if (date := self.dates.get(name))), default=None)


class Finder:
    """Finds the entities of one store and environment."""

    def __init__(self, records: Records, resolver: Resolver) -> None:
        self._records = records
        self._resolver = resolver
        self.names = KnownNames(records)

    def versions(self, question: Question) -> Iterator[FoundVersion]:
        """The published versions that a question asks for, newest first, read page by page.

        Raises:
            InvalidDeclaration: no such filter, or a value that a filter does not take.
            NotPublished: the registry does not know a name in the question, or no expiry at all.
        """
        given = checked(question)
        expiry = self._expiring(given.get("expiring_within"))
        return self._found(given, self._search(given, expiry), expiry)

    def datasets(self, text: str | None = None) -> Iterator[FoundDataset]:
        """The datasets, as people describe them now."""
        env = self._records.env
        search = Search("dataset", env, words=_words(text))
        for page in _pages(self._records.urns(search)):
            found = self._records.store.read(page, ["containerProperties"])
            described = [known for urn in page if (known := dataset_from(found.get(urn, {})))]
            versions = self._resolver.versions([each.name for each in described])
            yield from (_dataset_row(each, versions[each.name].current()) for each in described)

    def materializations(self, name: str | None = None) -> tuple[MaterializationVersion, ...]:
        """The recorded materialization versions: all, those of a system, or those known as `system@version`.

        Raises:
            NotPublished: nothing is recorded under that name.
        """
        name = name if name is None else name_text(name)
        found = self.names.states(name)
        return found if found or name is None else self.names.states(self.names.state(name))

    def dependents(self, of: str | MaterializationVersion) -> Iterator[Dependent]:
        """The published versions that were computed from something, join to it, or were made against it.

        Raises:
            NotPublished: the registry knows nothing of that name.
        """
        of = of if isinstance(of, MaterializationVersion) else name_text(of)

        def again() -> Iterator[Dependent]:
            meant = self._meant(of)
            return iter(()) if meant == str(of) else self._dependents(meant)

        return _or_again(self._dependents(of), again)

    def _meant(self, of: str | MaterializationVersion) -> str:
        """What nothing depends on by that name, as it is known here."""
        if isinstance(of, MaterializationVersion):
            return self.names.state(str(of))
        dataset, at, _ = of.partition("@")
        if at and is_dataset_name(dataset) and self._records.is_dataset(dataset):
            return self._resolver.taken(of).version
        return self.names.anything(of)

    def _dependents(self, of: str | MaterializationVersion) -> Iterator[Dependent]:
        names = self._names(of) if "@" in str(of) else [str(of), *self._known_elsewhere(str(of))]
        alternatives = {Term(field, name) for name in names for field in ("points_at", "materialization", "system")}
        search = Search("version", self._records.env, (frozenset(alternatives),))
        for page in _pages(self._records.urns(search)):
            versions = [str(version) for urn in page if (version := version_in(urn))]
            records = self._records.readable(versions)
            retired = self._records.retirements(versions)
            removed = self._records.removed(versions)
            for version in filter(records.__contains__, versions):
                why = str(retired[version]) if version in retired else None
                yield Dependent(version, tuple(ways(records[version], set(names))), why, version in removed)

    def _found(self, question: Question, search: Search, expiry: _Expiry) -> Iterator[FoundVersion]:
        """What is found. If nothing is, the names in the question are looked up, and it is asked as they are meant."""

        def again() -> Iterator[FoundVersion]:
            meant = self.names.meant(question)
            return iter(()) if meant == question else rows(self._search(meant, expiry))

        def rows(search: Search) -> Iterator[FoundVersion]:
            return _rows(self._matching(search, question.get("dataset")), expiry)

        return _or_again(rows(search), again)

    def _search(self, question: Question, expiry: _Expiry) -> Search:
        given = {name: value for name, value in question.items() if name != "text" and value is not False}
        terms = tuple(self._alternatives(name, value, expiry) for name, value in given.items())
        without = frozenset([_RETIRED]) if question.get("retired") is False else frozenset[Term]()
        return Search("version", self._records.env, terms, without, _words(question.get("text")))

    def _alternatives(self, name: str, value: object, expiry: _Expiry) -> frozenset[Term]:
        """The terms of a filter, one of which a version must have."""
        match name:
            case "dataset":
                parse_version(str(value).removesuffix(".*"))
                return frozenset([Term("dataset", str(value))])
            case "materialization":
                return self._made_against(cast("str | MaterializationVersion", value))
            case "expiring_within":
                return frozenset(Term("materialization", known) for known in expiry.dates)
            case "retired":
                return frozenset([_RETIRED])
            case _:
                # With what: the row of that name in datahub/search_fields.py.
                return frozenset(Term(cast("Field", name), text) for text in self._texts(name, str(value)))

    def _texts(self, name: str, value: str) -> Iterable[str]:
        """What a value may be recorded as: as it is written, but for owners and the beginning of a digest."""
        match name:
            case "digest":
                return named_digests(self._records, value).values() or [value]
            case "owner":
                return owners_meant(value)
            case _:
                return [value]

    def _matching(self, search: Search, dataset: str | None) -> Iterator[Found]:
        """The versions of one dataset are enumerated on a server, whose search lags: their numbers have no gaps."""
        store = self._records.store
        if not store.search_lags or dataset is None or dataset.endswith("*"):
            return store.search(search)
        urns = [version_urn(version, self._records.env) for version in reversed(self._records.names(dataset))]
        return fitting(lambda some: store.read(some, SEARCH_ASPECTS), search, urns)

    def _made_against(self, materialization: str | MaterializationVersion) -> frozenset[Term]:
        if isinstance(materialization, str) and "@" not in materialization:
            elsewhere = (Term("materialization", name) for name in self._known_elsewhere(materialization))
            return frozenset([Term("system", materialization), *elsewhere])
        return frozenset(Term("materialization", name) for name in self._names(materialization))

    def _known_elsewhere(self, system: str) -> Iterator[str]:
        """The names of the states of other systems that this system, too, has a name for by now."""
        for known in self.names.states(system):
            if known.system != system:
                yield from names_of(known)

    def _names(self, materialization: str | MaterializationVersion) -> list[str]:
        """All names of a materialization version that are known by now."""
        names = [str(materialization)]
        if isinstance(materialization, MaterializationVersion):
            names += materialization.aliases
        recorded = [known for name in names for known in self.names.states(name)]
        return list(dict.fromkeys([*names, *(name for known in recorded for name in names_of(known))]))

    def _expiring(self, days: float | None) -> _Expiry:
        """Materialization versions that have expired, or will within so many days."""
        if days is None:
            return _Expiry({})
        until = _days_ahead(days)
        recorded = self.names.states()
        if not any(known.status == "expired" or known.expires_on is not None for known in recorded):
            raise self._records.unknown(
                "no expiry is recorded of any materialization version",
                "; record it with feature-registry materializations import.",
            )
        dates: dict[str, datetime | None] = {}
        for known in recorded:
            if expires_by(known, until):
                dates |= dict.fromkeys(names_of(known), known.expires_on)
        return _Expiry(dates)


def _words(text: str | None) -> tuple[str, ...]:
    if text is None:
        return ()
    words = tuple(dict.fromkeys(words_of(text_of(text, "what to look for", "nucleus volume"))))
    if not words:
        raise InvalidDeclaration(f"{text!r} has no word to look for; write letters or digits")
    return words


def _rows(found: Iterable[Found], expiry: _Expiry) -> Iterator[FoundVersion]:
    for each in found:
        listed = each.listed
        if listed is None:
            _log.warning("%s is left out: its datasetProperties were changed after publishing", version_in(each.urn))
        else:
            yield FoundVersion(**listed._asdict(), expires_on=expiry.of(listed.materializations))


def _dataset_row(dataset: Dataset, taken: Taken | None) -> FoundDataset:
    return FoundDataset(
        name=dataset.name,
        newest=taken.version if taken else None,
        title=dataset.title,
        owners=tuple(dataset.owners),
        tags=tuple(dataset.tags),
        description=dataset.description,
        passed_over=taken.passed_over if taken else (),
    )


def _days_ahead(days: float) -> datetime:
    try:
        return datetime.now(timezone.utc) + timedelta(days=days)
    except (OverflowError, TypeError, ValueError):
        raise InvalidDeclaration(f"{days!r} is not a number of days to look ahead; write e.g. 60") from None


def _or_again(found: Iterator[R], again: Callable[[], Iterator[R]]) -> Iterator[R]:
    """What is found; if nothing is, what is found on asking again."""
    first = list(islice(found, 1))
    yield from chain(first, found) if first else again()


def _pages(urns: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(urns, _PAGE)):
        yield page

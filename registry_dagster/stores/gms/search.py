"""Searching a server. Its index lags behind the primary store, which decides on each candidate.

Servers differ in what their search takes, and refuse a query with a field they do not know. So a server is asked once
for the fields it has. One that does not sort is sorted after reading.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple, cast

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.search import SEARCH_ASPECTS, Field, Kind, Search, Term
from registry_dagster.datahub.search_fields import FIELDS
from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.errors import RegistryUnavailable, StoreRefused
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.stores.matching import fitting_pages
from registry_dagster.stores.store import Found

__all__ = ["ServerSearch"]

RunQuery = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""Runs a query with these variables and returns its `data`."""

Read = Callable[[Collection[str], Collection[str]], dict[str, Entity]]
"""Reads the named aspects of entities from the primary store."""

_FIELDS = """
query searchFields {
  input: __type(name: "ScrollAcrossEntitiesInput") { inputFields { name } }
  flags: __type(name: "SearchFlags") { inputFields { name } }
}
"""
_QUERY = """
query search($input: ScrollAcrossEntitiesInput!) {
  scrollAcrossEntities(input: $input) { nextScrollId searchResults { entity { urn } } }
}
"""
_PAGE = 200
_TYPES: Mapping[Kind, str] = {"version": "DATASET", "dataset": "CONTAINER", "materialization": "DATASET"}
_SUB_TYPES: Mapping[Kind, str] = {"dataset": dataset.SUB_TYPE, "materialization": materialization.SUB_TYPE}
_NEWEST_FIRST = {"sortCriteria": [{"field": "createdAt", "sortOrder": "DESCENDING"}]}


class _Fields(NamedTuple):
    """The fields of a search that a server knows."""

    input: Set[str]
    flags: Set[str]

    @property
    def sorts(self) -> bool:
        return "sortInput" in self.input


_OF_EVERY_RELEASE = _Fields(
    frozenset(["types", "query", "count", "orFilters", "searchFlags", "scrollId"]),
    frozenset(["filterNonLatestVersions", "includeSoftDeleted", "skipAggregates", "skipHighlighting"]),
)
"""What DataHub has had since 1.0."""


class ServerSearch:
    """Searches one server.

    Args:
        run: Runs a GraphQL query on the server.
        read: Reads its primary store.
    """

    def __init__(self, run: RunQuery, read: Read) -> None:
        self._run = run
        self._read = read
        self._asked: _Fields | None = None

    def __call__(self, search: Search) -> Iterator[Found]:
        """The entities that match, newest first; each was checked in the primary store, unless that is not asked."""
        created: dict[str, int] = {}

        def read(urns: Sequence[str]) -> dict[str, Entity]:
            entities = self._read(urns, SEARCH_ASPECTS)
            created.update({urn: _created(entity) for urn, entity in entities.items()})
            return entities

        pages = _unseen(self._candidates(search))
        if not search.checked:
            return (Found(urn) for page in pages for urn in page)
        found = fitting_pages(read, search, filter(None, pages))
        return found if self._fields.sorts else iter(sorted(found, key=lambda each: -created[each.urn]))

    @property
    def _fields(self) -> _Fields:
        if self._asked is None:
            self._asked = self._ask()
        return self._asked

    def _ask(self) -> _Fields:
        """What the server says of itself. Some answer no such question: then what all releases have is sent."""
        try:
            said = self._run(_FIELDS, {})
        except (RegistryUnavailable, StoreRefused):
            return _OF_EVERY_RELEASE
        return _Fields(_names(said, "input"), _names(said, "flags"))

    def _candidates(self, search: Search) -> Iterator[list[str]]:
        """Pages of URNs: everything that may match, and more."""
        yield from self._pages(search, list(_filters(search)), search.words)
        # A version also matches by the title and description of its Dataset, which is another entity to the server.
        # The words may be spread over both, so each is searched by itself; the primary store then sorts out what does
        # not fit.
        if search.kind == "version":
            for word in search.words:
                for containers in self._candidates(Search("dataset", search.env, words=(word,))):
                    if containers:
                        yield from self._pages(search, [*_filters(search), _equal("container", containers)], ())

    def _pages(self, search: Search, filters: Sequence[Mapping[str, Any]], words: Sequence[str]) -> Iterator[list[str]]:
        # Scrolled, not paged by position: results may be many, and the index changes meanwhile.
        wanted = _input(search.kind, filters, words, self._fields)
        scroll: str | None = None
        while True:
            found = self._run(_QUERY, {"input": {**wanted, **({"scrollId": scroll} if scroll else {})}})
            page = _part(found, "scrollAcrossEntities")
            urns = _urns_on(page)
            yield urns
            scroll = page.get("nextScrollId")
            if scroll is None or not urns:
                return


def _unseen(pages: Iterable[list[str]]) -> Iterator[list[str]]:
    seen: set[str] = set()
    for page in pages:
        unseen = [urn for urn in page if urn not in seen]
        seen.update(unseen)
        yield unseen


def _created(entity: Entity) -> int:
    """When it was published or described, in ms."""
    properties = entity.get("datasetProperties") or entity.get("containerProperties") or {}
    return int(_part(properties, "created").get("time", 0))


def _names(said: Mapping[str, Any], type_: str) -> frozenset[str]:
    """The fields of a type; those of every release if the server does not say."""
    fields = cast("Sequence[Mapping[str, Any]]", _part(said, type_).get("inputFields") or ())
    known = frozenset(str(each["name"]) for each in fields)
    return known or getattr(_OF_EVERY_RELEASE, type_)


def _part(whole: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = whole.get(name)
    return part if is_json_object(part) else {}


def _urns_on(page: Mapping[str, Any]) -> list[str]:
    results = cast("list[Mapping[str, Any]]", page.get("searchResults") or [])
    return [str(result["entity"]["urn"]) for result in results]


def _input(kind: Kind, filters: Sequence[Mapping[str, Any]], words: Sequence[str], fields: _Fields) -> dict[str, Any]:
    # By default a search shows the latest version of each set alone, and nothing that was removed.
    shown = {"filterNonLatestVersions": False, "includeSoftDeleted": True}
    flags = {**shown, "skipAggregates": True, "skipHighlighting": True}
    wanted = {
        "types": [_TYPES[kind]],
        "query": _query(words),
        "count": _PAGE,
        "orFilters": [{"and": list(filters)}],
        "sortInput": _NEWEST_FIRST,
        "searchFlags": {name: value for name, value in flags.items() if name in fields.flags},
    }
    return {name: value for name, value in wanted.items() if name in fields.input}


def _query(words: Sequence[str]) -> str:
    """The words as a server takes them: whole, reduced to its stem by the server, or as the beginning of a word."""
    return " ".join(f"({word}|{word}*)" for word in words) or "*"


def _filters(search: Search) -> Iterator[dict[str, Any]]:
    if search.kind != "dataset":
        yield _equal("origin", [search.env])
    if search.kind == "version":
        yield _equal("platform", [platform_urn(PLATFORM)])
    else:
        yield _equal("typeNames", [_SUB_TYPES[search.kind]])
    yield from _term_filters(search.terms)


def _term_filters(terms: Iterable[Collection[Term]]) -> Iterator[dict[str, Any]]:
    for alternatives in terms:
        if (field := _field_on_server(alternatives)) is not None:
            values = sorted(term.value for term in alternatives)
            yield _equal(f"structuredProperties.featureRegistry.{field}", values)


def _field_on_server(alternatives: Collection[Term]) -> Field | None:
    """The field by which a server can filter. Terms of several fields are alternatives that no one filter expresses."""
    fields: set[Field] = {term.field for term in alternatives}
    return next((field for field in fields if len(fields) == 1 and FIELDS[field].on_server), None)


def _equal(field: str, values: list[str]) -> dict[str, Any]:
    return {"field": field, "values": values, "condition": "EQUAL"}

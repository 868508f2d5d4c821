"""Candidates from a server's search. It lags behind the primary store, which decides on each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.search import FIELDS, Field, Kind, Search, Term
from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.model.canonical_json import is_json_object

__all__ = ["QUERY", "candidates"]

RunQuery = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Runs the query with these variables and returns its `data`."""

QUERY = """
query search($input: ScrollAcrossEntitiesInput!) {
  scrollAcrossEntities(input: $input) { nextScrollId searchResults { entity { urn } } }
}
"""
_PAGE = 200
_TYPES: Mapping[Kind, str] = {"version": "DATASET", "dataset": "CONTAINER", "materialization": "DATASET"}
_SUB_TYPES: Mapping[Kind, str] = {"dataset": dataset.SUB_TYPE, "materialization": materialization.SUB_TYPE}


def candidates(run: RunQuery, search: Search) -> Iterator[list[str]]:
    """Pages of URNs: everything that may match, and more. Newest first, as far as the server sorts."""
    yield from _pages(run, search, list(_filters(search)), search.words)
    # A version also matches by the title and description of its Dataset, which is another entity to the server. The
    # words may be spread over both, so each is searched by itself; the primary store then sorts out what does not fit.
    if search.kind == "version":
        for word in search.words:
            for containers in candidates(run, Search("dataset", search.env, words=(word,))):
                if containers:
                    yield from _pages(run, search, [*_filters(search), _equal("container", containers)], ())


def _pages(
    run: RunQuery, search: Search, filters: Sequence[Mapping[str, Any]], words: Sequence[str]
) -> Iterator[list[str]]:
    # Scrolled, not paged by position: results may be many, and the index changes meanwhile.
    scroll: str | None = None
    while True:
        found = run({"input": _input(search.kind, filters, words, scroll)}).get("scrollAcrossEntities")
        page: dict[str, Any] = found if is_json_object(found) else {}
        urns = _urns_on(page)
        yield urns
        scroll = page.get("nextScrollId")
        if scroll is None or not urns:
            return


def _urns_on(page: Mapping[str, Any]) -> list[str]:
    results = cast("list[Mapping[str, Any]]", page.get("searchResults") or [])
    return [str(result["entity"]["urn"]) for result in results]


def _input(
    kind: Kind, filters: Sequence[Mapping[str, Any]], words: Sequence[str], scroll: str | None
) -> dict[str, Any]:
    return {
        "types": [_TYPES[kind]],
        "query": " ".join(words) or "*",
        "count": _PAGE,
        "orFilters": [{"and": list(filters)}],
        "sortInput": {"sortCriteria": [{"field": "createdAt", "sortOrder": "DESCENDING"}]},
        # By default a search shows the latest version of each set alone.
        "searchFlags": {"filterNonLatestVersions": False, "skipAggregates": True, "skipHighlighting": True},
        **({"scrollId": scroll} if scroll else {}),
    }


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

"""Candidates from a server's search. It lags behind the primary store, which has the last word on each."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any, cast

from registry_dagster.datahub import dataset, materialization
from registry_dagster.datahub.search import FIELDS, Field, Kind, Search, Term
from registry_dagster.datahub.urns import PLATFORM, platform_urn
from registry_dagster.model.canonical_json import is_json_object

__all__ = ["QUERY", "candidates"]

RunQuery = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Variables of the query → its `data`."""

QUERY = """
query search($input: ScrollAcrossEntitiesInput!) {
  scrollAcrossEntities(input: $input) { nextScrollId searchResults { entity { urn } } }
}
"""
_PAGE = 200
_TYPES: Mapping[Kind, str] = {"version": "DATASET", "dataset": "CONTAINER", "materialization": "DATASET"}
_SUB_TYPES: Mapping[Kind, str] = {"dataset": dataset.SUB_TYPE, "materialization": materialization.SUB_TYPE}


def candidates(run: RunQuery, search: Search) -> Iterator[list[str]]:
    """URNs by the page: what may be looked for, and more. The newest first, as far as the server sorts.

    Words are looked for in versions, and each in the title and description of their Dataset, an entity of its own.
    """
    yield from _pages(run, search, list(_filters(search)), search.words)
    if search.kind == "version" and search.words:
        for word in search.words:
            for containers in candidates(run, Search("dataset", search.env, words=(word,))):
                if containers:
                    yield from _pages(run, search, [*_filters(search), _equal("container", containers)], ())


def _pages(
    run: RunQuery, search: Search, filters: Sequence[Mapping[str, Any]], words: Sequence[str]
) -> Iterator[list[str]]:
    scroll: str | None = None
    while True:
        found = run({"input": _input(search.kind, filters, words, scroll)}).get("scrollAcrossEntities")
        page: dict[str, Any] = found if is_json_object(found) else {}
        results = cast("list[Mapping[str, Any]]", page.get("searchResults") or [])
        yield [str(result["entity"]["urn"]) for result in results]
        scroll = page.get("nextScrollId")
        if scroll is None or not results:
            return


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
    for alternatives in search.terms:
        fields: set[Field] = {term.field for term in alternatives}
        # Terms of several fields are alternatives, which one filter of a server cannot express.
        if len(fields) == 1 and FIELDS[field := fields.pop()].on_server:
            yield _equal(f"structuredProperties.featureRegistry.{field}", _values(alternatives))


def _values(terms: Collection[Term]) -> list[str]:
    return sorted(term.value for term in terms)


def _equal(field: str, values: list[str]) -> dict[str, Any]:
    return {"field": field, "values": values, "condition": "EQUAL"}

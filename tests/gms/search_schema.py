"""The input types of a server's search, by release: GraphQL refuses a query with a field that they do not have.

Read from `search.graphql` of several commits, not run. That `sortInput` came with 1.2 is not certain; 1.0 and 1.1 do
not have it. `includeSoftDeleted` is in the mapper of some release between 0.11 and 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["described", "unknown_fields"]

_Fields = Mapping[str, tuple[int, int]]
_ALWAYS = (0, 0)

_SCROLL: _Fields = {
    **dict.fromkeys(["types", "query", "scrollId", "keepAlive", "count", "orFilters", "viewUrn"], _ALWAYS),
    "searchFlags": _ALWAYS,
    "sortInput": (1, 2),
}
_FLAGS: _Fields = {
    **dict.fromkeys(["skipCache", "maxAggValues", "fulltext", "skipHighlighting", "skipAggregates"], _ALWAYS),
    **dict.fromkeys(["getSuggestions", "groupingSpec", "includeSoftDeleted", "includeRestricted"], _ALWAYS),
    "filterNonLatestVersions": (1, 0),
}
_TYPES: Mapping[str, _Fields] = {"ScrollAcrossEntitiesInput": _SCROLL, "SearchFlags": _FLAGS}


def described(query: str, version: str) -> dict[str, Any]:
    """The answer to a query for `__type`s, each under the name that the query gives it."""
    asked: list[tuple[str, str]] = re.findall(r'(\w+)\s*:\s*__type\(\s*name:\s*"(\w+)"\s*\)', query)
    return {"data": {alias: _described(name, version) for alias, name in asked}}


def unknown_fields(wanted: Mapping[str, Any], version: str) -> Iterator[str]:
    """What GraphQL says of each field of a `ScrollAcrossEntitiesInput` that this release does not have."""
    for name, value in (("ScrollAcrossEntitiesInput", wanted), ("SearchFlags", wanted.get("searchFlags") or {})):
        for field in sorted(value.keys() - _fields(name, version)):
            yield f"The variables input contains a field name '{field}' that is not defined for input type '{name}'"


def _described(name: str, version: str) -> dict[str, Any] | None:
    if name not in _TYPES:
        return None
    return {"inputFields": [{"name": field} for field in sorted(_fields(name, version))]}


def _fields(name: str, version: str) -> set[str]:
    found = re.match(r"v?(\d+)\.(\d+)", version)
    release = (int(found[1]), int(found[2])) if found else (99, 0)
    return {field for field, first in _TYPES[name].items() if release >= first}

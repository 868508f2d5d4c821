"""The little of a server's GraphQL that a test needs: search over an index that lags, and who and what it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.gms.search_schema import described, unknown_fields
from tests.gms.state import Database, Value, key_of
from tests.gms.words import matches

__all__ = ["graphql"]

_SEARCHES = ("searchAcrossEntities", "scrollAcrossEntities")
_QUERIES = (*_SEARCHES, "getGrantedPrivileges", "me", "appConfig")
_TYPE_NAMES = {"DATASET": "dataset", "CONTAINER": "container", "DATA_FLOW": "dataflow", "DATA_JOB": "datajob"}


def graphql(database: Database, query: str, variables: Mapping[str, Any], version: str) -> dict[str, Any]:
    """Answer a query: `{data}`, or `{errors}` for what is not understood.

    The search's arguments are taken from the variables, either as one `input` or each by its own name.
    """
    if "__type" in query:
        return described(query, version)
    name = next((each for each in _QUERIES if re.search(rf"\b{each}\b", query)), None)
    if name == "me":
        return {"data": {"me": {"corpUser": {"urn": "urn:li:corpuser:datahub", "username": "datahub"}}}}
    if name == "getGrantedPrivileges":
        return {"data": {name: {"privileges": ["CREATE_ENTITY", "VIEW_ENTITY_PAGE"]}}}
    if name == "appConfig":
        return {"data": {"appConfig": {"appVersion": version}}}
    if name is None:
        return {"errors": [{"message": "Validation error: the stand-in knows no such query", "extensions": {}}]}
    wanted: Mapping[str, Any] = variables.get("input") or variables
    if refused := [*_refused(variables, version)] if name == "scrollAcrossEntities" else []:
        return {"errors": refused}
    flags: Mapping[str, Any] = wanted.get("searchFlags") or {}
    all_versions = flags.get("filterNonLatestVersions") is False or "filterNonLatestVersions:false" in re.sub(
        r"\s", "", query
    )
    found = _sorted(database, list(_found(database, wanted, all_versions)), wanted.get("sortInput") or {})
    start = int(wanted.get("scrollId" if name == "scrollAcrossEntities" else "start") or 0)
    page = found[start : start + int(wanted.get("count") or wanted.get("batchSize") or 10)]
    more = start + len(page) < len(found)
    results: list[dict[str, Any]] = [{"entity": {"urn": urn}, "extraProperties": []} for urn in page]
    total: dict[str, Any] = {"count": len(page), "total": len(found), "searchResults": results}
    if name == "scrollAcrossEntities":
        return {"data": {name: {**total, "nextScrollId": str(start + len(page)) if more else None}}}
    return {"data": {name: {**total, "start": start}}}


def _refused(variables: Mapping[str, Any], version: str) -> Iterator[dict[str, Any]]:
    for problem in unknown_fields(variables.get("input") or {}, version):
        yield {"message": problem, "extensions": {"classification": "ValidationError"}}


def _sorted(database: Database, urns: list[str], order: Mapping[str, Any]) -> list[str]:
    """By when an entity was made, the one order that is asked for here."""
    criteria: Sequence[Mapping[str, Any]] = order.get("sortCriteria") or [{}]
    if criteria[0].get("field") != "createdAt":
        return urns

    def created(urn: str) -> int:
        return database.index[urn].get("datasetProperties", {}).get("created", {}).get("time", 0)

    return sorted(urns, key=created, reverse=criteria[0].get("sortOrder") == "DESCENDING")


def _found(database: Database, wanted: Mapping[str, Any], all_versions: bool) -> Iterator[str]:
    words = str(wanted.get("query") or "*")
    flags: Mapping[str, Any] = wanted.get("searchFlags") or {}
    types = {_TYPE_NAMES.get(each, each.replace("_", "").lower()) for each in wanted.get("types") or ()}
    filters: Sequence[Mapping[str, Any]] = wanted.get("orFilters") or ()
    for urn, aspects in sorted(database.index.items()):
        if types and urn.split(":", 3)[2].lower() not in types:
            continue
        if not all_versions and aspects.get("versionProperties", {}).get("isLatest") is False:
            continue
        if _is_removed(aspects) and not (flags.get("includeSoftDeleted") or _asks_for_removed(filters)):
            continue
        if filters and not any(all(_fits(urn, aspects, rule) for rule in each["and"]) for each in filters):
            continue
        if words == "*" or matches(words, urn, aspects):
            yield urn


def _is_removed(aspects: Mapping[str, Value]) -> bool:
    return aspects.get("status", {}).get("removed") is True


def _asks_for_removed(filters: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a filter says itself which are wanted, removed or not."""
    return any(str(rule["field"]).removesuffix(".keyword") == "removed" for each in filters for rule in each["and"])


def _fits(urn: str, aspects: Mapping[str, Value], rule: Mapping[str, Any]) -> bool:
    values = {str(value) for value in rule.get("values") or ()}
    return bool(values & _field(urn, aspects, str(rule["field"]))) != bool(rule.get("negated"))


def _field(urn: str, aspects: Mapping[str, Value], field: str) -> set[str]:
    """What an entity has in a field that can be filtered by; nothing in those that the stand-in does not know."""
    name = field.removesuffix(".keyword")
    if name.startswith("structuredProperties."):
        urns = f"urn:li:structuredProperty:{name.removeprefix('structuredProperties.')}"
        properties = aspects.get("structuredProperties", {}).get("properties", ())
        values = [value for each in properties if each["propertyUrn"] == urns for value in each["values"]]
        return {str(next(iter(value.values()))) for value in values}
    known: dict[str, Any] = {
        "urn": urn,
        "removed": str(aspects.get("status", {}).get("removed", False)).lower(),
        "platform": key_of(urn).get("platform"),
        "origin": key_of(urn).get("origin"),
        "versionSet": aspects.get("versionProperties", {}).get("versionSet"),
        "container": aspects.get("container", {}).get("container"),
    }
    if name == "typeNames":
        return set(aspects.get("subTypes", {}).get("typeNames", ()))
    return {str(known[name])} if known.get(name) else set()

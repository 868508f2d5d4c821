"""The body of a request that registers a table in CAVE's catalogue. The service is not released, so it may change.

The mapping is in `sources/cave_catalog/`, where drafts of declarations are made from such requests, too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from registry_dagster.model.names import split_path
from registry_dagster.outward.export.subject import Subject
from registry_dagster.sources.cave_catalog.request import Maturity, request_json
from registry_dagster.sources.cave_catalog.version import request_of

__all__ = ["cave_catalog", "left_to_cave"]


def cave_catalog(subject: Subject) -> dict[str, Any]:
    """The body of the request."""
    request = request_of(subject.record, maturity=_maturity(subject), location=subject.location, layout=subject.layout)
    return request_json(request)


def left_to_cave(subject: Subject) -> Iterator[str]:
    """What the registry does not know, and whoever registers the table must add."""
    yield f"{subject.record.name}: add is_managed, and access_group if the table has one; the registry knows neither"
    yield from (f"{each}: add expires_at if the table goes with it" for each in subject.expiries if each.known)
    nested = [path for path in subject.record.columns if len(split_path(path)) > 1]
    if nested:
        yield f"left out: {', '.join(nested)}; CAVE's catalogue has no place for fields of a struct"
    for each in subject.record.references:
        if each.to_table and len(each.columns) > 1:
            yield f"left out: the join to {each.to_table} by {', '.join(each.columns)}; a link there joins one column"


def _maturity(subject: Subject) -> Maturity:
    if subject.retired:
        return "deprecated"
    return "draft" if subject.draft else "stable"

"""Proposals as a server takes them, and as many in a request as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import entity_type

__all__ = ["MOST_BYTES", "MOST_PROPOSALS", "batch", "commit_pages", "pages", "size_of", "wire_form"]

MOST_PROPOSALS = 200
"""Proposals in one request. A server may split larger batches, which are then not one transaction."""

MOST_BYTES = 15 * 1024 * 1024
"""Size of one request's body, in bytes."""

_ABSENT = {"If-Version-Match": "-1"}
_SEARCHABLE_AT_ONCE = {"X-DataHub-Sync-Index-Update": "true"}


def wire_form(proposal: Proposal, create: bool) -> dict[str, Any]:
    """A proposal as Rest.li takes it.

    Args:
        proposal: One aspect.
        create: Whether the aspect must be absent, unless the proposal itself replaces it.
    """
    create = create and not proposal.replaces
    return {
        "entityType": entity_type(proposal.urn),
        "entityUrn": proposal.urn,
        "changeType": "CREATE" if create else "UPSERT",
        "aspectName": proposal.aspect,
        "aspect": {"value": json.dumps(proposal.value), "contentType": "application/json"},
        # CREATE and this header both say "only if absent". Every aspect has them, since a server drops the key aspect,
        # and with it what would guard the entity.
        # Never If-None-Match: it drops a conflicting aspect and reports success.
        "headers": {**_SEARCHABLE_AT_ONCE, **(_ABSENT if create else {})},
    }


def batch(commits: Iterable[Sequence[dict[str, Any]]]) -> dict[str, Any]:
    """The body of one request. Synchronous, since a server drops what fails asynchronously without a word."""
    return {"proposals": [wire for commit in commits for wire in commit], "async": "false"}


def size_of(wires: Sequence[dict[str, Any]]) -> int:
    """Bytes that proposals take in a request."""
    return len(json.dumps(wires).encode())


def pages(groups: Iterable[Sequence[dict[str, Any]]]) -> Iterator[list[Sequence[dict[str, Any]]]]:
    """The groups, as many in each request as fit."""
    page: list[Sequence[dict[str, Any]]] = []
    count = size = 0
    for group in groups:
        bytes_ = size_of(group)
        if page and (count + len(group) > MOST_PROPOSALS or size + bytes_ > MOST_BYTES):
            yield page
            page, count, size = [], 0, 0
        page.append(group)
        count, size = count + len(group), size + bytes_
    if page:
        yield page


def commit_pages(commits: Sequence[Sequence[Proposal]]) -> Iterator[list[Sequence[Proposal]]]:
    """The commits, as many in each request as fit.

    Never two of one version set, since a server would mark both as the latest; never two of one entity, since it
    would accept both.
    """
    page: list[Sequence[Proposal]] = []
    taken: set[str] = set()
    count = size = 0
    for commit in commits:
        own = {each.urn for each in commit}
        own |= {str(each.value["versionSet"]) for each in commit if each.aspect == "versionProperties"}
        bytes_ = sum(size_of([wire_form(each, create=True)]) for each in commit)
        if page and (own & taken or count + len(commit) > MOST_PROPOSALS or size + bytes_ > MOST_BYTES):
            yield page
            page, taken, count, size = [], set[str](), 0, 0
        page.append(commit)
        taken |= own
        count, size = count + len(commit), size + bytes_
    if page:
        yield page

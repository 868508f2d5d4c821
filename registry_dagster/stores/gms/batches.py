"""Proposals as a server takes them, and as many in a request as it takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import entity_type

__all__ = ["MOST_BYTES", "MOST_PROPOSALS", "batch", "commit_pages", "pages", "pages_of", "size_of", "wire_form"]

T = TypeVar("T")

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
        # CREATE asks for the right to edit, even of an entity that is not there.
        "changeType": ("CREATE" if proposal.added else "CREATE_ENTITY") if create else "UPSERT",
        "aspectName": proposal.aspect,
        "aspect": {"value": proposal.text, "contentType": "application/json"},
        # This header says "only if absent", too. Every aspect has it, since a server drops the key aspect, and with
        # it what would guard the entity.
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
    return _packed(_Group(group, size_of(group)) for group in groups)


def commit_pages(commits: Sequence[Sequence[Proposal]]) -> Iterator[list[Sequence[Proposal]]]:
    """The commits, as many in each request as fit.

    Never two of one version set, since a server would mark both as the latest; never two of one entity, since it
    would accept both.
    """
    return _packed(_Group(commit, _bytes_of(commit), _entities_in(commit)) for commit in commits)


def pages_of(proposals: Sequence[Proposal]) -> Iterator[list[Sequence[Proposal]]]:
    """Proposals that need not be written together, as many in each request as fit."""
    return _packed(_Group([each], _bytes_of([each])) for each in proposals)


def _bytes_of(commit: Sequence[Proposal]) -> int:
    return sum(size_of([wire_form(each, create=True)]) for each in commit)


def _entities_in(commit: Sequence[Proposal]) -> set[str]:
    """The entities that a commit writes, and the version sets of those that become members."""
    members = [each for each in commit if each.aspect == "versionProperties"]
    return {each.urn for each in commit} | {str(each.value["versionSet"]) for each in members}


@dataclass(frozen=True)
class _Group(Generic[T]):
    """What must go in one request.

    Args:
        content: Proposals.
        bytes: Their size.
        entities: What no other group in the request may have.
    """

    content: Sequence[T]
    bytes: int
    entities: Set[str] = frozenset()


def _packed(groups: Iterable[_Group[T]]) -> Iterator[list[Sequence[T]]]:
    page = _Page[T]()
    for group in groups:
        if page.contents and not page.has_room_for(group):
            yield page.contents
            page = _Page[T]()
        page.add(group)
    if page.contents:
        yield page.contents


@dataclass
class _Page(Generic[T]):
    """What one request has so far."""

    contents: list[Sequence[T]] = field(default_factory=list[Sequence[T]])
    proposals: int = 0
    bytes: int = 0
    entities: set[str] = field(default_factory=set[str])

    def has_room_for(self, group: _Group[T]) -> bool:
        return (
            self.proposals + len(group.content) <= MOST_PROPOSALS
            and self.bytes + group.bytes <= MOST_BYTES
            and self.entities.isdisjoint(group.entities)
        )

    def add(self, group: _Group[T]) -> None:
        self.contents.append(group.content)
        self.proposals += len(group.content)
        self.bytes += group.bytes
        self.entities |= group.entities

"""Which entities match a search, in whatever store they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.search import Entry, Search, entry_of, owning_container
from registry_dagster.stores.store import Found

__all__ = ["Reader", "entries", "fitting"]

Reader = Callable[[Sequence[str]], dict[str, Entity]]
"""Reads the current aspects of entities, at least those that entries are made from."""

_PAGE = 200


def entries(read: Reader, urns: Sequence[str]) -> Iterator[tuple[str, Entry]]:
    """What entities are found by, in the given order, without those that are not searched for."""
    entities = read(urns)
    containers = _containers(read, entities)
    for urn in filter(entities.__contains__, urns):
        entry = entry_of(urn, entities[urn], containers.get(urn, {}))
        if entry is not None:
            yield urn, entry


def _containers(read: Reader, entities: Mapping[str, Entity]) -> dict[str, Entity]:
    """The container of each entity that is also found by its container's words."""
    owners = {urn: owner for urn, entity in entities.items() if (owner := owning_container(urn, entity))}
    found = read(list(dict.fromkeys(owners.values()))) if owners else {}
    return {urn: found.get(owner, {}) for urn, owner in owners.items()}


def fitting(read: Reader, search: Search, urns: Sequence[str]) -> Iterator[Found]:
    """The entities that match the search, in the given order."""
    for start in range(0, len(urns), _PAGE):
        for urn, entry in entries(read, urns[start : start + _PAGE]):
            if search.finds(entry):
                yield Found(urn, entry.shown)

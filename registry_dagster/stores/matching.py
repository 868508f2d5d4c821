"""Which entities match a search, in whatever store they are."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.search import Entry, Search, entry_of, owning_container
from registry_dagster.model.batches import batches
from registry_dagster.stores.store import Found

__all__ = ["Reader", "entries", "fitting", "fitting_pages"]

Reader = Callable[[Sequence[str]], dict[str, Entity]]
"""Reads the current aspects of entities, at least those that entries are made from."""

_PAGE = 200


def entries(read: Reader, urns: Sequence[str]) -> Iterator[tuple[str, Entry]]:
    """What entities are found by, in the given order, without those that are not searched for."""
    entities = read(urns)
    return _entries(urns, entities, _containers(read, entities, {}))


def _entries(
    urns: Sequence[str], entities: Mapping[str, Entity], containers: Mapping[str, Entity]
) -> Iterator[tuple[str, Entry]]:
    for urn in filter(entities.__contains__, urns):
        owner = owning_container(urn, entities[urn])
        entry = entry_of(urn, entities[urn], containers.get(owner, {}) if owner else {})
        if entry is not None:
            yield urn, entry


def _containers(read: Reader, entities: Mapping[str, Entity], known: Mapping[str, Entity]) -> dict[str, Entity]:
    """The containers of entities that are also found by their container's words; only those not known are read."""
    owners = dict.fromkeys(owner for urn, entity in entities.items() if (owner := owning_container(urn, entity)))
    unread = [owner for owner in owners if owner not in known]
    found = read(unread) if unread else {}
    return {owner: known[owner] if owner in known else found.get(owner, {}) for owner in owners}


def fitting(read: Reader, search: Search, urns: Sequence[str]) -> Iterator[Found]:
    """The entities that match the search, in the given order."""
    return fitting_pages(read, search, batches(urns, _PAGE))


def fitting_pages(read: Reader, search: Search, pages: Iterable[Sequence[str]]) -> Iterator[Found]:
    """The same of pages. A container that the page before has, too, is not read again."""
    containers: Mapping[str, Entity] = {}
    for page in pages:
        entities = read(page)
        containers = _containers(read, entities, containers)
        for urn, entry in _entries(page, entities, containers):
            if search.finds(entry):
                yield Found(urn, entry.shown)

"""A store as one answer sees it: what is read for the answer is read once, so all of it is of one moment."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import Search
from registry_dagster.stores.store import Found, Refusal, Store, Swap

__all__ = ["ReadOnce"]


class ReadOnce:
    """Reads through to a store, and gives again what it has read. Keep it no longer than one answer takes.

    Args:
        store: The store that is asked.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._read: dict[str, tuple[frozenset[str], Entity]] = {}

    @property
    def target(self) -> str:
        return self._store.target

    @property
    def search_lags(self) -> bool:
        return self._store.search_lags

    @property
    def filters_reads(self) -> bool:
        return self._store.filters_reads

    @property
    def remarks(self) -> Sequence[str]:
        return self._store.remarks

    def about(self) -> dict[str, str]:
        return self._store.about()

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        asked = frozenset(aspects)
        unread = [urn for urn in dict.fromkeys(urns) if not self._has(urn, asked)]
        hidden: dict[str, Entity] = {}
        if unread:
            found = self._store.read(unread, aspects)
            # Not kept: what a store says of an entity that this token may not view depends on what it is read with.
            hidden = {urn: entity for urn, entity in found.items() if not entity}
            for urn in unread:
                if urn not in hidden:
                    self._keep(urn, asked, found.get(urn, {}))
        parts = {urn: _part(self._read[urn][1], asked) for urn in urns if urn in self._read}
        return {**{urn: part for urn, part in parts.items() if part}, **hidden}

    def _has(self, urn: str, asked: frozenset[str]) -> bool:
        """Whether all that is asked for of an entity was read. No aspects mean all."""
        if urn not in self._read:
            return False
        known, _ = self._read[urn]
        return not known or (bool(asked) and asked <= known)

    def _keep(self, urn: str, asked: frozenset[str], entity: Entity) -> None:
        known, before = self._read.get(urn, (asked, {}))
        self._read[urn] = (known | asked if asked else asked, {**before, **entity})

    def search(self, search: Search) -> Iterator[Found]:
        return self._store.search(search)

    def check(self, commit: Sequence[Proposal]) -> None:
        self._store.check(commit)

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        self._read.clear()
        self._store.ensure(proposals)

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        self._read.clear()
        self._store.upsert(proposals)

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        self._read.clear()
        return self._store.create(commits)

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        self._read.clear()
        return self._store.swap(swaps)

    def close(self) -> None:
        self._store.close()


def _part(entity: Entity, aspects: frozenset[str]) -> Entity:
    """The aspects that are asked for."""
    return {name: each for name, each in entity.items() if name in aspects} if aspects else entity

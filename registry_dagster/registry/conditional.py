"""Changing entities that others change, too: what is written was made from what is there, or it is made again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.errors import RegistryUnavailable
from registry_dagster.stores.store import Store, Swap

__all__ = ["change_entities"]

_TRIES = 50
_SWAPS_AT_ONCE = 200
"""So that they fit one request."""


def change_entities(
    store: Store, urns: Collection[str], changed: Callable[[Mapping[str, Entity]], Iterable[Proposal]]
) -> None:
    """Write aspects that are made from what is stored. Those that do not change are not written.

    Args:
        store: Where.
        urns: The entities.
        changed: Given the entities as they are stored, all that should be there. Called again whenever somebody
            wrote in between.

    Raises:
        RegistryUnavailable: the store failed, or others wrote each time; running again is safe.
    """
    for _ in range(_TRIES):
        stored = store.read(urns)
        swaps = [Swap(each.urn, each.aspect, _held(each, stored), each.value) for each in changed(stored)]
        if _written(store, [each for each in swaps if each.before != each.after]):
            return
    raise RegistryUnavailable(f"{', '.join(sorted(urns))}: others wrote to it {_TRIES} times in a row; run it again")


def _held(proposal: Proposal, stored: Mapping[str, Entity]) -> Mapping[str, object] | None:
    return stored.get(proposal.urn, {}).get(proposal.aspect)


def _written(store: Store, swaps: Sequence[Swap]) -> bool:
    """Whether nobody wrote in between. What was written is kept, and the next try does not write it again."""
    starts = range(0, len(swaps), _SWAPS_AT_ONCE)
    return all(all(store.swap(swaps[start : start + _SWAPS_AT_ONCE])) for start in starts)

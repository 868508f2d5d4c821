"""Changing entities that others change, too: what is written was made from what is there, or it is made again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import entity_type
from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.model.batches import grouped
from registry_dagster.registry.denied import Denied
from registry_dagster.stores.store import Refusal, Store, Swap

__all__ = ["change_entities"]

_TRIES = 50
_SWAPS_AT_ONCE = 200
"""So that they fit one request."""


def change_entities(
    store: Store,
    urns: Collection[str],
    changed: Callable[[Mapping[str, Entity]], Iterable[Proposal]],
    denied: Denied | None = None,
) -> None:
    """Write aspects that are made from what is stored. Those that do not change are not written.

    Entities that are not there are created, which takes no right to edit.

    Args:
        store: Where.
        urns: The entities.
        changed: Given the entities as they are stored, all that should be there. Called again whenever somebody
            wrote in between.
        denied: What the token may not write, to which is added what it may not edit; that is left as it is.

    Raises:
        AccessDenied: an entity may not be created, or not be edited and nothing is given as denied.
        StoreRefused: an entity cannot be created.
        RegistryUnavailable: the store failed, or others wrote each time; running again is safe.
    """
    refused = dict[str, Refusal]()
    for _ in range(_TRIES):
        stored = store.read(urns)
        _refuse(refused, stored)
        wanted = _differing(changed(stored), stored)
        refused = _create(store, [each for each in wanted if each.urn not in stored])
        if _edited(store, _swaps(wanted, stored, denied), denied) and not refused:
            return
    raise RegistryUnavailable(f"{', '.join(sorted(urns))}: others wrote to it {_TRIES} times in a row; run it again")


def _differing(proposals: Iterable[Proposal], stored: Mapping[str, Entity]) -> list[Proposal]:
    return [each for each in proposals if _held(each, stored) != each.value]


def _swaps(proposals: Iterable[Proposal], stored: Mapping[str, Entity], denied: Denied | None) -> list[Swap]:
    """What changes in entities that are there, without those that may not be edited."""
    edited = stored.keys() - (denied.urns if denied else frozenset[str]())
    edits = [each for each in proposals if each.urn in edited]
    return [Swap(each.urn, each.aspect, _held(each, stored), each.value) for each in edits]


def _held(proposal: Proposal, stored: Mapping[str, Entity]) -> Mapping[str, object] | None:
    return stored.get(proposal.urn, {}).get(proposal.aspect)


def _create(store: Store, proposals: Sequence[Proposal]) -> dict[str, Refusal]:
    """Create entities, each whole; why some were not created, by their URNs."""
    entities = grouped(proposals, key=lambda each: each.urn)
    refusals = store.create(list(entities.values())) if entities else ()
    return {urn: refusal for urn, refusal in zip(entities, refusals, strict=True) if refusal is not None}


def _refuse(refused: Mapping[str, Refusal], stored: Mapping[str, Entity]) -> None:
    """Raise why entities that are still not there could not be created."""
    for urn in refused.keys() - stored.keys():
        raise _not_created(urn, refused[urn])


def _not_created(urn: str, refusal: Refusal) -> RegistryError:
    if refusal.denied:
        brings = f"Create Entity on {entity_type(urn)} brings that"
        return AccessDenied(f"{urn} could not be created: {refusal.reason}. {brings}", sorted(refusal.urns))
    return StoreRefused(f"{urn} could not be created: {refusal.reason}")


def _edited(store: Store, swaps: Sequence[Swap], denied: Denied | None) -> bool:
    """As `_written`. What may not be edited is noted, and the next try leaves it as it is."""
    try:
        return _written(store, swaps)
    except AccessDenied as error:
        if denied is None or not {each.urn for each in swaps} & set(error.urns):
            raise
        denied.note(error.urns)
        return False


def _written(store: Store, swaps: Sequence[Swap]) -> bool:
    """Whether nobody wrote in between. What was written is kept, and the next try does not write it again."""
    starts = range(0, len(swaps), _SWAPS_AT_ONCE)
    return all(all(store.swap(swaps[start : start + _SWAPS_AT_ONCE])) for start in starts)

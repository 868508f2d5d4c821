"""The pages of Datasets: changed as they are at that moment, so that nothing that others add meanwhile is lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from registry_dagster.datahub.dataset import dataset_from, dataset_proposals
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import container_urn
from registry_dagster.errors import RegistryUnavailable
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.records import Records
from registry_dagster.stores.store import Swap

__all__ = ["write_pages"]

_TRIES = 50
_SWAPS_AT_ONCE = 150
"""So that they fit one request."""


def write_pages(records: Records, declared: Sequence[Dataset]) -> None:
    """Record Datasets as they are declared, added to what is recorded. Aspects that do not change are not written.

    Raises:
        RegistryUnavailable: the store failed, or others wrote each time; running again is safe.
    """
    for _ in range(_TRIES):
        stored = records.store.read([container_urn(each.name, records.env) for each in declared])
        merged = _merged(declared, stored, records.env)
        swaps = [swap for dataset in merged.values() for swap in _swaps(dataset, stored, records.env)]
        if _written(records, swaps):
            for dataset in merged.values():
                records.remember_dataset(dataset)
            return
    names = ", ".join(sorted({each.name for each in declared}))
    raise RegistryUnavailable(f"{names}: others wrote to it {_TRIES} times in a row; run it again")


def _merged(declared: Sequence[Dataset], stored: Mapping[str, Entity], env: str) -> dict[str, Dataset]:
    merged: dict[str, Dataset] = {}
    for dataset in declared:
        recorded = merged.get(dataset.name) or dataset_from(stored.get(container_urn(dataset.name, env), {}))
        merged[dataset.name] = dataset.added_to(recorded) if recorded else dataset
    return merged


def _swaps(dataset: Dataset, stored: Mapping[str, Entity], env: str) -> Iterator[Swap]:
    """The aspects that change, each with what it was made from."""
    held = stored.get(container_urn(dataset.name, env), {})
    for each in dataset_proposals(dataset, held, env):
        if held.get(each.aspect) != each.value:
            yield Swap(each.urn, each.aspect, held.get(each.aspect), each.value)


def _written(records: Records, swaps: Sequence[Swap]) -> bool:
    """Whether nobody wrote in between. What was written is kept, and the next try does not write it again."""
    starts = range(0, len(swaps), _SWAPS_AT_ONCE)
    return all(all(records.store.swap(swaps[start : start + _SWAPS_AT_ONCE])) for start in starts)

"""The pages of Datasets: declared fields added to what is recorded at that moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from registry_dagster.datahub.assignments import without
from registry_dagster.datahub.dataset import dataset_from, dataset_proposals
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import container_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.conditional import change_entities
from registry_dagster.registry.denied import Denied
from registry_dagster.registry.records import Records

__all__ = ["write_pages"]


def write_pages(records: Records, declared: Sequence[Dataset], denied: Denied) -> None:
    """Record Datasets as they are declared, added to what is recorded, without tags that may not be defined.

    Raises:
        AccessDenied, StoreRefused, RegistryUnavailable: see `change_entities`.
    """
    env = records.env
    merged: dict[str, Dataset] = {}

    def changed(stored: Mapping[str, Entity]) -> Iterator[Proposal]:
        merged.update(_merged(declared, stored, env))
        for name, dataset in merged.items():
            wanted = dataset_proposals(dataset, stored.get(container_urn(name, env), {}), env)
            yield from without(wanted, denied.urns)

    change_entities(records.store, {container_urn(each.name, env) for each in declared}, changed, denied)
    for dataset in merged.values():
        records.remember_dataset(dataset)


def _merged(declared: Sequence[Dataset], stored: Mapping[str, Entity], env: str) -> dict[str, Dataset]:
    merged: dict[str, Dataset] = {}
    for dataset in declared:
        recorded = merged.get(dataset.name) or dataset_from(stored.get(container_urn(dataset.name, env), {}))
        merged[dataset.name] = dataset.added_to(recorded) if recorded else dataset
    return merged

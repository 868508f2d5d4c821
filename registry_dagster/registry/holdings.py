"""Everything that is published, dataset by dataset: for what is made of a whole registry, such as its catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from registry_dagster.answers.current import Candidate
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.search import Search
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.rows.now import DatasetNow, dataset_now

__all__ = ["Holding", "Holdings"]

_DATASETS = 100
_VERSIONS = 200
"""How many are read at once."""


@dataclass(frozen=True)
class Holding:
    """One dataset with all its versions.

    Args:
        dataset: How people describe it now.
        now: What is true of it and its versions now.
        candidates: Every number that was given, lowest first.
        records: The versions that read back, proven against their digests, lowest first.
        acts: What people did to the dataset and its versions, oldest first.
    """

    dataset: Dataset
    now: DatasetNow
    candidates: tuple[Candidate, ...]
    records: tuple[DatasetVersion, ...]
    acts: tuple[Act, ...]


@dataclass(frozen=True)
class Holdings:
    """Reads whole registries: many datasets with each request, each version once. Writes nothing."""

    records: Records
    resolver: Resolver

    def read(self) -> Iterator[Holding]:
        """Every dataset, in no particular order. A version that others changed is left out, with a warning."""
        search = self.records.store.search(Search("dataset", self.records.env))
        while urns := list(islice(search, _DATASETS)):
            found = self.records.store.read(urns, ["containerProperties"])
            yield from self._page([known for each in found.values() if (known := dataset_from(each))])

    def _page(self, datasets: Sequence[Dataset]) -> Iterator[Holding]:
        versions = self.resolver.versions([each.name for each in datasets])
        acts = self.records.index.known(versions)
        present = [each.name for one in versions.values() for each in one.candidates if each.present]
        records = self._read(present)
        for dataset in datasets:
            candidates = versions[dataset.name].candidates
            own = tuple(records[each.name] for each in candidates if each.name in records)
            history = acts[dataset.name].acts
            yield Holding(dataset, dataset_now(versions[dataset.name], history), candidates, own, history)

    def _read(self, names: Sequence[str]) -> dict[str, DatasetVersion]:
        found: dict[str, DatasetVersion] = {}
        for start in range(0, len(names), _VERSIONS):
            found |= self.records.readable(names[start : start + _VERSIONS])
        return found

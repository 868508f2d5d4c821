"""Everything that is published, dataset by dataset: for what is made of a whole registry, such as its catalogue."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from registry_dagster.answers.current import Candidate
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.search import Search
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.lab import Lab
from registry_dagster.registry.labs import Labs
from registry_dagster.registry.questions import Questions
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver, Versions
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
        versions: Every number that was given, with what is true of it now.
        records: The versions that read back, proven against their digests, lowest first.
        acts: What people did to the dataset and its versions, oldest first.
    """

    dataset: Dataset
    now: DatasetNow
    versions: Versions
    records: tuple[DatasetVersion, ...]
    acts: tuple[Act, ...]

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """Every number that was given, lowest first."""
        return self.versions.candidates

    @cached_property
    def numbers(self) -> frozenset[int]:
        """The numbers of the versions that read back."""
        return frozenset(record.number for record in self.records)


@dataclass(frozen=True)
class Holdings:
    """Reads whole registries: many datasets with each request, each version once. Writes nothing."""

    records: Records
    resolver: Resolver

    def read(self) -> Iterator[Holding]:
        """Every dataset, in no particular order. A version that others changed is left out, with a warning."""
        search = self.records.urns(Search("dataset", self.records.env))
        while urns := list(islice(search, _DATASETS)):
            found = self.records.store.read(urns, ["containerProperties"])
            yield from self._page([known for each in found.values() if (known := dataset_from(each))])

    def questions(self, holdings: Iterable[Holding]) -> Questions:
        """Answers questions about what was read, as it was then: nothing is read again, so many cost little each."""
        records = _ReadRecords(self.records, holdings)
        resolver = _ReadResolver(records, holdings)
        return Questions(Labs(Lab(records, resolver)))

    def _page(self, datasets: Sequence[Dataset]) -> Iterator[Holding]:
        versions = self.resolver.versions([each.name for each in datasets])
        acts = self.records.index.known(versions)
        present = [each.name for one in versions.values() for each in one.candidates if each.present]
        records = self._read(present)
        for dataset in datasets:
            known, history = versions[dataset.name], acts[dataset.name].acts
            own = tuple(records[each.name] for each in known.candidates if each.name in records)
            yield Holding(dataset, dataset_now(known, history), known, own, history)

    def _read(self, names: Sequence[str]) -> dict[str, DatasetVersion]:
        found: dict[str, DatasetVersion] = {}
        for start in range(0, len(names), _VERSIONS):
            found |= self.records.readable(names[start : start + _VERSIONS])
        return found


class _ReadRecords(Records):
    """Records of which each version was read, and proven, before."""

    def __init__(self, records: Records, holdings: Iterable[Holding]) -> None:
        super().__init__(records.store, records.env)
        self._read = {record.name: record for holding in holdings for record in holding.records}

    def get(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        return {name: self._read[name] for name in versions if name in self._read}

    def readable(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        return self.get(versions)

    def read_ahead(self, versions: Collection[str]) -> None:
        """All was read before."""

    def materializations(
        self, versions: Collection[MaterializationVersion]
    ) -> Mapping[str, MaterializationVersion | None]:
        return self.known_materializations(versions)


class _ReadResolver(Resolver):
    """Says which version is meant of those that were read before."""

    def __init__(self, records: Records, holdings: Iterable[Holding]) -> None:
        super().__init__(records)
        self._read = {holding.dataset.name: holding.versions for holding in holdings}

    def versions(self, datasets: Collection[str], *, remembered: bool = False) -> dict[str, Versions]:
        del remembered
        return {name: self._read.get(name, Versions(name, (), None, {})) for name in datasets}

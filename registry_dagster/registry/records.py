"""Reading records from a store, in as few requests as there are kinds of thing to read."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.materialization import materialization_from
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.retirement import retirement_from
from registry_dagster.datahub.urns import (
    PLATFORM,
    container_urn,
    materialization_urn,
    version_in,
    version_set_urn,
    version_urn,
)
from registry_dagster.datahub.version import RECORD_ASPECTS, Summary, record_from, summary_from
from registry_dagster.errors import CorruptRecord, NotPublished
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, name_text, parse_version
from registry_dagster.model.retirement import Retirement
from registry_dagster.stores.store import Store

__all__ = ["Records", "View"]

_log = logging.getLogger(__name__)

_PAGE = 200


@dataclass(frozen=True)
class View:
    """What a plan is made against.

    Args:
        versions: Dataset → number → summary of the published version.
        datasets: Dataset → how it is recorded.
        materializations: `source/system@version` → how it is recorded.
        highest: Dataset → the highest number that this round has planned to give.
    """

    versions: Mapping[str, Mapping[int, Summary]]
    datasets: Mapping[str, Dataset | None]
    materializations: Mapping[str, MaterializationVersion | None]
    highest: Mapping[str, int] = field(default_factory=dict[str, int])


class Records:
    """The records of one store and environment.

    Published versions never change, so what is learnt of them is kept; numbers are dense, so they can
    be enumerated from the primary store.
    """

    def __init__(self, store: Store, env: str) -> None:
        self.store = store
        self.env = env
        self._versions: dict[str, dict[int, Summary]] = {}
        self._columns: dict[str, frozenset[str]] = {}
        self._datasets: dict[str, Dataset | None] = {}
        self._materializations: dict[str, MaterializationVersion | None] = {}

    def view(
        self,
        owners: Collection[str],
        others: Collection[str],
        materializations: Iterable[MaterializationVersion],
        fresh: bool,
    ) -> View:
        """Read what planning needs.

        Args:
            owners: Datasets to plan versions of.
            others: Datasets that are referred to or read from.
            materializations: Materialization versions.
            fresh: Ask the store even for what is known of `owners`. Without, that may be behind; the
                create-only commit finds out. Others are always asked for: what a version is linked to
                is frozen in it.
        """
        wanted = {version.key: version for version in materializations}
        names = {*owners, *others}
        self._learn_versions([name for name in names if fresh or name in others or name not in self._versions])
        self._learn_datasets([name for name in owners if fresh or name not in self._datasets])
        known = () if fresh else self._materializations
        self._learn_materializations([each for name, each in wanted.items() if name not in known])
        return View(
            versions={name: dict(self._versions[name]) for name in names},
            datasets={name: self._datasets[name] for name in owners},
            materializations={name: self._materializations[name] for name in wanted},
        )

    def summaries(self, dataset: str) -> Mapping[int, Summary]:
        """Number → summary of every published version, oldest first."""
        self._learn_versions([dataset])
        return self._versions[dataset]

    def record(self, name: str) -> DatasetVersion:
        """The version `dataset@vN` or `dataset@label`, or the newest of a dataset. Proven against its digest.

        Raises:
            NotPublished: nothing is recorded under that name.
            CorruptRecord: what is stored is not what was published.
        """
        dataset, number = self._labelled(name_text(name)) or parse_version(name)
        number = max(self.numbers(dataset)) if number is None else number
        version = str(VersionName(dataset, number))
        found = self.get([version])
        if version not in found:
            published = self.summaries(dataset)
            have = f"published: v{min(published)} to v{max(published)}" if published else "no version is published"
            raise NotPublished(f"{name}: not published at {self.store.target}; {have}")
        return found[version]

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset, oldest first.

        Raises:
            CorruptRecord: what is stored of one is not what was published.
        """
        names = self.names(dataset)
        found = self.get(names)
        return tuple(found[version] for version in names)

    def numbers(self, dataset: str) -> list[int]:
        """The numbers of a dataset's published versions, lowest first.

        Raises:
            NotPublished: there is none.
        """
        numbers = list(self.summaries(dataset))
        if not numbers:
            raise NotPublished(f"{dataset}: no version is published at {self.store.target}")
        return numbers

    def names(self, dataset: str) -> list[str]:
        """`dataset@vN` of each published version, oldest first; none for a dataset without versions."""
        name, _ = parse_version(dataset)
        return [str(VersionName(name, number)) for number in self.summaries(name)]

    def _labelled(self, name: str) -> VersionName | None:
        """The version of a name that ends in a label; None for a name that does not."""
        dataset, at, label = name.partition("@")
        if not at or re.fullmatch(r"v[0-9]+", label):
            return None
        for number, summary in self.summaries(parse_version(dataset).dataset).items():
            if summary.label == label:
                return VersionName(dataset, number)
        raise NotPublished(f"{name}: no version of {dataset} has the label {label!r} at {self.store.target}")

    def get(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        """The records of `dataset@vN`, proven. Those not published are left out.

        Raises:
            CorruptRecord: what is stored is not what was published.
        """
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), RECORD_ASPECTS)
        return {urns[urn]: record_from(entity, urn) for urn, entity in found.items()}

    def readable(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        """As `get`, but those that others changed are left out, and told of in the log."""
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), RECORD_ASPECTS)
        records: dict[str, DatasetVersion] = {}
        for urn, entity in found.items():
            try:
                records[urns[urn]] = record_from(entity, urn)
            except CorruptRecord as error:
                _log.warning("%s is left out. %s", urns[urn], error)
        return records

    def columns(self, versions: Collection[str]) -> dict[str, frozenset[str]]:
        """The columns of published versions, read once each."""
        unknown = [version for version in versions if version not in self._columns]
        for version, record in (self.get(unknown) if unknown else {}).items():
            self._columns[version] = frozenset(field.path for field in record.table.fields)
        return {version: self._columns.get(version, frozenset()) for version in versions}

    def entity(self, urn: str) -> Entity:
        """An entity's aspects; empty when it is absent."""
        return self.store.read([urn]).get(urn, {})

    def retirements(self, versions: Collection[str]) -> dict[str, Retirement]:
        """Of `dataset@vN` those that are retired."""
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), ["deprecation"]) if urns else {}
        told = {urns[urn]: retirement_from(entity) for urn, entity in found.items()}
        return {version: retirement for version, retirement in told.items() if retirement is not None}

    def dataset(self, name: str) -> Dataset | None:
        """How a Dataset is recorded now."""
        self._learn_datasets([name])
        return self._datasets[name]

    def described(self, name: str) -> Dataset:
        """How a Dataset is recorded now.

        Raises:
            NotPublished: no such dataset.
        """
        name = parse_version(name).dataset
        dataset = self.dataset(name)
        if dataset is None:
            raise NotPublished(f"{name}: no such dataset at {self.store.target}")
        return dataset

    def materialization(self, version: MaterializationVersion) -> MaterializationVersion | None:
        """How a materialization version is recorded now."""
        return self.materializations([version])[version.key]

    def materializations(
        self, versions: Collection[MaterializationVersion]
    ) -> Mapping[str, MaterializationVersion | None]:
        """How materialization versions are recorded now, by their keys."""
        self._learn_materializations(versions)
        return {version.key: self._materializations[version.key] for version in versions}

    def materializations_at(self, urns: Collection[str]) -> list[MaterializationVersion]:
        """The materialization versions that entities tell of."""
        found = self.store.read(urns, ["datasetProperties"])
        known = (materialization_from(found.get(urn, {})) for urn in urns)
        return [version for version in known if version is not None]

    def remember(self, commit: Sequence[Proposal], number: int, dataset: Dataset) -> None:
        """Keep what was just published, so that it need not be read again."""
        properties = next(each.value for each in commit if each.aspect == "datasetProperties")
        self._versions[dataset.name][number] = summary_from({"datasetProperties": properties}, number)

    def remember_dataset(self, dataset: Dataset) -> None:
        """Keep how a Dataset was just recorded."""
        self._datasets[dataset.name] = dataset

    def remember_materialization(self, version: MaterializationVersion) -> None:
        """Keep how a materialization version was just recorded."""
        self._materializations[version.key] = version

    def look_ahead(self, *datasets: str) -> None:
        """Learn of versions above the highest known ones, whether or not the version sets point there."""
        ahead, some = 1, list(datasets)
        while some:
            unread: dict[str, range] = {}
            for name in some:
                following = max(self._versions.setdefault(name, {}), default=0) + 1
                unread[name] = range(following, following + ahead)
            self._read_summaries(unread)
            some = [name for name in some if unread[name][-1] in self._versions[name]]
            ahead = min(2 * ahead, _PAGE)

    def _learn_versions(self, datasets: Collection[str]) -> None:
        """Everything above what is known, up to where the version set points."""
        sets = {version_set_urn(PLATFORM, name, self.env): name for name in datasets}
        found = self.store.read(list(sets), ["versionSetProperties"]) if sets else {}
        unread: dict[str, range] = {}
        for urn, name in sets.items():
            known = self._versions.setdefault(name, {})
            pointer = found.get(urn, {}).get("versionSetProperties")
            latest = version_in(pointer["latest"]) if pointer else None
            unread[name] = range(max(known, default=0) + 1, (latest.number if latest else 0) + 1)
        self._read_summaries({name: numbers for name, numbers in unread.items() if numbers})
        self.look_ahead(*(name for urn, name in sets.items() if urn not in found))

    def _read_summaries(self, numbers: Mapping[str, range]) -> None:
        urns = {
            version_urn(str(VersionName(name, number)), self.env): (name, number)
            for name, some in numbers.items()
            for number in some
        }
        for start in range(0, len(urns), _PAGE):
            page = list(urns)[start : start + _PAGE]
            found = self.store.read(page, ["datasetProperties"])
            for urn in filter(found.__contains__, page):
                name, number = urns[urn]
                self._versions[name][number] = summary_from(found[urn], number)

    def _learn_datasets(self, names: Collection[str]) -> None:
        urns = {container_urn(name, self.env): name for name in names}
        found = self.store.read(list(urns), ["containerProperties"]) if urns else {}
        self._datasets |= {name: dataset_from(found.get(urn, {})) for urn, name in urns.items()}

    def _learn_materializations(self, versions: Collection[MaterializationVersion]) -> None:
        urns = {materialization_urn(version, self.env): version.key for version in versions}
        found = self.store.read(list(urns), ["datasetProperties"]) if urns else {}
        self._materializations |= {name: materialization_from(found.get(urn, {})) for urn, name in urns.items()}

"""Reading records from a store, in as few requests as there are kinds of thing to read."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from copy import copy
from itertools import islice

from registry_dagster.answers.places import tables_at
from registry_dagster.datahub.acts import ACTS_ASPECT, readable_acts
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.materialization import materialization_from
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.retirement import is_removed, retirement_from
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import container_urn, materialization_urn, platform_urn, version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, record_from, summary_from
from registry_dagster.errors import CorruptRecord, NotPublished
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName, parse_version
from registry_dagster.model.retirement import Retirement
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.version_index import VersionIndex
from registry_dagster.registry.vocabulary import hint
from registry_dagster.stores.store import Store

__all__ = ["Records"]

_log = logging.getLogger(__name__)

_MOST_NAMES = 2000
"""How many datasets are read for a name that may be meant."""


class Records:
    """The records of one store and environment.

    Published versions never change, so what is read of them is kept. Numbers have no gaps, so all versions can be
    enumerated from the primary store.
    """

    def __init__(self, store: Store, env: str) -> None:
        self.store = store
        self.env = env
        self.index = VersionIndex(store, env)
        self._columns: dict[str, frozenset[str]] = {}
        self._materializations: dict[str, MaterializationVersion | None] = {}

    def through(self, store: Store) -> Records:
        """The same records, with the same memory, read through another view of their store."""
        other = copy(self)
        other.store = store
        other.index = self.index.through(store)
        return other

    @property
    def where(self) -> str:
        """The registry and environment that is asked, for messages."""
        return f"{self.store.target} (environment {self.env})"

    def check_exists(self) -> None:
        """Make sure that something was ever published or recorded here.

        Raises:
            NotPublished: there is no registry.
        """
        searches = (Search(kind, self.env) for kind in ("dataset", "materialization"))
        if not (self.store.read([platform_urn()]) or any(next(self.urns(each), None) for each in searches)):
            raise NotPublished(
                f"there is no registry at {self.where}: nothing was ever published there; check the address"
            )

    def urns(self, search: Search) -> Iterator[str]:
        """The entities that match a search, newest first."""
        return (found.urn for found in self.store.search(search))

    def is_dataset(self, name: str) -> bool:
        """Whether a dataset of that name is recorded or has a version."""
        numbers = self.index.read([name])[name]
        return bool(numbers.present) or numbers.dataset is not None

    def dataset_names(self) -> set[str]:
        """The names of datasets; of very many, the newest."""
        urns = list(islice(self.urns(Search("dataset", self.env)), _MOST_NAMES))
        found = self.store.read(urns, ["containerProperties"]) if urns else {}
        return {known.name for entity in found.values() if (known := dataset_from(entity))}

    def unknown(self, what: str, instead: str) -> NotPublished:
        """The error for a name that this registry does not know.

        Args:
            what: What is not known, without where.
            instead: What to write instead, with its punctuation.
        """
        try:
            self.check_exists()
        except NotPublished:
            return NotPublished(f"{what} at {self.where}; there is no registry: nothing was ever published there")
        lag = " What was just published is found some seconds later." if self.store.search_lags else ""
        return NotPublished(f"{what} at {self.where}{instead}{lag}")

    def unknown_dataset(self, name: str) -> NotPublished:
        """The error for a dataset without versions, with the name that may be meant."""
        return self.unknown(f"{name}: no version is published", hint(name, self.dataset_names() - {name}))

    def stored(self, name: str) -> Entity:
        """What is stored of `dataset@vN`, and whether it is retired or removed; nothing if it is not there."""
        urn = version_urn(name, self.env)
        return self.store.read([urn], [*RECORD_ASPECTS, "deprecation", "status"]).get(urn, {})

    def read_ahead(self, versions: Collection[str]) -> None:
        """Read at once what `exact` reads of each, for one answer, which reads nothing twice."""
        self.store.read([version_urn(version, self.env) for version in versions], RECORD_ASPECTS)

    def exact(self, name: str) -> DatasetVersion:
        """The version `dataset@vN`, proven against its digest.

        Raises:
            NotPublished: nothing is recorded under that name.
            CorruptRecord: what is stored is not what was published.
        """
        found = self.get([name])
        if name not in found:
            raise NotPublished(f"{name}: not published at {self.where}")
        return found[name]

    def versions(self, dataset: str) -> tuple[DatasetVersion, ...]:
        """All versions of a dataset that read back, oldest first.

        Raises:
            CorruptRecord: what is stored of one is not what was published.
        """
        found = self.get(self.names(dataset))
        return tuple(found.values())

    def numbers(self, dataset: str) -> list[int]:
        """The numbers of a dataset's published versions, lowest first.

        Raises:
            NotPublished: there is none.
        """
        numbers = self.index.read([dataset])[dataset].present
        if not numbers:
            raise self.unknown_dataset(dataset)
        return numbers

    def names(self, dataset: str) -> list[str]:
        """`dataset@vN` of each published version, oldest first; none for a dataset without versions."""
        name, _ = parse_version(dataset)
        return [str(VersionName(name, number)) for number in self.index.read([name])[name].present]

    def get(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        """The records of `dataset@vN`, proven. Those not published are left out.

        Raises:
            CorruptRecord: what is stored is not what was published.
        """
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), RECORD_ASPECTS)
        names = [urns[urn] for urn in urns if found.get(urn)]
        return {name: record_from(found[version_urn(name, self.env)], version_urn(name, self.env)) for name in names}

    def readable(self, versions: Collection[str]) -> dict[str, DatasetVersion]:
        """As `get`, but those that others changed are left out, with a warning in the log."""
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), RECORD_ASPECTS) if urns else {}
        records: dict[str, DatasetVersion] = {}
        for urn, entity in found.items():
            if not entity:
                # The store has said that this token may not view it.
                continue
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

    def tables(self, record: DatasetVersion) -> tuple[TableFacts, ...]:
        """The table of a version at each place where it is known to be now, that to read from first."""
        urn = container_urn(record.dataset, self.env)
        held = self.store.read([urn], [ACTS_ASPECT]).get(urn, {})
        return tables_at(record.table, record.name, readable_acts(held, record.name))

    def retirements(self, versions: Collection[str]) -> dict[str, Retirement]:
        """The retired ones of some versions `dataset@vN`."""
        urns = {version_urn(version, self.env): version for version in versions}
        owners = {version: container_urn(parse_version(version).dataset, self.env) for version in versions}
        found = self.store.read([*urns, *set(owners.values())], ["deprecation", ACTS_ASPECT]) if urns else {}
        acts = {urn: readable_acts(found.get(urn, {})) for urn in set(owners.values())}
        return {
            version: retirement
            for urn, version in urns.items()
            if urn in found and (retirement := retirement_from(found[urn], version, acts[owners[version]]))
        }

    def present(self, versions: Collection[str]) -> set[str]:
        """Those of some versions `dataset@vN` that are there, also if others overwrote their records."""
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), ["datasetProperties"]) if urns else {}
        return {urns[urn] for urn, entity in found.items() if entity}

    def removed(self, versions: Collection[str]) -> set[str]:
        """Those of some versions `dataset@vN` that were removed in DataHub."""
        urns = {version_urn(version, self.env): version for version in versions}
        found = self.store.read(list(urns), ["status"]) if urns else {}
        return {urns[urn] for urn, entity in found.items() if is_removed(entity)}

    def dataset(self, name: str) -> Dataset | None:
        """How a Dataset is recorded now."""
        urn = container_urn(name, self.env)
        return dataset_from(self.store.read([urn], ["containerProperties"]).get(urn, {}))

    def described(self, name: str) -> Dataset:
        """How a Dataset is recorded now.

        Raises:
            NotPublished: no such dataset.
        """
        name = parse_version(name).dataset
        dataset = self.dataset(name)
        if dataset is None:
            raise self.unknown(f"{name}: no such dataset", hint(name, self.dataset_names()))
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
        """The materialization versions that are recorded in entities."""
        found = self.store.read(urns, ["datasetProperties"])
        known = (materialization_from(found.get(urn, {})) for urn in urns)
        return [version for version in known if version is not None]

    def remember(self, commit: Sequence[Proposal], number: int, dataset: Dataset) -> None:
        """Keep what was just published, so that it need not be read again."""
        properties = next(each.value for each in commit if each.aspect == "datasetProperties")
        self.index.remember(dataset.name, summary_from({"datasetProperties": properties}, number))

    def remember_dataset(self, dataset: Dataset) -> None:
        """Keep how a Dataset was just recorded."""
        self.index.remember_dataset(dataset)

    def known_materializations(
        self, versions: Collection[MaterializationVersion]
    ) -> Mapping[str, MaterializationVersion | None]:
        """As `materializations`, without asking again for what is remembered: it may be behind."""
        self._learn_materializations([each for each in versions if each.key not in self._materializations])
        return {version.key: self._materializations[version.key] for version in versions}

    def remember_materialization(self, version: MaterializationVersion) -> None:
        """Keep how a materialization version was just recorded."""
        self._materializations[version.key] = version

    def _learn_materializations(self, versions: Collection[MaterializationVersion]) -> None:
        urns = {materialization_urn(version, self.env): version.key for version in versions}
        found = self.store.read(list(urns), ["datasetProperties"]) if urns else {}
        self._materializations |= {name: materialization_from(found.get(urn, {})) for urn, name in urns.items()}

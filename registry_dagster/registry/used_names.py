"""The names that published versions use, as far as one process has read them: what declarations are compared with.

They serve warnings alone, so what was read once is kept: a name that is in use stays so. A server is only asked where a
declaration has a name that is not known yet, once for all publications of a round.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.schema import columns_from
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import RegistryError
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.names import VersionName
from registry_dagster.registry.clock_warnings import Recorded, names_in
from registry_dagster.registry.known_names import KnownNames
from registry_dagster.registry.numbers import Numbers
from registry_dagster.registry.records import Records

__all__ = ["UsedNames"]

_log = logging.getLogger(__name__)

_PAGE = 200
_HELD = {"id space": ("id_space", "chunkedgraph"), "frame": ("frame",)}
"""Kind of name → the attributes of columns that have it."""


@dataclass
class UsedNames:
    """Remembers, for one registry, the names that it was found to use."""

    records: Records
    _known: dict[str, set[str]] = field(default_factory=lambda: {kind: set[str]() for kind in (*_HELD, "dataset")})
    _asked: set[str] = field(default_factory=set[str])
    _complete: bool = True

    def beside(self, recorded: Recorded, tables: Sequence[FeatureTable], numbers: Mapping[str, Numbers]) -> Recorded:
        """What is recorded, with the names that are in use; without them, with a warning in the log, if that fails.

        Args:
            recorded: What is known already.
            tables: The declarations that are to be compared with it.
            numbers: The versions of their datasets, and of those that they refer to.
        """
        try:
            return self._beside(recorded, tables, numbers)
        except RegistryError as error:
            _log.warning("names are not compared with those in use: %s", error)
            return recorded

    def note(self, published: Iterable[FeatureTable]) -> None:
        """Keep the names of what was published: they are in use from now on."""
        for table in published:
            names = names_in(table)
            for kind in _HELD:
                self._known[kind] |= names[kind]

    def _beside(self, recorded: Recorded, tables: Sequence[FeatureTable], numbers: Mapping[str, Numbers]) -> Recorded:
        self._known["dataset"] |= {name for name, each in numbers.items() if each.present}
        wanted = _names_of(tables)
        if self._lacks(wanted):
            self._read(_newest_of(numbers, {each.dataset.name for each in tables}))
        if self._lacks(wanted):
            self._read_newest()
            recorded = recorded if recorded.states else KnownNames(self.records).recorded()
        if unknown := wanted["dataset"] - self._known["dataset"] - self._asked:
            self._asked |= unknown
            self._known["dataset"] |= self.records.dataset_names()
        return replace(recorded, names=self._known, complete=self._complete)

    def _lacks(self, wanted: Mapping[str, set[str]]) -> bool:
        return any(not wanted[kind] <= self._known[kind] for kind in _HELD)

    def _read_newest(self) -> None:
        """The names in the newest versions of all datasets."""
        urns = list(islice(self.records.urns(Search("version", self.records.env)), _PAGE + 1))
        self._complete = len(urns) <= _PAGE
        self._read_urns(urns[:_PAGE])

    def _read(self, versions: Collection[str]) -> None:
        self._read_urns([version_urn(version, self.records.env) for version in versions])

    def _read_urns(self, urns: Sequence[str]) -> None:
        entities = self.records.store.read(urns, ["schemaMetadata"]).values() if urns else ()
        for column in (column for entity in entities for column in _columns(entity)):
            for kind, attributes in _HELD.items():
                self._known[kind] |= {str(column[each]) for each in attributes if column.get(each)}


def _names_of(tables: Iterable[FeatureTable]) -> dict[str, set[str]]:
    """The names of each kind in any of some declarations."""
    each = [names_in(table) for table in tables]
    return {kind: set[str]().union(*(names[kind] for names in each)) for kind in (*_HELD, "dataset")}


def _newest_of(numbers: Mapping[str, Numbers], datasets: Collection[str]) -> list[str]:
    """The last version of each of some datasets."""
    return [str(VersionName(name, numbers[name].present[-1])) for name in datasets if numbers[name].present]


def _columns(entity: Entity) -> Collection[Mapping[str, object]]:
    return columns_from(entity["schemaMetadata"]).values()

"""What a catalogue is made of: every dataset and materialization version, read once, and what depends on what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from registry_dagster.answers.current import Candidate
from registry_dagster.answers.expiry import expiry
from registry_dagster.answers.relations import names_of
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.outward.site.paths import materialization_pages
from registry_dagster.registry.holdings import Holding
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.dependence import depends_on, ways
from registry_dagster.registry.rows.found import Dependent

__all__ = ["Catalogue", "Entry", "read_catalogue"]


@dataclass(frozen=True)
class Entry:
    """One version with the dataset that it belongs to.

    Args:
        holding: The dataset.
        record: The version.
        candidate: What is true of it now.
    """

    holding: Holding
    record: DatasetVersion
    candidate: Candidate

    @property
    def name(self) -> str:
        """`dataset@vN`."""
        return self.record.name

    @property
    def is_current(self) -> bool:
        """Whether its dataset's name means it."""
        return self.holding.now.current is not None and self.holding.now.current.version == self.name


@dataclass(frozen=True)
class Catalogue:
    """A whole registry, in the order of names.

    Args:
        holdings: The datasets.
        states: The recorded materialization versions.
        moment: What expiry is compared with; None if no days are counted.
    """

    holdings: tuple[Holding, ...]
    states: tuple[MaterializationVersion, ...]
    moment: datetime | None = None

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """Every version that reads back, by its name."""
        return {entry.name: entry for holding in self.holdings for entry in _entries(holding)}

    @cached_property
    def current(self) -> dict[str, Entry]:
        """Dataset → its current version, where that reads back."""
        return {entry.record.dataset: entry for entry in self.entries.values() if entry.is_current}

    @cached_property
    def recorded(self) -> dict[str, MaterializationVersion]:
        """Key → the materialization version as it is recorded now."""
        return {state.key: state for state in self.states}

    @cached_property
    def state_pages(self) -> dict[str, str]:
        """Key → the page of a materialization version."""
        return materialization_pages(self.states)

    @cached_property
    def _dependents(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for name, entry in self.entries.items():
            for each in depends_on(entry.record):
                found.setdefault(each, []).append(name)
        return found

    def dependents(self, *names: str) -> list[Dependent]:
        """What depends on something by one of its names, in the order of names; see `Registry.dependents`."""
        found = {version for name in names for version in self._dependents.get(name, ())}
        entries = sorted(
            (self.entries[name] for name in found), key=lambda each: (each.record.dataset, each.record.number)
        )
        return [self._dependent(entry, set(names)) for entry in entries]

    def _dependent(self, entry: Entry, names: set[str]) -> Dependent:
        candidate = entry.candidate
        return Dependent(entry.name, tuple(ways(entry.record, names)), candidate.retired, candidate.removed)

    def made_against(self, state: MaterializationVersion) -> list[Dependent]:
        """What was made against a materialization version, by any of its names, or holds ids of it."""
        return self.dependents(*names_of(state))

    def expiry_words(self, state: MaterializationVersion) -> str:
        """When a materialization version expires, as it is recorded now."""
        recorded = self.recorded.get(state.key)
        if recorded is None:
            return "expiry unknown"
        if self.moment is not None:
            return expiry(recorded, at=self.moment).words
        if recorded.expires_on is not None:
            return f"expiry recorded: {recorded.expires_on:%Y-%m-%d} UTC"
        return "recorded as expired" if recorded.status == "expired" else "expiry unknown"


def read_catalogue(registry: Registry, moment: datetime | None = None) -> Catalogue:
    """Read a whole registry.

    Raises:
        NotPublished: nothing was ever published there.
    """
    registry.check_exists()
    holdings = sorted(registry.holdings.read(), key=lambda each: each.dataset.name)
    states = sorted(registry.materializations(), key=lambda each: each.key)
    return Catalogue(tuple(holdings), tuple(states), moment)


def _entries(holding: Holding) -> Iterator[Entry]:
    candidates: Iterable[Candidate] = holding.candidates
    by_name = {each.name: each for each in candidates}
    yield from (Entry(holding, record, by_name[record.name]) for record in holding.records)

"""The versions of datasets: which numbers are published, which are gone, and which number comes next.

A published version never changes, so its summary is kept once read. All else is read for each answer. Numbers are
dense, so they are enumerated from the primary store; neither a version set's pointer nor the highest number that a
Dataset records is trusted to be the last one, since others may delete and a crash may come in between.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy

from registry_dagster.datahub.acts import ACTS_ASPECT, highest_from, readable_acts, with_highest
from registry_dagster.datahub.dataset import dataset_from
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.retirement import is_removed
from registry_dagster.datahub.urns import PLATFORM, container_urn, version_in, version_set_urn, version_urn
from registry_dagster.datahub.version import Summary, summary_from
from registry_dagster.errors import RegistryError
from registry_dagster.model.batches import batches
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.names import MOST_VERSIONS, ParsedVersion, VersionName, parse_version
from registry_dagster.registry.numbers import Numbers
from registry_dagster.registry.remembered import Remembered
from registry_dagster.stores.store import Store, Swap

__all__ = ["MUTABLE", "PAGE", "VersionIndex"]

_log = logging.getLogger(__name__)

PAGE = 200
"""How many entities one request reads."""

MUTABLE = ("deprecation", "status", "subTypes")
"""What may change around a version, and what every one has: one that a store left an aspect out of is there, too."""

_AS_PUBLISHED: Entity = {}
"""What people changed around most versions: one object for all of them."""

_AHEAD = 2
"""How far beyond the highest number is looked: a publish that crashed may have recorded its number too late."""

_FAR_AHEAD = 20
"""As far where the Dataset records no highest number: others may have deleted what is in between."""

_TRIES = 5
_MOST_REFUSED = 3
"""After so many guards in a row that a store refuses, though nobody changed what they guard, none is sent."""


class VersionIndex:
    """The versions of the datasets of one store and environment."""

    def __init__(self, store: Store, env: str) -> None:
        self._store = store
        self._env = env
        self._remembered = Remembered()
        self._named: dict[str, int] = {}
        self._unguarded: set[str] = set()
        self._refused_guards: Counter[str] = Counter()

    def through(self, store: Store) -> VersionIndex:
        """The same index, with the same memory, which reads its store through another view of it."""
        other = copy(self)
        other._store = store
        return other

    def read(self, datasets: Collection[str]) -> dict[str, Numbers]:
        """What is true of datasets now: one batched read per 200 versions, and a constant number besides."""
        return self._read(self._of(datasets), again=True)

    def catch_up(self, datasets: Collection[str]) -> None:
        """Read what others did to datasets, and the versions they published, but no version a second time.

        So what others changed around a version in DataHub's UI remains as it was read; as does one that they deleted.
        """
        self._read(self._of(datasets), again=False)

    def known(self, datasets: Collection[str]) -> dict[str, Numbers]:
        """As last read or remembered; read now where nothing is, or where no guard finds out what others did since.

        What is known may be behind. The commit finds out: a number that is taken refuses it, and the guard refuses it
        if others published a version and deleted it, gave a label, or did anything else to the Dataset.
        """
        known = self._of(datasets)
        self._read(
            {name: each for name, each in known.items() if not each.is_read or name in self._unguarded}, again=True
        )
        return known

    def _of(self, datasets: Collection[str]) -> dict[str, Numbers]:
        return {name: self._remembered.of(name) for name in datasets}

    def _read(self, known: dict[str, Numbers], *, again: bool) -> dict[str, Numbers]:
        """Read datasets: all versions, or, if not again, only those of which nothing is known."""
        if known:
            first = {name for name, each in known.items() if not each.is_read}
            self._read_containers(known)
            # The recorded number lags after a crash, and registries older than it have the version set alone.
            pointers = self._read_pointers([name for name, each in known.items() if name in first or not each.recorded])
            self._read_versions(known, pointers, known.keys() if again else first)
        return known

    def remember(self, dataset: str, summary: Summary) -> None:
        """Keep what was just published."""
        numbers = self._remembered.of(dataset)
        numbers.summaries[summary.number] = summary
        numbers.now[summary.number] = _AS_PUBLISHED

    def remember_dataset(self, dataset: Dataset) -> None:
        """Keep how a Dataset was just recorded."""
        self._remembered.of(dataset.name).dataset = dataset

    def guards(self, records: Sequence[DatasetVersion]) -> list[Proposal | None]:
        """The part of each version's commit that records its number as the highest given; it is never lowered.

        It is written only if the Dataset is as it was read, so that no commit is made against what others changed
        since. None where it cannot be part of the commit.

        Args:
            records: In the order of their commits.
        """
        held: dict[str, Entity] = {}
        guards: list[Proposal | None] = []
        for record in records:
            container = held.get(record.dataset, self._remembered.of(record.dataset).container)
            guard = self._guard(record, container)
            if guard is not None:
                held[record.dataset] = {**container, ACTS_ASPECT: guard.value}
            guards.append(guard)
        return guards

    def _guard(self, record: DatasetVersion, container: Entity) -> Proposal | None:
        if record.dataset in self._unguarded:
            return None
        raised = with_highest(container, max(record.number, self._remembered.of(record.dataset).last))
        urn = container_urn(record.dataset, self._env)
        return Proposal(urn, ACTS_ASPECT, raised, added=True, expects=container.get(ACTS_ASPECT))

    def leave_unguarded(self, dataset: str) -> None:
        """Publish into a dataset without guards from now on, since the store refuses them."""
        self._unguarded.add(dataset)

    def doubt_guard(self, dataset: str) -> None:
        """Send the next commit without guard, since the store refused this one; perhaps for another reason."""
        self._refused_guards[dataset] += 1
        self._unguarded.add(dataset)

    def _trust_guard(self, dataset: str) -> None:
        """Guard again: the Dataset's page can be written, so what was refused may have been something else."""
        if 0 < self._refused_guards[dataset] < _MOST_REFUSED:
            self._unguarded.discard(dataset)

    def mark_given(self, dataset: str, number: int) -> None:
        """Count a number as given, though no record is there."""
        numbers = self._remembered.of(dataset)
        numbers.given = max(numbers.given, number)

    def has_moved(self, guard: Proposal, dataset: str) -> bool:
        """Whether a Dataset, read now, is another than a guard expects."""
        known = self._of([dataset])
        self._read_containers(known)
        return known[dataset].container.get(ACTS_ASPECT) != guard.expects

    def remember_guard(self, guard: Proposal, dataset: str) -> None:
        """Keep what was written with a version."""
        self._refused_guards.pop(dataset, None)
        numbers = self._remembered.of(dataset)
        numbers.container = {**numbers.container, ACTS_ASPECT: guard.value}
        numbers.recorded = highest_from(numbers.container)

    def raise_highest(self, published: Iterable[DatasetVersion]) -> None:
        """Record on Datasets the highest number given, for versions that were published without a guard.

        What cannot be recorded now is recorded by the next publish; that is logged, since the version is published.
        """
        waiting: dict[str, int] = {}
        for record in published:
            if self._remembered.of(record.dataset).recorded < record.number:
                waiting[record.dataset] = max(record.number, waiting.get(record.dataset, 0))
        try:
            waiting = self._raise(waiting, {name: self._remembered.of(name).container for name in waiting})
            for _ in range(_TRIES):
                if not waiting:
                    return
                urns = {name: container_urn(name, self._env) for name in waiting}
                held = self._store.read(list(urns.values()), [ACTS_ASPECT])
                waiting = self._raise(waiting, {name: held.get(urn, {}) for name, urn in urns.items()})
        except RegistryError as error:
            _log.warning("the highest number of %s is not recorded yet: %s", ", ".join(waiting), error)

    def _raise(self, highest: Mapping[str, int], held: Mapping[str, Entity]) -> dict[str, int]:
        """Try it against what is known of the Datasets; those that somebody else changed since are returned."""
        wanted = {name: number for name, number in highest.items() if highest_from(held[name]) < number}
        swaps = [
            Swap(
                container_urn(name, self._env),
                ACTS_ASPECT,
                held[name].get(ACTS_ASPECT),
                with_highest(held[name], number),
            )
            for name, number in wanted.items()
        ]
        written = dict(zip(wanted, self._store.swap(swaps) if swaps else (), strict=True))
        for swap, name in zip(swaps, wanted, strict=True):
            if written[name]:
                self._remembered.of(name).container = {**held[name], ACTS_ASPECT: swap.after}
                self._trust_guard(name)
        for name, number in highest.items():
            if written.get(name, True):
                numbers = self._remembered.of(name)
                numbers.recorded = max(numbers.recorded, number)
        return {name: number for name, number in wanted.items() if not written[name]}

    def _read_containers(self, known: Mapping[str, Numbers]) -> None:
        urns = {name: container_urn(name, self._env) for name in known}
        found = self._store.read(list(urns.values()), ["containerProperties", ACTS_ASPECT])
        for name, urn in urns.items():
            container = found.get(urn, {})
            numbers = known[name]
            numbers.container = container
            numbers.dataset = dataset_from(container)
            numbers.recorded = highest_from(container)
            numbers.given = max(numbers.given, numbers.recorded)
            numbers.acts = readable_acts(container)
            self._note(text for act in numbers.acts for text in (act.version, act.replacement))

    def _read_pointers(self, names: Collection[str]) -> dict[str, int]:
        """The number that each version set points at."""
        urns = {version_set_urn(PLATFORM, name, self._env): name for name in names}
        found = self._store.read(list(urns), ["versionSetProperties"]) if urns else {}
        latest = {
            name: version_in(found[urn]["versionSetProperties"].get("latest") or "")
            for urn, name in urns.items()
            if urn in found
        }
        return {name: _given(version) for name, version in latest.items() if version}

    def _read_versions(self, known: Mapping[str, Numbers], pointers: Mapping[str, int], again: Collection[str]) -> None:
        """Every number up to the last one given, and beyond it as long as anything is there.

        Args:
            known: Dataset → what is known of it.
            pointers: Dataset → the number that its version set points at.
            again: The datasets of which also versions that are known are read.
        """
        # Replaced at once at the end: threads that share an index see all versions or none of this reading.
        before = {name: set(each.now) if name in again else set[int]() for name, each in known.items()}
        now = {name: dict[int, Entity]() for name in known}
        for name, each in known.items():
            each.given = max(each.given, self._named.get(name, 0))
        ahead = {name: _ahead(each) for name, each in known.items()}
        wanted = {
            name: each.to_read(max(each.last, pointers.get(name, 0)) + ahead[name], again=name in again)
            for name, each in known.items()
        }
        while wanted:
            self._read_facts(known, wanted, now)
            wanted = {
                name: range(some[-1] + 1, some[-1] + PAGE + 1)
                for name, some in wanted.items()
                if any(number in now[name] for number in some[-ahead[name] :])
            }
        surprising = [(name, number) for name, each in known.items() for number in each.unread(now[name])]
        for entity, name, number in self._pages(sorted(surprising), ["datasetProperties"]):
            self._keep(known[name], entity, number)
        for name, each in known.items():
            since = {number: entity for number, entity in dict(each.now).items() if number not in before[name]}
            each.now = {**since, **now[name]}
            each.is_read = True
            self._settle_given(name, each, pointers.get(name, 0))

    def _settle_given(self, name: str, numbers: Numbers, pointer: int) -> None:
        """Raise the highest number known to have been given to what links, acts and the pointer name."""
        # It may point at the remains of a version that nobody saw, since a store left its record out.
        seen = pointer if pointer in numbers.summaries or pointer not in numbers.now else 0
        numbers.given = max(numbers.given, self._named.get(name, 0), seen)

    def _read_facts(
        self,
        known: Mapping[str, Numbers],
        wanted: Mapping[str, Sequence[int]],
        now: Mapping[str, dict[int, Entity]],
    ) -> None:
        """What may change around versions; where some were given but never read, also what does not."""
        unread = {(name, number) for name in wanted for number in known[name].given_unread()}
        for page in batches(((name, number) for name, some in wanted.items() for number in some), PAGE):
            aspects = MUTABLE if unread.isdisjoint(page) else [*MUTABLE, "datasetProperties"]
            for entity, name, number in self._pages(page, aspects):
                now[name][number] = self._learn(known[name], entity, number)

    def _learn(self, numbers: Numbers, entity: Entity, number: int) -> Entity:
        """Keep what never changes of a version; returns the rest."""
        (numbers.hidden.discard if entity else numbers.hidden.add)(number)
        if "datasetProperties" in entity:
            self._keep(numbers, entity, number)
        removed = {"status": entity["status"]} if is_removed(entity) else _AS_PUBLISHED
        return {**removed, "deprecation": entity["deprecation"]} if "deprecation" in entity else removed

    def _keep(self, numbers: Numbers, entity: Entity, number: int) -> None:
        summary = numbers.summaries[number] = summary_from(entity, number)
        self._note(summary.links)

    def _pages(self, wanted: Collection[tuple[str, int]], aspects: Collection[str]) -> list[tuple[Entity, str, int]]:
        """The entities of versions that are there, read by the page."""
        urns = {version_urn(str(VersionName(*each)), self._env): each for each in wanted}
        found: list[tuple[Entity, str, int]] = []
        for some in batches(list(urns), PAGE):
            found += [(entity, *urns[urn]) for urn, entity in self._store.read(some, aspects).items()]
        return found

    def _note(self, names: Iterable[str | None]) -> None:
        """A version that only a link, an act or a pointer still names was given, too."""
        for name in filter(None, names):
            version = parse_version(name)
            self._named[version.dataset] = max(self._named.get(version.dataset, 0), _given(version))


def _ahead(numbers: Numbers) -> int:
    return _AHEAD if numbers.recorded or not numbers.last else _FAR_AHEAD


def _given(version: ParsedVersion | VersionName) -> int:
    """The number of a version that is named somewhere; 0 if it has none, or one that others made up."""
    number = version.number or 0
    return number if number <= MOST_VERSIONS else 0

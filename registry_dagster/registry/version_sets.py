"""Keeping version sets true: each names the current version, or the latest state, and shows no other member.

A server chooses by sort ids when a version is written. Where its choice is another, the right member is written into
the set, in a request of its own after the commit and only if the set is still as it was read. A version is published
whatever becomes of that: what could not be done is a note on the receipt, and publishing the same again does it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from registry_dagster.datahub.proposal import Aspect, Entity
from registry_dagster.datahub.urns import (
    PLATFORM,
    materialization_in,
    materialization_urn,
    version_set_urn,
    version_urn,
)
from registry_dagster.datahub.version_sets import SET_ASPECT, flag_in, member_name, moves, named_by_server
from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.latest_states import agrees_with_server, latest_state
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.stores.store import Swap

__all__ = ["VersionSets"]

_log = logging.getLogger(__name__)

_TRIES = 8


@dataclass(frozen=True)
class _Goal:
    """What a version set should show.

    Args:
        wanted: The member it should name.
        members: Those that it may show beside.
    """

    wanted: str
    members: tuple[str, ...]


_Goals = Callable[[Mapping[str, str]], Mapping[str, _Goal]]
"""Version set and the member it names → what it should show. It may read."""


@dataclass
class VersionSets:
    """The version sets of one store and environment.

    A store that knows none is left alone, and so is a hand-off folder, which has none.
    """

    records: Records
    resolver: Resolver
    _notes: dict[str, str] = field(default_factory=dict[str, str])

    def notes(self, record: DatasetVersion) -> tuple[str, ...]:
        """What the sets that a version and its states are in still show wrongly, and what helps."""
        sets = [self._of_dataset(record.dataset), *map(self._of_state, record.materializations)]
        return tuple(self._notes[each] for each in dict.fromkeys(sets) if each in self._notes)

    def settle_published(self, published: Sequence[DatasetVersion], stored: Mapping[str, Entity]) -> None:
        """After publishing: correct the sets of which a server names another version than the current one.

        Args:
            published: The versions.
            stored: Their entities, as they read back; also those of their states, where they were read.
        """
        states = {state.key: state for each in published for state in each.materializations}
        self._settle_seen(states.values(), stored)
        versions = self.resolver.known({each.dataset for each in published})
        taken = {name: each.current() for name, each in versions.items()}
        current = {name: each.version for name, each in taken.items() if each}
        doubtful = [each for each in published if self._is_doubtful(each, current.get(each.dataset), stored)]
        for each in published:
            self._notes.pop(self._of_dataset(each.dataset), None)
        if doubtful:
            self._attempt(self._goals_of_datasets, self._corrected(doubtful, current, stored))

    def settle(self, datasets: Collection[str]) -> None:
        """Correct the sets of some datasets, whose versions are read now."""
        self._attempt(self._goals_of_datasets, lambda: set(map(self._of_dataset, datasets)))

    def named(self, states: Sequence[MaterializationVersion]) -> dict[str, Aspect]:
        """The sets of some states as they are now; those that are absent are left out."""
        return self._held(set(map(self._of_state, states)))

    def settle_states(self, created: Sequence[MaterializationVersion], before: Mapping[str, Aspect]) -> None:
        """After recording new states, in this order: correct the sets of which a server names an earlier one.

        Args:
            created: The states.
            before: Their sets, as they were before.
        """
        by_set = self._by_set(created)
        self._settle_states({name: some for name, some in by_set.items() if not self._agrees(some, before.get(name))})

    def _settle_seen(self, states: Collection[MaterializationVersion], stored: Mapping[str, Entity]) -> None:
        """Correct the sets of states that read back without a flag: default search shows them beside the latest."""
        env = self.records.env
        seen = [(each, stored.get(materialization_urn(each, env), {})) for each in states]
        placed = [(each, flag_in(entity)) for each, entity in seen if "versionProperties" in entity]
        for each, _ in placed:
            self._notes.pop(self._of_state(each), None)
        if self.records.store.search_lags:
            self._settle_states(self._by_set([each for each, flag in placed if flag is None]))

    def _settle_states(self, doubtful: Mapping[str, Sequence[MaterializationVersion]]) -> None:
        def goals(latests: Mapping[str, str]) -> Mapping[str, _Goal]:
            return {name: self._goal_of_states(doubtful[name], latest) for name, latest in latests.items()}

        if doubtful:
            self._attempt(goals, lambda: set(doubtful))

    def _by_set(self, states: Iterable[MaterializationVersion]) -> dict[str, list[MaterializationVersion]]:
        return {name: list(some) for name, some in groupby(sorted(states, key=self._of_state), self._of_state)}

    def _is_doubtful(self, record: DatasetVersion, current: str | None, stored: Mapping[str, Entity]) -> bool:
        """Whether a version is shown and is not current, or is current and perhaps not shown."""
        flag = flag_in(stored.get(version_urn(record.name, self.records.env), {}))
        # A store that is not a server keeps no flags. It names the version that was published last.
        shown = flag if self.records.store.search_lags else True
        return current is not None and shown is not (record.name == current)

    def _corrected(
        self, doubtful: Sequence[DatasetVersion], current: Mapping[str, str], stored: Mapping[str, Entity]
    ) -> Callable[[], set[str]]:
        """Name the current versions, where it is known what the sets name now; returns the sets that are left."""
        env = self.records.env
        urns = {self._of_dataset(each.dataset): version_urn(each.name, env) for each in doubtful}
        wanted = {self._of_dataset(each.dataset): version_urn(current[each.dataset], env) for each in doubtful}

        def first() -> set[str]:
            held, left = self._naming(urns, stored)
            return self._walk(held, {name: [wanted[name]] for name in held}) | left

        return first

    def _naming(self, urns: Mapping[str, str], stored: Mapping[str, Entity]) -> tuple[Mapping[str, Aspect], set[str]]:
        """The sets that name the versions just published, and those of which that is not known.

        Args:
            urns: Version set → the version.
            stored: Their entities.
        """
        if not self.records.store.search_lags:
            # Who published what such a store names instead corrects it.
            return {name: each for name, each in self._held(urns).items() if each["latest"] == urns[name]}, set()
        # A server that flagged the version has just made the set name it.
        flagged = {name: named_by_server(urn) for name, urn in urns.items() if flag_in(stored.get(urn, {}))}
        return flagged, set(urns) - set(flagged)

    def _attempt(self, goals: _Goals, first: Callable[[], set[str]]) -> None:
        """Correct sets; what cannot be done is noted and logged.

        Args:
            goals: What they should show.
            first: A first attempt; returns the sets that are left to correct.
        """
        waiting: set[str] | None = None
        failed: RegistryError | None = None
        for _ in range(_TRIES):
            try:
                waiting = first() if waiting is None else self._reach(waiting, goals)
            except RegistryError as error:
                failed = error
                if not isinstance(error, RegistryUnavailable):
                    break
            if waiting is not None and not waiting:
                return
        _log.warning("a version set does not name the current version yet: %s", failed or "others keep changing it")

    def _reach(self, sets: Collection[str], goals: _Goals) -> set[str]:
        """Read sets and what they should show, and name that; returns those that others changed meanwhile."""
        # The sets are read first: a change to one after that, by whoever knows more, refuses the write.
        held = self._held(sets)
        wanted = goals({name: each["latest"] for name, each in held.items()})
        # A store that is not a server keeps no flags.
        urns = {urn for goal in wanted.values() for urn in goal.members if self.records.store.search_lags}
        stored = self.records.store.read(urns, ["versionProperties"]) if urns else {}
        flags = {urn: flag_in(entity) for urn, entity in stored.items()}
        chains = {
            name: moves(held[name]["latest"], goal.wanted, {urn: flags[urn] for urn in goal.members if urn in flags})
            for name, goal in wanted.items()
        }
        return self._walk(held, chains)

    def _walk(self, held: Mapping[str, Aspect], chains: Mapping[str, Sequence[str]]) -> set[str]:
        """Let sets name one member after the other; returns the sets that others changed meanwhile."""
        now, left = dict(held), set[str]()
        for step in range(max(map(len, chains.values()), default=0)):
            names = [name for name, chain in chains.items() if step < len(chain) and name not in left]
            swaps = [Swap(name, SET_ASPECT, now[name], {**now[name], "latest": chains[name][step]}) for name in names]
            left |= self._swapped(swaps, {name: chains[name][-1] for name in names})
            now |= {each.urn: each.after for each in swaps}
        for name in chains.keys() - left:
            self._notes.pop(name, None)
        return left

    def _swapped(self, swaps: Sequence[Swap], wanted: Mapping[str, str]) -> set[str]:
        """Write sets that are as they were read; returns the others."""
        try:
            written = self.records.store.swap(swaps)
        except RegistryError as error:
            for swap in swaps:
                self._notes[swap.urn] = _note(swap, wanted[swap.urn], error)
            raise
        return {swap.urn for swap, done in zip(swaps, written, strict=True) if not done}

    def _goals_of_datasets(self, latests: Mapping[str, str]) -> Mapping[str, _Goal]:
        env = self.records.env
        names = {self._dataset_in(urn): urn for urn in latests}
        found = {name: (each, each.current()) for name, each in self.resolver.versions(names).items()}
        return {
            names[name]: _Goal(
                version_urn(taken.version, env),
                tuple(version_urn(each.name, env) for each in versions.candidates if each.present),
            )
            for name, (versions, taken) in found.items()
            if taken is not None
        }

    def _goal_of_states(self, created: Sequence[MaterializationVersion], latest: str) -> _Goal:
        env = self.records.env
        urns = {materialization_urn(each, env): each for each in created}
        urns |= {latest: urns.get(latest) or self._state(latest)}
        wanted = latest_state([urns[latest], *(each for urn, each in urns.items() if urn != latest)])
        return _Goal(materialization_urn(wanted, env), tuple(urns))

    def _agrees(self, created: Sequence[MaterializationVersion], before: Aspect | None) -> bool:
        return agrees_with_server([*([self._state(before["latest"])] if before else []), *created])

    def _state(self, urn: str) -> MaterializationVersion:
        """A recorded state, as far as it is recorded."""
        source, name = materialization_in(urn) or ("", urn)
        system, _, version = name.partition("@")
        bare = MaterializationVersion.model_construct(system=system, version=version, source=source)
        return self.records.known_materializations([bare])[bare.key] or bare

    def _held(self, sets: Collection[str]) -> dict[str, Aspect]:
        found = self.records.store.read(sets, [SET_ASPECT]) if sets else {}
        # One that others spoiled names no member, so there is nothing to correct.
        return {urn: entity[SET_ASPECT] for urn, entity in found.items() if entity.get(SET_ASPECT)}

    def _of_dataset(self, name: str) -> str:
        return version_set_urn(PLATFORM, name, self.records.env)

    def _dataset_in(self, urn: str) -> str:
        start, _, end = version_set_urn(PLATFORM, "\n", self.records.env).partition("\n")
        return urn.removeprefix(start).removesuffix(end)

    def _of_state(self, state: MaterializationVersion) -> str:
        return version_set_urn(state.source, state.system, self.records.env)


def _note(swap: Swap, wanted: str, error: RegistryError) -> str:
    """What default search shows beside the wanted member, or instead of it, and what helps."""
    named, current = (swap.before or {}).get("latest", ""), member_name(wanted)
    shown = f"{member_name(swap.after['latest'])} beside" if named == wanted else f"{member_name(named)}, not"
    help_ = (
        "the token may not edit version sets; give its user Edit Entity on version sets, and publish the same again"
        if isinstance(error, AccessDenied)
        else f"publish the same again to correct it. {error}"
    )
    return f"DataHub's default search shows {shown} {current}, which is current: {help_}"

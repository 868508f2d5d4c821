"""Writing what may change around published versions: Datasets, materialization versions, retirements, runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry_dagster.datahub.dataset import tag_proposals
from registry_dagster.datahub.limits import fits_a_urn, refuse_long_names
from registry_dagster.datahub.materialization import materialization_proposals, source_proposal
from registry_dagster.datahub.pipeline import instance_urn, run_proposals
from registry_dagster.datahub.proposal import Entity, Proposal, proposals
from registry_dagster.datahub.urns import materialization_urn
from registry_dagster.errors import AccessDenied, InvalidDeclaration, MaterializationConflict, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.arguments import each_of
from registry_dagster.registry.conditional import change_entities
from registry_dagster.registry.dataset_pages import write_pages
from registry_dagster.registry.denied import Denied
from registry_dagster.registry.latest_states import oldest_first
from registry_dagster.registry.materialization_changes import (
    MaterializationChange,
    MaterializationChanges,
    change_between,
    refused,
)
from registry_dagster.registry.records import Records
from registry_dagster.registry.resolver import Resolver
from registry_dagster.registry.version_sets import VersionSets

__all__ = ["Writer"]

_log = logging.getLogger(__name__)


@dataclass
class Writer:
    """Merges what is declared into what the store has at that moment, never into what was known before."""

    records: Records
    resolver: Resolver
    denied: Denied = field(default_factory=Denied)
    _ensured: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def __post_init__(self) -> None:
        self.sets = VersionSets(self.records, self.resolver)

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        """Create what is absent, without what the token may not. What is known to exist is not asked for again."""
        lacking = {(each.urn, each.aspect): each for each in proposals if (each.urn, each.aspect) not in self._ensured}
        while lacking := {key: each for key, each in lacking.items() if each.urn not in self.denied.urns}:
            try:
                self.records.store.ensure(list(lacking.values()))
            except AccessDenied as error:
                if not {each.urn for each in lacking.values()} & set(error.urns):
                    raise
                self.denied.note(error.urns)
            else:
                self._ensured |= lacking.keys()
                return

    def forget(self) -> None:
        """Ask for everything again: the store lost something, or never had it."""
        self._ensured.clear()

    def write_datasets(self, declared: Sequence[Dataset]) -> None:
        """Record Datasets as they are declared, after the tags they name."""
        if not declared:
            return
        self.ensure(each for dataset in declared for each in tag_proposals(dataset))
        write_pages(self.records, declared, self.denied)

    def _upsert(self, proposals: Iterable[Proposal]) -> None:
        """Change what is there. What the token may not edit is left as it is; receipts say so."""
        wanted = [each for each in proposals if each.urn not in self.denied.urns]
        try:
            self.records.store.upsert(wanted)
        except AccessDenied as error:
            if not {each.urn for each in wanted} & set(error.urns):
                raise
            self.denied.note(error.urns)
            self._upsert(each for each in wanted if each.urn not in error.urns)

    def write_materializations(self, declared: Sequence[MaterializationVersion]) -> None:
        """Record materialization versions as they are declared.

        Raises:
            MaterializationConflict: one is recorded with other facts by now.
        """
        if not declared:
            return
        stored = self.records.materializations(declared)
        merged = _merged(declared, stored)
        created = self._create_materializations([version for key, version in merged.items() if stored[key] is None])
        if len(created) < sum(known is None for known in stored.values()):
            # Another publisher created one in between: merge into what they wrote, and lose nothing of it.
            merged = _merged(declared, self.records.materializations(declared))
        self._update_materializations([version for key, version in merged.items() if key not in created])
        for version in merged.values():
            self.records.remember_materialization(version)

    def _create_materializations(self, versions: Sequence[MaterializationVersion]) -> set[str]:
        """Record those that are still absent; the keys of these.

        Create-only, so that two publishers at once cannot overwrite each other. In the order of their clock, so that
        a server takes the last one for the latest.
        """
        if not versions:
            return set()
        states = oldest_first(versions)
        before = self.sets.named(states)
        refusals = self.records.store.create([self._proposals(each) for each in states])
        created = [state for state, refusal in zip(states, refusals, strict=True) if refusal is None]
        for state in created:
            self.records.remember_materialization(state)
        self.sets.settle_states(created, before)
        return {state.key for state in created}

    def _update_materializations(self, versions: Sequence[MaterializationVersion]) -> None:
        """Write what may change of those that are recorded. Their place in the version set is written only once.

        Writing it again would take the flag of the latest from a version.
        """
        proposals = [each for version in versions for each in self._proposals(version)]
        self._upsert(each for each in proposals if each.aspect != "versionProperties")
        places = [each for each in proposals if each.aspect == "versionProperties"]
        present = self.records.store.read([each.urn for each in places], ["versionProperties"]) if places else {}
        lacking = [each for each in places if each.urn not in present]
        self.records.store.create([[replace(each, added=True)] for each in lacking])

    def _proposals(self, version: MaterializationVersion) -> list[Proposal]:
        return list(materialization_proposals(version, self.records.env))

    def record_materializations(
        self, versions: Sequence[MaterializationVersion], *, write: bool
    ) -> MaterializationChanges:
        """Record materialization versions as their sources report them, each by itself; write only what changes.

        Args:
            versions: The versions.
            write: If false, only say what would change.
        """
        versions = each_of(MaterializationVersion, versions, "versions")
        # A server does not even answer a question about a name that is too long.
        stored = self.records.materializations([each for each in versions if fits_a_urn(self._urn(each))])
        now = dict(stored)
        changes: list[MaterializationChange] = []
        for version in versions:
            recorded = now.get(version.key)
            try:
                merged = _added(version, recorded)
            except (InvalidDeclaration, MaterializationConflict) as error:
                changes.append(refused(version, str(error)))
            else:
                changes.append(change_between(recorded, merged))
                now[version.key] = merged
        changed = [version for key, version in now.items() if version is not None and version != stored[key]]
        if changed and write:
            self.ensure(source_proposal(source) for source in sorted({version.source for version in changed}))
            created = self._create_materializations([each for each in changed if stored.get(each.key) is None])
            self._update_materializations([each for each in changed if each.key not in created])
            for version in changed:
                self.records.remember_materialization(version)
        return MaterializationChanges(tuple(changes), written=write)

    def _urn(self, version: MaterializationVersion) -> str:
        return materialization_urn(version, self.records.env)

    def write_runs(self, records: Sequence[DatasetVersion]) -> None:
        """The runs behind published versions. Written after them, so that no run points at what does not exist.

        The versions are published by then: a failure here is logged, and publishing the same again adds the runs.
        """
        env = self.records.env
        runs = [(urn, record) for record in records if (urn := instance_urn(record.provenance, env)) is not None]
        try:
            if runs:
                change_entities(self.records.store, {urn for urn, _ in runs}, lambda stored: _runs(runs, stored, env))
        except RegistryError as error:
            names = ", ".join(record.name for _, record in runs)
            _log.warning("the runs that made %s are not recorded; publish the same again to add them. %s", names, error)


def _runs(runs: Sequence[tuple[str, DatasetVersion]], stored: Mapping[str, Entity], env: str) -> Iterable[Proposal]:
    """The runs with all versions that each made."""
    now = dict(stored)
    for urn, record in runs:
        now[urn] = {each.aspect: each.value for each in run_proposals(record, now.get(urn, {}), env)}
    return [each for urn in dict(runs) for each in proposals(urn, now[urn])]


def _added(version: MaterializationVersion, recorded: MaterializationVersion | None) -> MaterializationVersion:
    """What is recorded, with what is reported now.

    Raises:
        InvalidDeclaration: its names are too long for a URN.
        MaterializationConflict: it contradicts its record.
    """
    refuse_long_names([version])
    return version.added_to(recorded) if recorded else version


def _merged(
    declared: Iterable[MaterializationVersion], recorded: Mapping[str, MaterializationVersion | None]
) -> dict[str, MaterializationVersion]:
    """What is declared, added to what is recorded, by its key."""
    merged: dict[str, MaterializationVersion] = {}
    for version in declared:
        known = merged.get(version.key) or recorded[version.key]
        merged[version.key] = version.added_to(known) if known else version
    return merged

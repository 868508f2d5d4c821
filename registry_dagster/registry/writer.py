"""Writing what may change around published versions: Datasets, materialization versions, retirements, runs."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from registry_dagster.datahub.dataset import (
    dataset_from,
    dataset_proposals,
    owner_proposals,
    tag_proposals,
    user_proposal,
)
from registry_dagster.datahub.materialization import materialization_proposals, source_proposal
from registry_dagster.datahub.pipeline import instance_urn, run_proposals
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.retirement import retirement_proposal
from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.errors import (
    InvalidDeclaration,
    MaterializationConflict,
    NotPublished,
    RegistryError,
)
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import exact_version
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.arguments import each_of, instance_of, reason_of
from registry_dagster.registry.materialization_changes import (
    MaterializationChange,
    MaterializationChanges,
    change_between,
    refused,
)
from registry_dagster.registry.publisher import provenance
from registry_dagster.registry.records import Records

__all__ = ["Writer"]

_log = logging.getLogger(__name__)


@dataclass
class Writer:
    """Merges what is declared into what stands in the store at that moment, never into what was known before."""

    records: Records
    _ensured: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        """Create what is absent. What was made sure of before is not asked for again."""
        lacking = {(each.urn, each.aspect): each for each in proposals if (each.urn, each.aspect) not in self._ensured}
        if lacking:
            self.records.store.ensure(list(lacking.values()))
            self._ensured |= lacking.keys()

    def forget(self) -> None:
        """Make sure of everything again: the store lost something, or never had it."""
        self._ensured.clear()

    def write_datasets(self, declared: Sequence[Dataset]) -> None:
        """Record Datasets as they are declared, after the owners and tags they name."""
        if not declared:
            return
        env = self.records.env
        self.ensure(each for dataset in declared for each in (*owner_proposals(dataset), *tag_proposals(dataset)))
        stored = self.records.store.read([container_urn(dataset.name, env) for dataset in declared])
        merged: dict[str, Dataset] = {}
        for dataset in declared:
            recorded = merged.get(dataset.name) or dataset_from(stored.get(container_urn(dataset.name, env), {}))
            merged[dataset.name] = dataset.added_to(recorded) if recorded else dataset
        self.records.store.upsert(
            proposal
            for name, dataset in merged.items()
            for proposal in dataset_proposals(dataset, stored.get(container_urn(name, env), {}), env)
        )
        for dataset in merged.values():
            self.records.remember_dataset(dataset)

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
            # Others recorded it in between.
            merged = _merged(declared, self.records.materializations(declared))
        self._upsert_materializations([version for key, version in merged.items() if key not in created])
        for version in merged.values():
            self.records.remember_materialization(version)

    def _create_materializations(self, versions: Sequence[MaterializationVersion]) -> set[str]:
        """Record those that are still absent; the keys of these."""
        unsupported = self.records.store.unsupported
        commits = [
            [each for each in materialization_proposals(version, self.records.env) if each.aspect not in unsupported]
            for version in versions
        ]
        refusals = self.records.store.create(commits) if commits else ()
        return {version.key for version, refusal in zip(versions, refusals, strict=True) if refusal is None}

    def _upsert_materializations(self, versions: Sequence[MaterializationVersion]) -> None:
        self.records.store.upsert(
            proposal for version in versions for proposal in materialization_proposals(version, self.records.env)
        )

    def record_materializations(
        self, versions: Sequence[MaterializationVersion], *, write: bool
    ) -> MaterializationChanges:
        """Record materialization versions as their sources tell of them, each for itself; write only what changes.

        Args:
            versions: The versions.
            write: Without, only say what would change.
        """
        versions = each_of(MaterializationVersion, versions, "versions")
        stored = self.records.materializations(versions)
        now = dict(stored)
        changes: list[MaterializationChange] = []
        for version in versions:
            recorded = now[version.key]
            try:
                merged = version.added_to(recorded) if recorded else version
            except MaterializationConflict as error:
                changes.append(refused(version, str(error)))
            else:
                changes.append(change_between(recorded, merged))
                now[version.key] = merged
        changed = [version for key, version in now.items() if version is not None and version != stored[key]]
        if changed and write:
            self.ensure(source_proposal(source) for source in sorted({version.source for version in changed}))
            self._upsert_materializations(changed)
            for version in changed:
                self.records.remember_materialization(version)
        return MaterializationChanges(tuple(changes), written=write)

    def describe(self, dataset: Dataset) -> None:
        """Record how a Dataset is described now. What the description leaves out is unchanged.

        Raises:
            NotPublished: there is no such dataset.
        """
        instance_of(Dataset, dataset, "dataset")
        if self.records.dataset(dataset.name) is None:
            raise NotPublished(
                f"{dataset.name}: no such dataset at {self.records.store.target}; publish a version first"
            )
        self.write_datasets([dataset])

    def retire(self, version: str, reason: str, replacement: str | None, publisher: str | None) -> Retirement:
        """Record that a version should no longer be used, also one whose record others changed.

        Raises:
            PublishRefused: no reason, or nobody who says so.
            NotPublished: the version, or its replacement, is not published.
        """
        reason = reason_of(reason, "retiring a version needs a reason: say why it should not be used")
        names = [version, *([replacement] if replacement else [])]
        for name in names:
            exact_version(name)
        if replacement == version:
            raise InvalidDeclaration(f"{version} cannot be replaced by itself; name the version to use instead")
        who = provenance(publisher, reason, act="retiring a version")
        urns = {version_urn(name, self.records.env): name for name in names}
        found = self.records.store.read(list(urns), ["datasetProperties"])
        for urn, name in urns.items():
            if not found.get(urn):
                raise NotPublished(f"{name}: not published at {self.records.store.target}")
        retirement = Retirement(who.message, who.publisher, replacement)
        self.ensure([user_proposal(retirement.by)])
        self.records.store.upsert([retirement_proposal(version, retirement, self.records.env)])
        return retirement

    def write_runs(self, records: Sequence[DatasetVersion]) -> None:
        """The runs behind published versions. Written after them, so that no run points at nothing.

        The versions stand by then: a failure here is logged, and publishing the same again mends it.
        """
        env = self.records.env
        runs = [(urn, record) for record in records if (urn := instance_urn(record.provenance, env)) is not None]
        try:
            stored = self.records.store.read({urn for urn, _ in runs}) if runs else {}
            for urn, record in runs:
                changed = run_proposals(record, stored.get(urn, {}), env)
                self.records.store.upsert(changed)
                stored[urn] = {proposal.aspect: proposal.value for proposal in changed}
        except RegistryError as error:
            names = ", ".join(record.name for _, record in runs)
            _log.warning("the runs that made %s are not recorded; publish the same again to add them. %s", names, error)


def _merged(
    declared: Iterable[MaterializationVersion], recorded: Mapping[str, MaterializationVersion | None]
) -> dict[str, MaterializationVersion]:
    """What is declared, added to what is recorded, by its key."""
    merged: dict[str, MaterializationVersion] = {}
    for version in declared:
        known = merged.get(version.key) or recorded[version.key]
        merged[version.key] = version.added_to(known) if known else version
    return merged

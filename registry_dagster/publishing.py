"""Publishing, exactly once: prerequisites, one create-only commit a version, read back, compare.

No answer of a store is believed. After every one, lost ones included, the primary store is read: a
version that reads back with our digest is published, whatever was answered; one with another digest
is somebody else's; none means try again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.datahub.audit import PEOPLES_OWN, stands
from registry_dagster.datahub.pipeline import pipeline_proposals
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, digest_of, record_from, version_proposals
from registry_dagster.errors import (
    AccessDenied,
    CorruptRecord,
    MaterializationConflict,
    PublishRefused,
    RegistryError,
    RegistryUnavailable,
    StoreRefused,
)
from registry_dagster.evolving import Evolving
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.plan import Plan, Publication, Receipt, Source
from registry_dagster.planning import (
    conflict_with,
    linked_targets,
    make_plan,
    number_in_the_way,
    others_named,
    without_false_links,
)
from registry_dagster.records import Records, View
from registry_dagster.stores.store import Refusal

__all__ = ["PUBLISHER_VARIABLE", "Outcome", "Publisher"]

PUBLISHER_VARIABLE = "FEATURE_REGISTRY_PUBLISHER"
_LOST_RACES = 100
_FAILURES = 4

Outcome = Receipt | RegistryError


@dataclass
class _Task:
    """One publication on its way."""

    publication: Publication
    provenance: Provenance
    lost_races: int = 0
    failures: int = 0
    sent: bool = False
    outcome: Outcome | None = None

    @property
    def dataset(self) -> str:
        return self.publication.feature_table.dataset.name

    @property
    def others(self) -> set[str]:
        return others_named(self.publication.feature_table, self.publication.source)


@dataclass(frozen=True)
class _Commit:
    """A planned version as it goes to the store."""

    task: _Task
    plan: Plan
    record: DatasetVersion
    proposals: tuple[Proposal, ...]


@dataclass
class Publisher:
    """Publishes into one store. Remembers what it made sure of: a second publish costs little."""

    records: Records
    evolving: Evolving
    default: str | None = None

    def publish(self, publications: Sequence[Publication]) -> list[Outcome]:
        """Publish each, independently, and say of each what became of it.

        Publications of the same dataset get their numbers in the order given; one that refers to a
        dataset published by an earlier one is linked to it.
        """
        tasks = [self._task(each) for each in publications]
        waiting = [task for task in tasks if task.outcome is None]
        fresh = False
        while waiting:
            try:
                self._round(_independent(waiting), fresh)
            except RegistryError as error:
                for task in waiting:
                    task.outcome = task.outcome or _interrupted(task, error)
            fresh = any(task.outcome is None and (task.failures or task.lost_races) for task in waiting)
            waiting = [task for task in waiting if task.outcome is None]
        return [task.outcome for task in tasks if task.outcome is not None]

    def publisher(self, given: str | None) -> str:
        """Who publishes: the one given, else the default.

        Raises:
            PublishRefused: there is neither.
        """
        publisher = given or self.default
        if not publisher or not publisher.strip():
            raise PublishRefused(
                f"a publish needs a publisher: name one, or set {PUBLISHER_VARIABLE} (an e-mail address or "
                "account name)"
            )
        return publisher

    def provenance(self, message: str, publisher: str | None, source: Source | None = None) -> Provenance:
        """Who says what, now.

        Raises:
            PublishRefused: there is no publisher.
            InvalidDeclaration: publisher or message are not well formed.
        """
        source = source or Source()
        return Provenance(
            publisher=self.publisher(publisher),
            message=message,
            published_at=datetime.now(timezone.utc),
            dagster_run_id=source.run_id,
            dagster_asset=source.asset,
            dagster_partition=source.partition,
            dagster_job=source.job,
            dagster_op=source.op,
        )

    def _task(self, publication: Publication) -> _Task:
        try:
            if not publication.message.strip():
                raise PublishRefused("a publish needs a message: say why this version is published")
            return _Task(publication, self.provenance(publication.message, publication.publisher, publication.source))
        except RegistryError as error:
            now = datetime.now(timezone.utc)
            nobody = Provenance(publisher="nobody", message="refused", published_at=now)
            return _Task(publication, nobody, outcome=error)

    def _round(self, tasks: Sequence[_Task], fresh: bool) -> None:
        """Take each as far as it goes: planned, committed, read back."""
        view = self.records.view(
            owners={task.dataset for task in tasks},
            others=set[str]().union(*(task.others for task in tasks)),
            upstreams=[each for task in tasks for each in task.publication.feature_table.materializations],
            fresh=fresh,
        )
        plans = self._plans(tasks, view)
        commits = self._commits([(task, plan) for task, plan in plans if plan.creates])
        self.evolving.write_datasets(
            [
                task.publication.feature_table.dataset
                for task, plan in plans
                if task.outcome is None and plan.dataset != view.datasets[task.dataset]
            ]
        )
        self._settle_standing([(task, plan) for task, plan in plans if not plan.creates])
        if commits:
            self._write_prerequisites(commits)
            commits = self._write_upstreams(commits, view)
        if commits:
            self._create(commits)

    def _plans(self, tasks: Sequence[_Task], view: View) -> list[tuple[_Task, Plan]]:
        """A plan for each; the same content or label twice waits for the first one to stand."""
        plans: list[tuple[_Task, Plan]] = []
        highest: dict[str, int] = {}
        contents: set[str] = set()
        labels: set[tuple[str, str]] = set()
        for task in tasks:
            given = task.publication
            above = highest.get(task.dataset, 0)
            try:
                plan = make_plan(
                    given.feature_table, given.table, view, label=given.label, source=given.source, above=above
                )
                plan = without_false_links(plan, self.records.columns(linked_targets(plan)))
                self._refuse_conflict(plan, given, view)
            except RegistryError as error:
                task.outcome = error
                continue
            content, label = plan.record.content_digest, (task.dataset, given.label or "")
            if content not in contents and (not given.label or label not in labels):
                view = _seen_with(view, plan)
                plans.append((task, plan))
                contents.add(content)
                labels.add(label)
                highest[task.dataset] = max(above, plan.record.number)
        return plans

    def _refuse_conflict(self, plan: Plan, publication: Publication, view: View) -> None:
        number = number_in_the_way(plan, view.versions[plan.record.dataset], publication.version)
        if number is not None:
            name = f"{plan.record.dataset}@v{number}"
            raise conflict_with(plan, self.records.get([name])[name])

    def _commits(self, plans: Sequence[tuple[_Task, Plan]]) -> list[_Commit]:
        commits: list[_Commit] = []
        for task, plan in plans:
            try:
                commits.append(self._commit(task, plan))
            except StoreRefused as error:
                task.outcome = error
        return commits

    def _commit(self, task: _Task, plan: Plan) -> _Commit:
        record = plan.record.model_copy(update={"provenance": task.provenance})
        proposals = self._proposals(record, plan.dataset)
        self.records.store.check(proposals)
        return _Commit(task, plan, record, proposals)

    def _proposals(self, record: DatasetVersion, dataset: Dataset) -> tuple[Proposal, ...]:
        unsupported = self.records.store.unsupported
        proposals = version_proposals(record, dataset, self.records.env)
        return tuple(each for each in proposals if each.aspect not in unsupported)

    def _settle_standing(self, standing: Sequence[tuple[_Task, Plan]]) -> None:
        """Prove those that stand already; complete those that an earlier publish left incomplete."""
        env = self.records.env
        stored = self.records.store.read([version_urn(plan.version, env) for _, plan in standing])
        proven: list[tuple[_Task, DatasetVersion, list[Proposal]]] = []
        for task, plan in standing:
            try:
                record = self._standing(plan, stored)
            except CorruptRecord as error:
                task.outcome = error
            else:
                # Owners are people's to change.
                proposals = [each for each in self._proposals(record, plan.dataset) if each.aspect not in PEOPLES_OWN]
                proven.append((task, record, proposals))
        joins = {each.urn for _, _, proposals in proven for each in proposals} - stored.keys()
        stored |= self.records.store.read(joins) if joins else {}
        for task, record, proposals in proven:
            absent = [each for each in proposals if each.aspect not in stored.get(each.urn, {})]
            try:
                self._complete(record, absent, stored)
                task.outcome = self._receipt(record, created=False)
            except RegistryError as error:
                task.outcome = error
        self.evolving.write_runs([record for task, record, _ in proven if isinstance(task.outcome, Receipt)])

    def _standing(self, plan: Plan, stored: Mapping[str, Entity]) -> DatasetVersion:
        """The record as it was published. What is missing of it is in the declaration: the digest proves both."""
        urn = version_urn(plan.version, self.records.env)
        entity = stored.get(urn, {})
        if digest_of(entity) is None:
            raise CorruptRecord(f"{urn}: aspect datasetProperties is missing; it was removed after publishing")
        declared = {each.aspect: each.value for each in self._proposals(plan.record, plan.dataset) if each.urn == urn}
        return record_from({**{aspect: declared[aspect] for aspect in RECORD_ASPECTS}, **entity}, urn)

    def _write_prerequisites(self, commits: Sequence[_Commit]) -> None:
        self.evolving.ensure(
            proposal
            for commit in commits
            for proposal in (
                *prerequisite_proposals(commit.record, commit.plan.dataset),
                *pipeline_proposals(commit.record, self.records.env),
            )
        )

    def _write_upstreams(self, commits: Sequence[_Commit], view: View) -> list[_Commit]:
        """Record the upstream versions. A commit that contradicts what is recorded by now fails and falls out."""
        declared = {id(commit): _changed_upstreams(commit, view) for commit in commits}
        try:
            self.evolving.write_upstreams([version for versions in declared.values() for version in versions])
        except MaterializationConflict:
            for commit in commits:
                try:
                    self.evolving.write_upstreams(declared[id(commit)])
                except MaterializationConflict as error:
                    commit.task.outcome = error
        return [commit for commit in commits if commit.task.outcome is None]

    def _create(self, commits: Sequence[_Commit]) -> None:
        unavailable: RegistryUnavailable | None = None
        refusals: Sequence[Refusal | None] = [None] * len(commits)
        try:
            refusals = self.records.store.create([commit.proposals for commit in commits])
        except RegistryUnavailable as error:
            unavailable = error
        for commit in commits:
            commit.task.sent = True
        stored = self._read_back([proposal for commit in commits for proposal in commit.proposals])
        for commit, refusal in zip(commits, refusals, strict=True):
            try:
                self._settle(commit, stored, refusal, unavailable)
            except RegistryError as error:
                commit.task.outcome = _interrupted(commit.task, error)
        self.evolving.write_runs([commit.record for commit in commits if isinstance(commit.task.outcome, Receipt)])

    def _settle(
        self,
        commit: _Commit,
        stored: dict[str, Entity],
        refusal: Refusal | None,
        unavailable: RegistryUnavailable | None,
    ) -> None:
        record, task = commit.record, commit.task
        urn = version_urn(record.name, self.records.env)
        if _is_remains(stored.get(urn, {})):
            stored = self._take_over(commit, stored)
        entity = stored.get(urn, {})
        if digest_of(entity) == record.digest:
            self.records.remember(commit.proposals, record.number, commit.plan.dataset)
            try:
                self._complete(record, commit.proposals, stored)
                task.outcome = self._receipt(record, created=True)
            except RegistryError as error:
                task.outcome = error
        elif entity and not _is_remains(entity):
            self.records.look_ahead(record.dataset)
            task.lost_races += 1
            if task.lost_races > _LOST_RACES:
                task.outcome = RegistryUnavailable(
                    f"{record.dataset}: other publishers took the next number {_LOST_RACES} times in a row; nothing "
                    "of this publish was recorded, run it again"
                )
        else:
            self.evolving.forget()
            task.failures += 1
            if task.failures > _FAILURES or (refusal is not None and task.failures > 1):
                task.outcome = _not_published(record, refusal, unavailable)

    def _take_over(self, commit: _Commit, stored: dict[str, Entity]) -> dict[str, Entity]:
        """Publish over the remains of a version whose record was never written, so that nobody saw it."""
        urn = version_urn(commit.record.name, self.records.env)
        for _ in range(_FAILURES):
            with suppress(RegistryUnavailable):
                self.records.store.create([[_over(each, stored) for each in commit.proposals]])
            stored = self._read_back(commit.proposals)
            if not _is_remains(stored.get(urn, {})):
                break
        return stored

    def _complete(self, record: DatasetVersion, expected: Sequence[Proposal], stored: dict[str, Entity]) -> None:
        """Prove a version that is published; write what the store left out of it without saying so.

        Args:
            record: The version.
            expected: Aspects it must have.
            stored: What was read back of it.
        """
        urn = version_urn(record.name, self.records.env)
        refusal: Refusal | None = None
        failed: RegistryError | None = None
        for attempt in range(_FAILURES + 1):
            lacking = [_over(each, stored) for each in expected if not stands(each, stored)]
            if not lacking:
                break
            names = ", ".join(dict.fromkeys(each.aspect for each in lacking))
            incomplete = (
                f"{record} is published, but the store left out {names}. Running again is safe and completes it"
            )
            if attempt == _FAILURES:
                if failed is not None:
                    raise RegistryUnavailable(f"{incomplete}. {failed}") from failed
                why = f"it answers: {refusal.reason}" if refusal else "it answers that it wrote it; look into its log"
                raise StoreRefused(f"{incomplete}, once the store takes it: {why}")
            failed = None
            try:
                (refusal,) = self.records.store.create([lacking])
            except RegistryUnavailable as error:
                failed = error
            try:
                stored = stored | self.records.store.read({each.urn for each in expected})
            except RegistryError as error:
                raise RegistryUnavailable(f"{incomplete}. {error}") from error
        if expected and record_from(stored[urn], urn).digest != record.digest:
            raise CorruptRecord(f"{urn}: another record was put there after publishing")

    def _read_back(self, proposals: Iterable[Proposal]) -> dict[str, Entity]:
        return self.records.store.read(list(dict.fromkeys(proposal.urn for proposal in proposals)))

    def _receipt(self, record: DatasetVersion, created: bool) -> Receipt:
        return Receipt(record.name, version_urn(record.name, self.records.env), record.digest, created, record)


def _independent(waiting: Sequence[_Task]) -> list[_Task]:
    """Those that do not refer to a dataset which an earlier one is still to publish."""
    chosen: list[_Task] = []
    ahead: set[str] = set()
    held: set[str] = set()
    for task in waiting:
        if task.others & ahead or task.dataset in held:
            held.add(task.dataset)
        else:
            chosen.append(task)
        ahead.add(task.dataset)
    return chosen


def _changed_upstreams(commit: _Commit, view: View) -> list[MaterializationVersion]:
    changed = {version.key for version in commit.plan.upstreams if version != view.upstreams[version.key]}
    return [each for each in commit.task.publication.feature_table.materializations if each.key in changed]


def _seen_with(view: View, plan: Plan) -> View:
    """What later plans of the same round must agree with."""
    return replace(
        view,
        datasets={**view.datasets, plan.dataset.name: plan.dataset},
        upstreams={**view.upstreams, **{version.key: version for version in plan.upstreams}},
    )


def _interrupted(task: _Task, error: RegistryError) -> RegistryError:
    """The error that says of this task what is known."""
    if task.sent:
        return RegistryUnavailable(
            f"{task.dataset}: a version was sent, but the store could not be read afterwards, so whether it is "
            f"published is not known. Running again is safe: it finds the version or publishes it. {error}"
        )
    if isinstance(error, RegistryUnavailable):
        return RegistryUnavailable(
            f"{task.dataset}: no version was sent, so none is published. Running again is safe. {error}"
        )
    return error


def _is_remains(entity: Entity) -> bool:
    """Whether aspects of a version are there without a record: a store left it out without saying so."""
    return bool(entity) and "datasetProperties" not in entity


def _over(proposal: Proposal, stored: Mapping[str, Entity]) -> Proposal:
    """The proposal, to be written over what is stored, if anything is."""
    return replace(proposal, replaces=proposal.aspect in stored.get(proposal.urn, {}))


def _not_published(
    record: DatasetVersion, refusal: Refusal | None, unavailable: RegistryUnavailable | None
) -> RegistryError:
    if refusal is not None:
        kind = AccessDenied if refusal.denied else StoreRefused
        return kind(f"{record} is not published: {refusal.reason}")
    if unavailable is not None:
        return RegistryUnavailable(
            f"{record} is not published as far as the store tells. A request without an answer may still be carried "
            f"out; running again is safe: it finds the version or publishes it. {unavailable}"
        )
    return RegistryUnavailable(
        f"{record} is not published: the store answers that it wrote it, but holds nothing. Running again is safe"
    )

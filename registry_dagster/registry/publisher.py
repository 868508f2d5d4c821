"""Publishing, exactly once: plan, write what the versions point at, commit, read back, compare.

No answer of a store is believed. After every one, lost ones included, the primary store is read: a
version that reads back with our digest is published, whatever was answered; one with another digest
is somebody else's; none means try again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.datahub.pipeline import pipeline_proposals
from registry_dagster.datahub.prerequisites import prerequisite_proposals
from registry_dagster.errors import (
    MaterializationConflict,
    PublishRefused,
    RegistryError,
    RegistryUnavailable,
    StoreRefused,
)
from registry_dagster.model.dataset_version import Provenance
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import VersionName
from registry_dagster.registry.commit import Commit, Committer, Outcome, Task, interrupted
from registry_dagster.registry.plan import Origin, Plan, Publication
from registry_dagster.registry.planner import (
    conflict_with,
    linked_targets,
    make_plan,
    number_in_the_way,
    without_false_links,
)
from registry_dagster.registry.records import Records, View
from registry_dagster.registry.writer import Writer

__all__ = ["PUBLISHER_VARIABLE", "Publisher"]

PUBLISHER_VARIABLE = "FEATURE_REGISTRY_PUBLISHER"


@dataclass
class Publisher:
    """Publishes into one store. Remembers what it made sure of: a second publish costs little."""

    records: Records
    writer: Writer
    committer: Committer
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
                self._each_by_itself(_independent(waiting), fresh)
            except RegistryUnavailable as error:
                for task in waiting:
                    task.outcome = task.outcome or interrupted(task, error)
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

    def provenance(self, message: str, publisher: str | None, origin: Origin | None = None) -> Provenance:
        """Who says what, now.

        Raises:
            PublishRefused: there is no publisher.
            InvalidDeclaration: publisher or message are not well formed.
        """
        origin = origin or Origin()
        return Provenance(
            publisher=self.publisher(publisher),
            message=message,
            published_at=datetime.now(timezone.utc),
            dagster_run_id=origin.run_id,
            dagster_asset=origin.asset,
            dagster_partition=origin.partition,
            dagster_job=origin.job,
            dagster_op=origin.op,
        )

    def _task(self, publication: Publication) -> Task:
        try:
            if not publication.message.strip():
                raise PublishRefused("a publish needs a message: say why this version is published")
            return Task(publication, self.provenance(publication.message, publication.publisher, publication.origin))
        except RegistryError as error:
            now = datetime.now(timezone.utc)
            nobody = Provenance(publisher="nobody", message="refused", published_at=now)
            return Task(publication, nobody, outcome=error)

    def _each_by_itself(self, tasks: Sequence[Task], fresh: bool) -> None:
        """A round of all. Where the store refuses a step of it, which may be for one of them alone, a round each.

        Raises:
            RegistryUnavailable: the store cannot be reached, for whichever.
        """
        try:
            self._round(tasks, fresh)
        except RegistryUnavailable:
            raise
        except RegistryError as error:
            for task in (task for task in tasks if task.outcome is None):
                if len(tasks) == 1:
                    task.outcome = interrupted(task, error)
                else:
                    self._each_by_itself([task], fresh=True)

    def _round(self, tasks: Sequence[Task], fresh: bool) -> None:
        """Take each as far as it goes: planned, committed, read back."""
        view = self.records.view(
            owners={task.dataset for task in tasks},
            others=set[str]().union(*(task.others for task in tasks)),
            materializations=[each for task in tasks for each in task.publication.feature_table.materializations],
            # A number that is asked for is held against what stands now.
            fresh=fresh or any(task.publication.version is not None for task in tasks),
        )
        plans = self._plans(tasks, view)
        commits = self._commits([(task, plan) for task, plan in plans if plan.creates])
        self.writer.write_datasets(
            [
                task.publication.feature_table.dataset
                for task, plan in plans
                if task.outcome is None and plan.dataset != view.datasets[task.dataset]
            ]
        )
        self.committer.settle_standing([(task, plan) for task, plan in plans if not plan.creates])
        if commits:
            self._write_prerequisites(commits)
            commits = self._write_materializations(commits, view)
        if commits:
            self.committer.create(commits)

    def _plans(self, tasks: Sequence[Task], view: View) -> list[tuple[Task, Plan]]:
        """A plan for each; the same content or label twice waits for the first one to stand."""
        plans: list[tuple[Task, Plan]] = []
        highest: dict[str, int] = {}
        contents: set[str] = set()
        labels: set[tuple[str, str]] = set()
        for task in tasks:
            given = task.publication
            above = highest.get(task.dataset, 0)
            try:
                plan = make_plan(
                    given.feature_table, given.table, view, label=given.label, origin=given.origin, above=above
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
            name = str(VersionName(plan.record.dataset, number))
            raise conflict_with(plan, self.records.get([name])[name])

    def _commits(self, plans: Sequence[tuple[Task, Plan]]) -> list[Commit]:
        commits: list[Commit] = []
        for task, plan in plans:
            try:
                commits.append(self._commit(task, plan))
            except StoreRefused as error:
                task.outcome = error
        return commits

    def _commit(self, task: Task, plan: Plan) -> Commit:
        record = plan.record.model_copy(update={"provenance": task.provenance})
        proposals = self.committer.proposals(record, plan.dataset)
        self.records.store.check(proposals)
        return Commit(task, plan, record, proposals)

    def _write_prerequisites(self, commits: Sequence[Commit]) -> None:
        self.writer.ensure(
            proposal
            for commit in commits
            for proposal in (
                *prerequisite_proposals(commit.record, commit.plan.dataset),
                *pipeline_proposals(commit.record, self.records.env),
            )
        )

    def _write_materializations(self, commits: Sequence[Commit], view: View) -> list[Commit]:
        """Record the materialization versions. A commit that contradicts them falls out."""
        declared = {id(commit): _changed_materializations(commit, view) for commit in commits}
        try:
            self.writer.write_materializations([version for versions in declared.values() for version in versions])
        except MaterializationConflict:
            for commit in commits:
                try:
                    self.writer.write_materializations(declared[id(commit)])
                except MaterializationConflict as error:
                    commit.task.outcome = error
        return [commit for commit in commits if commit.task.outcome is None]


def _independent(waiting: Sequence[Task]) -> list[Task]:
    """Those that do not refer to a dataset which an earlier one is still to publish."""
    chosen: list[Task] = []
    ahead: set[str] = set()
    held: set[str] = set()
    for task in waiting:
        if task.others & ahead or task.dataset in held:
            held.add(task.dataset)
        else:
            chosen.append(task)
        ahead.add(task.dataset)
    return chosen


def _changed_materializations(commit: Commit, view: View) -> list[MaterializationVersion]:
    changed = {version.key for version in commit.plan.materializations if version != view.materializations[version.key]}
    return [each for each in commit.task.publication.feature_table.materializations if each.key in changed]


def _seen_with(view: View, plan: Plan) -> View:
    """What later plans of the same round must agree with."""
    return replace(
        view,
        datasets={**view.datasets, plan.dataset.name: plan.dataset},
        materializations={**view.materializations, **{version.key: version for version in plan.materializations}},
    )

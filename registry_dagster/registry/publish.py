"""Publishing, exactly once: plan, write what the versions point at, commit, read back, compare.

Publications are tasks, and tasks go in rounds. A round takes each task as far as it goes: it has an outcome
afterwards, or it lost a race or met a failure and goes into the next round, which reads the store again.
`commit` says when a version counts as published.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from registry_dagster.answers.same_content import table_key
from registry_dagster.errors import (
    InvalidDeclaration,
    MaterializationConflict,
    RegistryError,
    RegistryUnavailable,
    StoreRefused,
)
from registry_dagster.model.dataset_version import Provenance
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.arguments import each_of, reason_of
from registry_dagster.registry.beside import record_beside
from registry_dagster.registry.commit import Commit, Committer, Outcome, Task, interrupted
from registry_dagster.registry.crawls import tied_to_crawls
from registry_dagster.registry.limits import check_writable, prerequisites_of
from registry_dagster.registry.plan import Plan, Publication, Receipt
from registry_dagster.registry.planner import Planner
from registry_dagster.registry.publication_arguments import code_of, publication_of
from registry_dagster.registry.publisher import provenance
from registry_dagster.registry.records import Records
from registry_dagster.registry.view import View
from registry_dagster.registry.writer import Writer

__all__ = ["Outcome", "PublishService"]


@dataclass
class PublishService:
    """Publishes into one store. Remembers what it made sure of: a second publish costs little.

    Args:
        records, planner, writer, acts: Of the registry.
        publisher: Who publishes, unless a publication names somebody else.
    """

    records: Records
    planner: Planner
    writer: Writer
    acts: Acts
    publisher: str | None = None

    @property
    def committer(self) -> Committer:
        """What brings planned versions into the store."""
        return Committer(self.records, self.writer)

    def publish(self, publications: Sequence[Publication]) -> list[Outcome]:
        """Publish each, independently, and say of each what became of it.

        Publications of the same dataset get their numbers in the order given; one that refers to a
        dataset published by an earlier one is linked to it.
        """
        tasks = [self._task(each) for each in each_of(Publication, publications, "publications")]
        waiting = [task for task in tasks if task.outcome is None]
        fresh = False
        while waiting:
            try:
                self._each_by_itself(_independent(waiting), fresh)
            except RegistryUnavailable as error:
                for task in waiting:
                    task.outcome = task.outcome or interrupted(task, error)
            # The store failed: the next round asks it again for all.
            fresh = any(task.outcome is None and task.failures for task in waiting)
            waiting = [task for task in waiting if task.outcome is None]
        self.planner.used.note(each.publication.feature_table for each in tasks if isinstance(each.outcome, Receipt))
        return [self._with_acts(task, result) for task in tasks if (result := task.outcome) is not None]

    def _with_acts(self, task: Task, outcome: Outcome) -> Outcome:
        """The outcome, after what else the publication says of the version is recorded beside it."""
        return record_beside(self.acts, task.publication, outcome) if isinstance(outcome, Receipt) else outcome

    def _task(self, publication: Publication) -> Task:
        try:
            publication = publication_of(publication)
            message = reason_of(publication.message, "a publish needs a message: say why this version is published")
            who = publication.publisher or self.publisher
            return Task(publication, provenance(who, message, publication.origin, code=code_of(publication.code)))
        except RegistryError as error:
            nobody = Provenance(publisher="nobody", message="refused", published_at=datetime.now(timezone.utc))
            return Task(publication, nobody, outcome=error)

    def _each_by_itself(self, tasks: Sequence[Task], fresh: bool) -> None:
        """One round of all. If the store refuses a step, which may be because of one of them alone, a round each.

        Raises:
            RegistryUnavailable: the store cannot be reached, for any of them.
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
        """Take each task as far as it goes: planned, committed, read back."""
        # A number that was asked for is compared with what is published now, not with what is remembered.
        fresh = fresh or any(task.publication.version is not None for task in tasks)
        if not fresh:
            self.records.index.catch_up({task.dataset for task in tasks if task.lost_races})
        view = self.planner.view([task.publication for task in tasks], fresh)
        plans = self._plans(tasks, view)
        # What can never be written is refused before anything is.
        commits = tied_to_crawls(self.records, self._commits([(task, plan) for task, plan in plans if plan.creates]))
        self._write_datasets([(task, plan) for task, plan in plans if task.outcome is None], view)
        self.committer.settle_published([(task, plan) for task, plan in plans if not plan.creates])
        # The order matters: nothing that is published may point at what does not exist yet.
        self._write_prerequisites(commits)
        self.committer.create(self._write_materializations(commits, view))

    def _plans(self, tasks: Sequence[Task], view: View) -> list[tuple[Task, Plan]]:
        """A plan for each. The same content or label a second time waits for the first one to be published."""
        plans: list[tuple[Task, Plan]] = []
        taken: set[tuple[str, str]] = set()
        ahead = view.ahead()
        for task in tasks:
            try:
                plan = self.planner.plan(task.publication, ahead)
            except RegistryError as error:
                task.outcome = error
                continue
            claims = {("table of " + task.dataset, table_key(plan.record.table))}
            if task.publication.label:
                claims.add((f"label of {task.dataset}", task.publication.label))
            if not claims & taken:
                taken |= claims
                ahead.take(plan)
                plans.append((task, plan))
        return plans

    def _commits(self, plans: Sequence[tuple[Task, Plan]]) -> list[Commit]:
        commits: list[Commit] = []
        for task, plan in plans:
            record = plan.record.model_copy(update={"provenance": task.provenance})
            proposals = self.committer.proposals(record, plan.dataset)
            prerequisites = prerequisites_of(record, plan.dataset, self.records.env)
            try:
                warnings = check_writable(self.records, plan, record, proposals, prerequisites)
            except (InvalidDeclaration, StoreRefused) as error:
                task.outcome = error
            else:
                warned = replace(plan, warnings=(*plan.warnings, *warnings))
                commits.append(Commit(task, warned, record, proposals, prerequisites))
        return commits

    def _write_datasets(self, plans: Sequence[tuple[Task, Plan]], view: View) -> None:
        self.writer.write_datasets(
            [
                task.publication.feature_table.dataset
                for task, plan in plans
                if plan.dataset != view.datasets[task.dataset]
            ]
        )

    def _write_prerequisites(self, commits: Sequence[Commit]) -> None:
        self.writer.ensure(each for commit in commits for each in commit.prerequisites)

    def _write_materializations(self, commits: Sequence[Commit], view: View) -> list[Commit]:
        """Record the materialization versions. A commit that contradicts them fails; the others are returned."""
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
    return [each for each in commit.task.publication.states if each.key in changed]

"""One create-only commit a version, believed only when it reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from registry_dagster.datahub.audit import PEOPLES_OWN, is_intact
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import materialization_urn, version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, digest_of, record_from, version_proposals
from registry_dagster.errors import AccessDenied, CorruptRecord, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.registry.plan import Plan, Publication, Receipt
from registry_dagster.registry.records import Records
from registry_dagster.registry.writer import Writer
from registry_dagster.stores.store import Refusal

__all__ = ["Commit", "Committer", "Outcome", "Task", "interrupted"]

_LOST_RACES = 100
_FAILURES = 4

Outcome = Receipt | RegistryError


@dataclass
class Task:
    """One publication on its way."""

    publication: Publication
    provenance: Provenance
    lost_races: int = 0
    failures: int = 0
    sent: bool = False
    outcome: Outcome | None = None

    @property
    def dataset(self) -> str:
        """The dataset it is of."""
        return self.publication.dataset

    @property
    def others(self) -> set[str]:
        """The other datasets it refers to."""
        return self.publication.others


@dataclass(frozen=True)
class Commit:
    """A planned version as it goes to the store."""

    task: Task
    plan: Plan
    record: DatasetVersion
    proposals: tuple[Proposal, ...]


@dataclass(frozen=True)
class _Answer:
    """What a store answered to a commit.

    Args:
        guard: The part of the commit that guards it.
        refusal: Why the store did not write it.
        failed: The error that came instead of an answer.
    """

    guard: Proposal | None
    refusal: Refusal | None
    failed: RegistryError | None


@dataclass
class Committer:
    """Brings planned versions into the store, and says of each task what became of it.

    No answer of a store is believed. After each one, lost ones included, the primary store is read. What is found
    there under the version's name decides:

    - our digest: published, whatever was answered;
    - another digest: somebody else took the number; the task goes into the next round and gets the next one;
    - nothing: not written; the task is tried again, or fails if the store's answer was final;
    - aspects without a record: remains of a version that nobody saw; published over.
    """

    records: Records
    writer: Writer

    def proposals(self, record: DatasetVersion, dataset: Dataset) -> tuple[Proposal, ...]:
        """The aspects that a version is written as, without those that the store does not know."""
        unsupported = self.records.store.unsupported
        proposals = version_proposals(record, dataset, self.records.env)
        return tuple(each for each in proposals if each.aspect not in unsupported)

    def create(self, commits: Sequence[Commit]) -> None:
        """Send all commits in one request, and settle each by what reads back."""
        if not commits:
            return
        failed: RegistryError | None = None
        refusals: Sequence[Refusal | None] = [None] * len(commits)
        # Before the request: whatever happens to it, from here on a version may exist.
        for commit in commits:
            commit.task.sent = True
        guards = self.records.index.guards([commit.record for commit in commits])
        try:
            refusals = self.records.store.create(list(map(_guarded, commits, guards)))
        except RegistryError as error:
            failed = error
        stored = self._read_back([proposal for commit in commits for proposal in commit.proposals])
        for commit, guard, refusal in zip(commits, guards, refusals, strict=True):
            self._settle_one(commit, _Answer(guard, refusal, failed), stored)
        published = [commit.record for commit in commits if isinstance(commit.task.outcome, Receipt)]
        self.records.index.raise_highest(published)
        self.writer.write_runs(published)
        self._settle_sets([commit.task for commit in commits], stored)

    def _settle_one(self, commit: Commit, answer: _Answer, stored: dict[str, Entity]) -> None:
        """Settle a commit; an error on the way is its outcome, so that the others are settled, too."""
        try:
            self._settle(commit, answer, stored)
        except RegistryError as error:
            commit.task.outcome = interrupted(commit.task, error)

    def _settle(self, commit: Commit, answer: _Answer, stored: dict[str, Entity]) -> None:
        record = commit.record
        urn = version_urn(record.name, self.records.env)
        if _is_remains(stored.get(urn, {})):
            stored = self._take_over(commit, stored)
        entity = stored.get(urn, {})
        if digest_of(entity) == record.digest:
            # Published. What is left is to complete what the store left out.
            self.records.remember(commit.proposals, record.number, commit.plan.dataset)
            if answer.guard is not None:
                self.records.index.remember_guard(answer.guard, record.dataset)
            commit.task.outcome = self._completed(record, commit.plan, commit.proposals, stored)
        elif entity and not _is_remains(entity):
            # A lost race: learn what was published, so that the next round plans the next number.
            self.records.index.read([record.dataset])
            _count_lost_race(commit.task)
        elif self._was_refused_by_guard(commit, answer):
            _count_lost_race(commit.task)
        else:
            # Nothing there. Perhaps what the version points at is lacking, too: ask for all of it again.
            self.writer.forget()
            commit.task.failures += 1
            if _is_final(commit.task, answer.refusal, answer.failed):
                commit.task.outcome = _not_published(record, answer.refusal, answer.failed)

    def _was_refused_by_guard(self, commit: Commit, answer: _Answer) -> bool:
        """Whether others changed the Dataset since it was read. If they did not, the next commit has no guard."""
        if answer.guard is None or answer.refusal is None:
            return False
        moved = self.records.index.has_moved(answer.guard, commit.record.dataset)
        if not moved:
            self.records.index.leave_unguarded(commit.record.dataset)
        return moved

    def _completed(
        self, record: DatasetVersion, plan: Plan, expected: Sequence[Proposal], stored: dict[str, Entity]
    ) -> Receipt | RegistryError:
        """The outcome of a version that is published: its receipt, or why it could not be proven or completed."""
        try:
            self._complete(record, expected, stored)
            return self._receipt(record, plan)
        except RegistryError as error:
            return error

    def _take_over(self, commit: Commit, stored: dict[str, Entity]) -> dict[str, Entity]:
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
            lacking = [_over(each, stored) for each in expected if not is_intact(each, stored)]
            if not lacking:
                break
            names = ", ".join(dict.fromkeys(each.aspect for each in lacking))
            incomplete = (
                f"{record} is published, but the store left out {names}. Running again is safe and completes it"
            )
            if attempt == _FAILURES:
                raise _left_incomplete(incomplete, refusal, failed) from failed
            failed = None
            try:
                (refusal,) = self.records.store.create([lacking])
            except RegistryUnavailable as error:
                failed = error
            stored = stored | self._read_to_complete(expected, incomplete)
        if expected and record_from(stored[urn], urn).digest != record.digest:
            raise CorruptRecord(f"{urn}: another record was put there after publishing")

    def _read_back(self, proposals: Iterable[Proposal]) -> dict[str, Entity]:
        return self.records.store.read(list(dict.fromkeys(proposal.urn for proposal in proposals)))

    def _receipt(self, record: DatasetVersion, plan: Plan) -> Receipt:
        urn = version_urn(record.name, self.records.env)
        return Receipt(record.name, urn, record.digest, plan.creates, record, self.records.store.target, plan.warnings)

    def _read_to_complete(self, expected: Sequence[Proposal], incomplete: str) -> dict[str, Entity]:
        """What the store holds of a version that was incomplete; an error says so."""
        try:
            return self.records.store.read({each.urn for each in expected})
        except RegistryError as error:
            raise RegistryUnavailable(f"{incomplete}. {error}") from error

    def settle_published(self, published: Sequence[tuple[Task, Plan]]) -> None:
        """Prove those that are published already; complete those that an earlier publish left incomplete."""
        env = self.records.env
        # With their states, to look at the sets of these, too: it is the same request.
        states = {materialization_urn(each, env) for _, plan in published for each in plan.record.materializations}
        stored = self.records.store.read([*(version_urn(plan.version, env) for _, plan in published), *states])
        proven = list(self._proven(published, stored))
        joins = {each.urn for *_, proposals in proven for each in proposals} - stored.keys()
        stored |= self.records.store.read(joins) if joins else {}
        for task, plan, record, proposals in proven:
            absent = [each for each in proposals if each.aspect not in stored.get(each.urn, {})]
            task.outcome = self._completed(record, plan, absent, stored)
        self.writer.write_runs([record for task, _, record, _ in proven if isinstance(task.outcome, Receipt)])
        self._settle_sets([task for task, *_ in proven], stored)

    def _settle_sets(self, tasks: Sequence[Task], stored: Mapping[str, Entity]) -> None:
        """Let the version sets name the current versions; receipts say where they do not."""
        receipts = [(task, task.outcome) for task in tasks if isinstance(task.outcome, Receipt)]
        self.writer.sets.settle_published([receipt.record for _, receipt in receipts], stored)
        for task, receipt in receipts:
            task.outcome = replace(receipt, notes=(*receipt.notes, *self.writer.sets.notes(receipt.record)))

    def _proven(
        self, published: Sequence[tuple[Task, Plan]], stored: Mapping[str, Entity]
    ) -> Iterator[tuple[Task, Plan, DatasetVersion, list[Proposal]]]:
        """Those whose record reads back, with all that belongs to it; a corrupt record is the outcome of its task."""
        for task, plan in published:
            try:
                record = self._published(plan, stored)
            except CorruptRecord as error:
                task.outcome = error
            else:
                # Owners are people's to change.
                proposals = [each for each in self.proposals(record, plan.dataset) if each.aspect not in PEOPLES_OWN]
                yield task, plan, record, proposals

    def _published(self, plan: Plan, stored: Mapping[str, Entity]) -> DatasetVersion:
        """The record as it was published. What is missing of it is in the declaration: the digest proves both."""
        urn = version_urn(plan.version, self.records.env)
        entity = stored.get(urn, {})
        if digest_of(entity) is None:
            raise CorruptRecord(f"{urn}: aspect datasetProperties is missing; it was removed after publishing")
        declared = {each.aspect: each.value for each in self.proposals(plan.record, plan.dataset) if each.urn == urn}
        return record_from({**{aspect: declared[aspect] for aspect in RECORD_ASPECTS}, **entity}, urn)


def _guarded(commit: Commit, guard: Proposal | None) -> Sequence[Proposal]:
    return commit.proposals if guard is None else (*commit.proposals, guard)


def _count_lost_race(task: Task) -> None:
    """Count that another publisher took the number; after some times in a row the task fails."""
    task.lost_races += 1
    if task.lost_races > _LOST_RACES:
        task.outcome = RegistryUnavailable(
            f"{task.dataset}: other publishers took the next number {_LOST_RACES} times in a row; nothing "
            "of this publish was recorded, run it again"
        )


def _is_final(task: Task, refusal: Refusal | None, failed: RegistryError | None) -> bool:
    """A refusal is believed the second time, an error that is not an outage at once."""
    if failed is not None and not isinstance(failed, RegistryUnavailable):
        return True
    return task.failures > _FAILURES or (refusal is not None and task.failures > 1)


def _left_incomplete(incomplete: str, refusal: Refusal | None, failed: RegistryError | None) -> RegistryError:
    """The error of a published version that the store does not complete."""
    if failed is not None:
        return RegistryUnavailable(f"{incomplete}. {failed}")
    why = f"it answered: {refusal.reason}" if refusal else "it reported success; look into its log"
    return StoreRefused(f"{incomplete}, once the store takes it: {why}")


def interrupted(task: Task, error: RegistryError) -> RegistryError:
    """The error that says of this task what is known."""
    if task.sent:
        return RegistryUnavailable(
            f"{task.dataset}: a version was sent, but the store could not be read afterwards, so whether it is "
            f"published is not known. Running again is safe: it finds the version or publishes it. {error}"
        )
    if isinstance(error, RegistryUnavailable):
        return RegistryUnavailable(
            f"{task.dataset}: nothing was sent this time. Running again is safe: it finds the version or publishes it. "
            f"{error}"
        )
    return error


def _is_remains(entity: Entity) -> bool:
    """Whether aspects of a version are there without a record: a store left it out without saying so."""
    return bool(entity) and "datasetProperties" not in entity


def _over(proposal: Proposal, stored: Mapping[str, Entity]) -> Proposal:
    """The proposal, to be written over what is stored, if anything is."""
    return replace(proposal, replaces=proposal.aspect in stored.get(proposal.urn, {}))


def _not_published(record: DatasetVersion, refusal: Refusal | None, failed: RegistryError | None) -> RegistryError:
    if refusal is not None:
        kind = AccessDenied if refusal.denied else StoreRefused
        return kind(f"{record} is not published: {refusal.reason}")
    if failed is not None and not isinstance(failed, RegistryUnavailable):
        return failed
    if failed is not None:
        return RegistryUnavailable(
            f"{record} is not published, as far as the store says. A request without an answer may still be carried "
            f"out; running again is safe: it finds the version or publishes it. {failed}"
        )
    return RegistryUnavailable(
        f"{record} is not published: the store reported success, but holds nothing. Running again is safe"
    )

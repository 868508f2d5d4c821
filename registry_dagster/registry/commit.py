"""One create-only commit a version, believed only when it reads back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from registry_dagster.datahub.audit import PEOPLES_OWN
from registry_dagster.datahub.dataset import tag_proposals
from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.urns import materialization_urn, version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, digest_of, record_from, version_proposals
from registry_dagster.errors import AccessDenied, CorruptRecord, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.registry.completion import Completer, exists_unread, is_remains, unknown_outcome, with_keys
from registry_dagster.registry.plan import Plan, Publication, Receipt
from registry_dagster.registry.records import Records
from registry_dagster.registry.sending import Sender, Sent
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
    notes: list[str] = field(default_factory=list[str])

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
    """A planned version as it goes to the store.

    Args:
        task, plan, record: The version.
        proposals: What it is written as.
        prerequisites: What it points at, to be created where it is absent.
    """

    task: Task
    plan: Plan
    record: DatasetVersion
    proposals: tuple[Proposal, ...]
    prerequisites: tuple[Proposal, ...] = ()


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
        """The aspects that a version is written as."""
        return tuple(version_proposals(record, dataset, self.records.env))

    def create(self, commits: Sequence[Commit]) -> None:
        """Send all commits in one request, and settle each by what reads back."""
        if not commits:
            return
        # Before the request: whatever happens to it, from here on a version may exist.
        for commit in commits:
            commit.task.sent = True
        sent = self._sender.send([(commit.record, commit.proposals) for commit in commits])
        stored = self._read_back([proposal for each in sent for proposal in each.proposals])
        for commit, each in zip(commits, sent, strict=True):
            self._settle_one(commit, each, stored)
        published = [commit.record for commit in commits if isinstance(commit.task.outcome, Receipt)]
        allowed, env = self.writer.denied.may_record_numbers, self.records.env
        self.records.index.raise_highest(each for each in published if allowed(each.dataset, env))
        self.writer.write_runs(published)
        self._settle_sets([commit.task for commit in commits], stored)

    @property
    def _sender(self) -> Sender:
        return Sender(self.records, self.writer.denied)

    @property
    def _completer(self) -> Completer:
        return Completer(self.records)

    def _settle_one(self, commit: Commit, sent: Sent, stored: dict[str, Entity]) -> None:
        """Settle a commit; an error on the way is its outcome, so that the others are settled, too."""
        urn = version_urn(commit.record.name, self.records.env)
        try:
            if urn in stored and not stored[urn]:
                raise unknown_outcome(commit.record)
            if is_remains(stored.get(urn, {})):
                self._settle_remains(commit, sent, stored)
            else:
                self._settle(commit, sent, stored)
        except AccessDenied as error:
            commit.task.outcome = error
        except RegistryError as error:
            commit.task.outcome = interrupted(commit.task, error)

    def _settle(self, commit: Commit, sent: Sent, stored: dict[str, Entity]) -> None:
        record = commit.record
        entity = stored.get(version_urn(record.name, self.records.env), {})
        if digest_of(entity) == record.digest:
            # Published. What is left is to complete what the store left out.
            self.records.remember(commit.proposals, record.number, commit.plan.dataset)
            if sent.guard is not None:
                self.records.index.remember_guard(sent.guard, record.dataset)
            commit.task.outcome = self._completed(commit.task, commit.plan, record, sent.proposals, stored)
        elif entity and not is_remains(entity):
            # A lost race. The next round reads what was published, and plans the next number.
            _count_lost_race(commit.task)
        elif self._was_refused_by_guard(sent):
            _count_lost_race(commit.task)
        elif exists_unread(sent.refusal) and commit.task.failures:
            # Nothing of it reads back, and yet something is there each time: a key, of which nobody saw anything.
            self._settle_remains(commit, sent, with_keys(sent.proposals, stored))
        else:
            # Nothing there. Perhaps what the version points at is lacking, too: ask for all of it again.
            self.writer.forget()
            commit.task.failures += 1
            if _is_final(commit.task, sent.refusal, sent.failed):
                commit.task.outcome = _not_published(record, sent.refusal, sent.failed)

    def _settle_remains(self, commit: Commit, sent: Sent, stored: dict[str, Entity]) -> None:
        """Complete remains; where this token may not, their number counts as given, and the next one is taken."""
        stored, refusal = self._completer.take_over(commit.record, sent.proposals, stored)
        if exists_unread(refusal):
            raise unknown_outcome(commit.record, RECORD_ASPECTS)
        if refusal is not None and refusal.denied and refusal.urns:
            self.records.index.mark_given(commit.record.dataset, commit.record.number)
            commit.task.notes.append(
                f"{commit.record} is left out: aspects without a record are there, and completing them takes Edit "
                "Entity on it"
            )
            _count_lost_race(commit.task)
        else:
            # The guard was not part of what was written now.
            self._settle(commit, replace(sent, guard=None, refusal=refusal), stored)

    def _was_refused_by_guard(self, sent: Sent) -> bool:
        """Whether others changed the Dataset since it was read. If they did not, the next commit has no guard."""
        if sent.guard is None or sent.refusal is None:
            return False
        moved = self.records.index.has_moved(sent.guard, sent.record.dataset)
        if not moved:
            self.records.index.doubt_guard(sent.record.dataset)
        return moved

    def _completed(
        self,
        task: Task,
        plan: Plan,
        record: DatasetVersion,
        expected: Sequence[Proposal],
        stored: dict[str, Entity],
    ) -> Receipt | RegistryError:
        """The outcome of a version that is published: its receipt, or why it could not be proven or completed."""
        try:
            incomplete = self._completer.complete(record, expected, stored)
        except RegistryError as error:
            return error
        denied = self._denied(record, plan.dataset)
        urn = version_urn(record.name, self.records.env)
        notes = tuple(dict.fromkeys([*plan.warnings, *self.records.store.remarks, *task.notes, *denied, *incomplete]))
        return Receipt(record.name, urn, record.digest, plan.creates, record, self.records.store.target, notes)

    def _denied(self, record: DatasetVersion, dataset: Dataset) -> Iterator[str]:
        """What a person should know of what this token may not write."""
        if self.writer.denied.urns:
            whole = [*self.proposals(record, dataset), *tag_proposals(dataset)]
            yield from self.writer.denied.notes(whole, record, self.records.env)

    def _read_back(self, proposals: Iterable[Proposal]) -> dict[str, Entity]:
        return self.records.store.read(list(dict.fromkeys(proposal.urn for proposal in proposals)))

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
            task.outcome = self._completed(task, plan, record, absent, stored)
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
            if task.failures < _FAILURES and not stored.get(version_urn(plan.version, self.records.env)):
                # An administrator deleted it since it was read. The next round reads again, and publishes it under
                # the next number.
                task.failures += 1
                continue
            try:
                record = self._published(plan, stored)
            except CorruptRecord as error:
                task.outcome = error
            else:
                # Owners are people's to change.
                proposals = [each for each in self.proposals(record, plan.dataset) if each.aspect not in PEOPLES_OWN]
                yield task, plan, record, list(self.writer.denied.allowed(proposals, record, self.records.env))

    def _published(self, plan: Plan, stored: Mapping[str, Entity]) -> DatasetVersion:
        """The record as it was published. What is missing of it is in the declaration: the digest proves both."""
        urn = version_urn(plan.version, self.records.env)
        entity = stored.get(urn, {})
        if digest_of(entity) is None:
            raise CorruptRecord(f"{urn}: aspect datasetProperties is missing; it was removed after publishing")
        declared = {each.aspect: each.value for each in self.proposals(plan.record, plan.dataset) if each.urn == urn}
        return record_from({**{aspect: declared[aspect] for aspect in RECORD_ASPECTS}, **entity}, urn)


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

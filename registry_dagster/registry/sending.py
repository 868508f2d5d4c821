"""Sending commits: each with its guard, and without what the token may not write."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.denied import Denied
from registry_dagster.registry.records import Records
from registry_dagster.stores.store import Refusal

__all__ = ["Sender", "Sent"]

_TRIES = 4


@dataclass(frozen=True)
class Sent:
    """A version as it was sent, and the answer.

    Args:
        record: The version.
        whole: All that it would be written as.
        proposals: What was sent of it.
        guard: The part of the commit that guards it.
        refusal: Why the store did not write it.
        failed: The error that came instead of an answer.
    """

    record: DatasetVersion
    whole: tuple[Proposal, ...]
    proposals: tuple[Proposal, ...]
    guard: Proposal | None = None
    refusal: Refusal | None = None
    failed: RegistryError | None = None

    @property
    def was_taken(self) -> bool:
        """Whether the store says that it wrote it."""
        return self.refusal is None and self.failed is None

    @property
    def commit(self) -> Sequence[Proposal]:
        """All that is sent together."""
        return self.proposals if self.guard is None else (*self.proposals, self.guard)


@dataclass(frozen=True)
class Sender:
    """Sends versions to one store.

    Args:
        records: Of the registry.
        denied: What its token may not write. More is learnt here.
    """

    records: Records
    denied: Denied

    def send(self, versions: Sequence[tuple[DatasetVersion, tuple[Proposal, ...]]]) -> list[Sent]:
        """Send versions, each with all that it is written as; those that are denied again with less.

        An answer is not yet the truth: read back.
        """
        for record, _ in versions:
            if not self.denied.may_record_numbers(record.dataset, self.records.env):
                self.records.index.leave_unguarded(record.dataset)
        guards = self.records.index.guards([record for record, _ in versions])
        sent = [
            Sent(record, whole, self._allowed(record, whole), guard)
            for (record, whole), guard in zip(versions, guards, strict=True)
        ]
        try:
            return self._with_less(self._create(sent))
        except RegistryError as error:
            return [replace(each, failed=error) for each in sent]

    def _with_less(self, sent: list[Sent]) -> list[Sent]:
        """Send what was denied again with less, as often as there is something to leave out."""
        for _ in range(_TRIES):
            fewer = {number: less for number, each in enumerate(sent) if (less := self._less(each))}
            if not fewer:
                break
            again = dict(zip(fewer, self._create(list(fewer.values())), strict=True))
            sent = [again.get(number, each) for number, each in enumerate(sent)]
        return sent

    def _create(self, sent: Sequence[Sent]) -> list[Sent]:
        refusals = self.records.store.create([each.commit for each in sent])
        return [replace(each, refusal=refusal) for each, refusal in zip(sent, refusals, strict=True)]

    def _allowed(self, record: DatasetVersion, whole: tuple[Proposal, ...]) -> tuple[Proposal, ...]:
        return self.denied.allowed(whole, record, self.records.env)

    def _less(self, sent: Sent) -> Sent | None:
        """A denied version without the parts that were denied; None if there is nothing to leave out."""
        if sent.refusal is None or not sent.refusal.denied:
            return None
        self.denied.note(sent.refusal.urns)
        guard = self._guard_without(sent, sent.refusal)
        less = replace(sent, proposals=self._allowed(sent.record, sent.whole), guard=guard)
        return less if len(less.commit) < len(sent.commit) else None

    def _guard_without(self, sent: Sent, refusal: Refusal) -> Proposal | None:
        if sent.guard is None or sent.guard.urn not in refusal.urns:
            return sent.guard
        self.records.index.leave_unguarded(sent.record.dataset)
        return None

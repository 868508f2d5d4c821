"""What a store left out of a version without saying so, or does not let this token read: found and settled."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from registry_dagster.datahub.audit import is_intact
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import RECORD_ASPECTS, record_from
from registry_dagster.errors import AccessDenied, CorruptRecord, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.denied import unreadable_note, unwritten_note
from registry_dagster.registry.records import Records
from registry_dagster.stores.store import Refusal

__all__ = ["Completer", "exists_unread", "is_remains", "unknown_outcome", "with_keys"]

_FAILURES = 4


@dataclass(frozen=True)
class _Tried:
    """What came of writing the aspects that do not read back.

    Args:
        refusals: Aspect → why it was not written.
        failed: The error that came instead of an answer.
    """

    refusals: Mapping[str, Refusal]
    failed: RegistryError | None = None

    @property
    def unreadable(self) -> set[str]:
        """Those that are there, so that only this token does not read them."""
        return {aspect for aspect, refusal in self.refusals.items() if exists_unread(refusal)}

    @property
    def denied(self) -> set[str]:
        """Those that this token may not write."""
        return {aspect for aspect, refusal in self.refusals.items() if refusal.denied and refusal.urns}


@dataclass(frozen=True)
class Completer:
    """Completes versions in one store."""

    records: Records

    def take_over(
        self, record: DatasetVersion, proposals: Sequence[Proposal], stored: dict[str, Entity]
    ) -> tuple[dict[str, Entity], Refusal | None]:
        """Publish over the remains of a version whose record was never written, so that nobody saw it.

        Returns:
            What reads back, and why the store did not write it.
        """
        urn = version_urn(record.name, self.records.env)
        refusal: Refusal | None = None
        for _ in range(_FAILURES):
            with suppress(RegistryUnavailable):
                (refusal,) = self.records.store.create([[_over(each, stored) for each in proposals]])
            stored = self._read({each.urn for each in proposals})
            if not is_remains(stored.get(urn, {})) or exists_unread(refusal) or (refusal and refusal.denied):
                break
        return stored, refusal

    def complete(
        self, record: DatasetVersion, expected: Sequence[Proposal], stored: dict[str, Entity]
    ) -> tuple[str, ...]:
        """Prove a version that is published; write what the store left out of it without saying so.

        Args:
            record: The version.
            expected: Aspects it must have.
            stored: What was read back of it.

        Returns:
            What a person should know of what could be neither read nor written.
        """
        urn = version_urn(record.name, self.records.env)
        unreadable, denied = set[str](), set[str]()
        tried = _Tried({})
        for attempt in range(_FAILURES + 1):
            lacking = _lacking(expected, stored, unreadable | denied)
            if not lacking:
                break
            incomplete = _incomplete(record, lacking)
            if attempt == _FAILURES:
                raise _left_incomplete(incomplete, tried) from tried.failed
            tried = self._try(lacking)
            unreadable |= tried.unreadable
            denied |= tried.denied
            stored = stored | self._read_to_complete({each.urn for each in expected}, incomplete)
        if unreadable & set(RECORD_ASPECTS):
            raise unknown_outcome(record, unreadable)
        if expected and not _reads_back(record, urn, expected, stored[urn]):
            raise CorruptRecord(f"{urn}: another record was put there after publishing")
        return _notes(record, unreadable, denied)

    def _try(self, lacking: Sequence[Proposal]) -> _Tried:
        """Write each by itself, so that each has an answer of its own."""
        try:
            refusals = self.records.store.create([[each] for each in lacking])
        except RegistryUnavailable as error:
            return _Tried({}, error)
        answers = zip(lacking, refusals, strict=True)
        return _Tried({each.aspect: refusal for each, refusal in answers if refusal is not None})

    def _read(self, urns: Collection[str]) -> dict[str, Entity]:
        return self.records.store.read(urns)

    def _read_to_complete(self, urns: Collection[str], incomplete: str) -> dict[str, Entity]:
        """What the store holds of a version that was incomplete; an error says so."""
        try:
            return self._read(urns)
        except RegistryError as error:
            raise RegistryUnavailable(f"{incomplete}. {error}") from error


def _reads_back(record: DatasetVersion, urn: str, expected: Iterable[Proposal], entity: Entity) -> bool:
    """Whether a stored entity is rebuilt as the record.

    What was sent was rebuilt before it was sent. Where the same is stored, it need not be rebuilt again.

    Raises:
        CorruptRecord: it cannot be rebuilt.
    """
    sent = {each.aspect: each.value for each in expected if each.urn == urn and each.aspect in RECORD_ASPECTS}
    is_as_sent = sent.keys() == set(RECORD_ASPECTS) and all(entity.get(name) == sent[name] for name in sent)
    return is_as_sent or record_from(entity, urn).digest == record.digest


def _notes(record: DatasetVersion, unreadable: set[str], denied: set[str]) -> tuple[str, ...]:
    return (
        *([unreadable_note(record, unreadable)] if unreadable else []),
        *([unwritten_note(record, denied)] if denied else []),
    )


def is_remains(entity: Entity) -> bool:
    """Whether aspects of a version are there without a record: a store left it out without saying so."""
    return bool(entity) and "datasetProperties" not in entity


def with_keys(proposals: Iterable[Proposal], stored: Mapping[str, Entity]) -> dict[str, Entity]:
    """What is stored, where each entity that does not read back is taken to have a key, and nothing else."""
    return {**{each.urn: dict[str, Aspect]() for each in proposals}, **stored}


def exists_unread(refusal: Refusal | None) -> bool:
    """Whether a store refused to create what it does not let this token read."""
    return refusal is not None and not refusal.denied and "already exists" in refusal.reason


def unknown_outcome(record: DatasetVersion, aspects: Iterable[str] = ()) -> AccessDenied:
    """The error of a version that may be published, but does not read back with this token."""
    what = ", ".join(sorted(aspects)) or "it"
    return AccessDenied(
        f"{record} exists, but {what} may not be read with this token, so whether it is what was to be published is "
        "not known. Give the token's user View Entity Page on datasets of the platform feature-registry and run again: "
        "it finds the version or publishes it"
    )


def _lacking(expected: Iterable[Proposal], stored: Mapping[str, Entity], settled: Collection[str]) -> list[Proposal]:
    """What does not read back as it was written, to be written again."""
    return [_over(each, stored) for each in expected if each.aspect not in settled and not is_intact(each, stored)]


def _over(proposal: Proposal, stored: Mapping[str, Entity]) -> Proposal:
    """The proposal, to be written over what is stored, if anything is."""
    return replace(proposal, replaces=proposal.aspect in stored.get(proposal.urn, {}), added=proposal.urn in stored)


def _incomplete(record: DatasetVersion, lacking: Iterable[Proposal]) -> str:
    names = ", ".join(dict.fromkeys(each.aspect for each in lacking))
    return f"{record} is published, but the store left out {names}. Running again is safe and completes it"


def _left_incomplete(incomplete: str, tried: _Tried) -> RegistryError:
    """The error of a published version that the store does not complete."""
    if tried.failed is not None:
        return RegistryUnavailable(f"{incomplete}. {tried.failed}")
    refusal = next(iter(tried.refusals.values()), None)
    why = f"it answered: {refusal.reason}" if refusal else "it reported success; look into its log"
    return StoreRefused(f"{incomplete}, once the store takes it: {why}")

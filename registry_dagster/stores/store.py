"""The protocol of every store."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from registry_dagster.datahub.listed import Listed, listed_from
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.search import Search

__all__ = ["Found", "Refusal", "Store", "Swap", "unmet_by"]


class Found(NamedTuple):
    """An entity that a search found.

    Args:
        urn: The entity.
        shown: What its entry says that lists show of it; None if it says nothing.
    """

    urn: str
    shown: str | None = None

    @property
    def listed(self) -> Listed | None:
        """What lists show of a version; None if others changed its aspects so that nobody can say."""
        return listed_from(self.urn, self.shown)


@dataclass(frozen=True)
class Refusal:
    """Why a commit was not written.

    Args:
        reason: Why, in words.
        denied: Whether the token lacks a right.
        urns: The entities on which it lacks it, as far as the store names them.
    """

    reason: str
    denied: bool = False
    urns: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Swap:
    """One aspect, to be written only if it is still what was read.

    Args:
        urn: The entity.
        aspect: The aspect's name.
        before: The aspect as it was read; None if it was absent.
        after: The aspect as it is to be.
    """

    urn: str
    aspect: str
    before: Aspect | None
    after: Aspect


def unmet_by(proposal: Proposal, current: Aspect | None) -> Refusal | None:
    """Why a create-only commit with this proposal cannot be written; None if the aspect is as it expects."""
    if proposal.replaces or current == proposal.expects:
        return None
    return Refusal(f"{proposal.urn}: {proposal.aspect} {'was changed' if proposal.expects else 'already exists'}")


class Store(Protocol):
    """Where aspects live. Every method is safe to call again after a failure.

    All of them raise `RegistryUnavailable` if the store cannot be reached or stays busy, and `AccessDenied` if the
    token lacks a right; writes then name the entities on which it does.
    """

    @property
    def target(self) -> str:
        """Where the store is, without credentials."""
        ...

    @property
    def search_lags(self) -> bool:
        """Whether a search may miss what was just written."""
        ...

    @property
    def filters_reads(self) -> bool:
        """Whether what a token may not view is left out of what is read, without a word."""
        ...

    @property
    def remarks(self) -> Sequence[str]:
        """What a person should know of how this store is written to, before and after publishing."""
        ...

    def about(self) -> dict[str, str]:
        """What the store is and what it can do, as far as it reports that: for a person who looks for a mistake."""
        ...

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        """The current aspects of entities, from the primary store. Absent entities are left out.

        One that the token may not view, among others that it may, has no aspects at all.

        Args:
            urns: The entities.
            aspects: Their names; all aspects if empty.
        """
        ...

    def search(self, search: Search) -> Iterator[Found]:
        """The entities that match, newest first. Each was checked in the primary store."""
        ...

    def check(self, commit: Sequence[Proposal]) -> None:
        """Refuse a commit that could never be written, before anything is written.

        Raises:
            StoreRefused: the commit is too large; says how large it may be.
        """
        ...

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        """Write the aspects that are absent; leave existing ones as they are."""
        ...

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects, whatever was there before. Writing the same again changes nothing."""
        ...

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        """Write each commit whole, or not at all if one of its aspects is not as the proposal expects it.

        That is absent, unless the proposal replaces whatever is there or says what must be there.

        Returns:
            For each commit why it was not written, or None. The answer may be wrong either way: read back.
        """
        ...

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        """Write each aspect that is still as it was read; leave the others as they are.

        Returns:
            For each, whether it was written. An answer is not yet the truth: read back.
        """
        ...

    def close(self) -> None:
        """Close the connections. Nothing is written."""
        ...

"""The protocol every store keeps."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.datahub.search import Search

__all__ = ["Refusal", "Store"]


@dataclass(frozen=True)
class Refusal:
    """Why a commit was not written.

    Args:
        reason: In words.
        denied: Whether rights were lacking.
    """

    reason: str
    denied: bool = False


class Store(Protocol):
    """Where aspects live. Every method is safe to call again after a failure.

    All raise `RegistryUnavailable` when the store cannot be reached or stays busy.
    """

    @property
    def target(self) -> str:
        """What the store is pointed at, without credentials."""
        ...

    @property
    def unsupported(self) -> Mapping[str, str]:
        """Aspects the store does not know, with what that means. They are left out of what is written."""
        ...

    @property
    def search_lags(self) -> bool:
        """Whether a search may not know yet what was just written."""
        ...

    def about(self) -> dict[str, str]:
        """What the store is and what it can do, as far as it tells: for a person who looks for a mistake."""
        ...

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        """The current aspects of entities, from the primary store. Absent entities are left out.

        Args:
            urns: The entities.
            aspects: Which aspects; all when empty.
        """
        ...

    def search(self, search: Search) -> Iterator[str]:
        """The entities that are looked for, newest first. Each was held against the primary store."""
        ...

    def check(self, commit: Sequence[Proposal]) -> None:
        """Refuse a commit that could never be written, before anything is.

        Raises:
            StoreRefused: what is too large, and how large it may be.
        """
        ...

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects where they are absent; leave those present as they are."""
        ...

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects, whatever stood there. Writing the same again changes nothing."""
        ...

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        """Write each commit whole, or not at all if any of its aspects is present and it does not replace it.

        Returns:
            Per commit, why it was not written, or None. An answer is not yet the truth: read back.
        """
        ...

    def close(self) -> None:
        """Let go of connections. Nothing is written."""
        ...

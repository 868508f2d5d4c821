"""The protocol every store keeps, and the choice among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.errors import RegistryError

__all__ = ["Refusal", "Store", "open_store"]


@dataclass(frozen=True)
class Refusal:
    """Why a commit was not written."""

    reason: str


class Store(Protocol):
    """Where aspects live. Every method is safe to call again after a failure.

    All raise `RegistryUnavailable` when the store cannot be reached or stays busy.
    """

    @property
    def target(self) -> str:
        """What the store is pointed at, without credentials."""
        ...

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        """The current aspects of entities, from the primary store. Absent entities are left out.

        Args:
            urns: The entities.
            aspects: Which aspects; all when empty.
        """
        ...

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects where they are absent; leave those present as they are."""
        ...

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        """Write aspects, whatever stood there. Writing the same again changes nothing."""
        ...

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        """Write each commit whole, or not at all if any of its aspects is present already.

        Returns:
            Per commit, why it was not written, or None. An answer is not yet the truth: read back.

        Raises:
            StoreRefused: a commit can never be written, e.g. because it is too large. Nothing was.
        """
        ...

    def close(self) -> None:
        """Let go of connections. Nothing is written."""
        ...


def open_store(target: str) -> Store:
    """Open the store a target names: `lite:///absolute/path/registry.db`.

    Raises:
        RegistryError: no store of that kind.
    """
    parts = urlsplit(target)
    if parts.scheme == "lite":
        from registry_dagster.stores.lite import LiteStore

        if parts.netloc or not parts.path.strip("/"):
            raise RegistryError("the target names no file; write lite:///absolute/path/registry.db (three slashes)")
        return LiteStore(Path(unquote(parts.path)))
    raise RegistryError(
        f"no store for targets that start with {parts.scheme + ':' if parts.scheme else 'no scheme'!r}; "
        "write lite:///absolute/path/registry.db"
    )

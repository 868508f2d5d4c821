"""The protocol every store keeps, and the choice among them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.errors import RegistryError

__all__ = ["Refusal", "Store", "open_store"]


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

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        """The current aspects of entities, from the primary store. Absent entities are left out.

        Args:
            urns: The entities.
            aspects: Which aspects; all when empty.
        """
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


def open_store(target: str, token: str | None = None) -> Store:
    """Open the store a target names.

    Args:
        target: `lite:///absolute/path/registry.db`, `file:///absolute/folder`, the `https://` address of
            a DataHub server, or `datahub` for the server of `~/.datahubenv`.
        token: For a server. Default: DATAHUB_GMS_TOKEN, else that of `~/.datahubenv`.

    Raises:
        RegistryError: no store of that kind.
    """
    parts = urlsplit(target)
    if parts.scheme == "lite":
        from registry_dagster.stores.lite import LiteStore

        return LiteStore(_local_path(target, "lite:///absolute/path/registry.db"))
    if parts.scheme == "file":
        from registry_dagster.stores.file import FileStore

        return FileStore(_local_path(target, "file:///absolute/folder"))
    if parts.scheme in ("http", "https") or target == "datahub":
        from registry_dagster.stores.credentials import server_and_token
        from registry_dagster.stores.gms import GmsStore
        from registry_dagster.stores.http import HttpClient

        return GmsStore(HttpClient(*server_and_token(target, token)))
    raise RegistryError(
        f"no store for targets that start with {parts.scheme + ':' if parts.scheme else 'no scheme'!r}; "
        "write lite:///absolute/path/registry.db, file:///absolute/folder, or https://host:port of a DataHub server"
    )


def _local_path(target: str, form: str) -> Path:
    parts = urlsplit(target)
    if parts.netloc or not parts.path.strip("/"):
        raise RegistryError(f"the target names no file or folder; write {form} (three slashes)")
    return Path(unquote(parts.path))

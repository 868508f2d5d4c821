"""The commit that made a version: read to its end, since a torn one may look like a commit with fewer actions."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from registry_dagster.tables.delta.actions import CHUNK, Action, actions_in, damaged
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["Commit", "digest_of"]

_WANTED = ("commitInfo", "metaData", "protocol")


@dataclass(frozen=True)
class Commit:
    """What a commit file says of itself.

    Args:
        actions: Its first `commitInfo`, `metaData` and `protocol`, by name.
        digest: See `DeltaPin.commit_digest`; None where the file was cleaned up.
    """

    actions: Action
    digest: str | None = None

    @classmethod
    def read(cls, storage: Storage, stored: StoredObject) -> Commit:
        """Read a commit file to its end.

        Raises:
            UnsupportedTable: it is empty, or a line of it is not JSON.
        """
        if stored.size == 0:
            raise damaged(storage, stored.path, "it is empty (0 bytes)")
        head = _head(storage, stored)
        actions: Action = {}
        for name, action in actions_in(storage, stored, _WANTED, head=head):
            actions.setdefault(name, action)
        return cls(actions, _digest(stored, head))


def digest_of(storage: Storage, stored: StoredObject) -> str:
    """The digest of a commit file, of which no more than a MiB is read."""
    return _digest(stored, _head(storage, stored))


def _head(storage: Storage, stored: StoredObject) -> bytes:
    return storage.read(stored.path, 0, min(stored.size, CHUNK))


def _digest(stored: StoredObject, head: bytes) -> str:
    # The form must never change: published pins were made with it.
    return f"sha256:{hashlib.sha256(str(stored.size).encode() + bytes(1) + head).hexdigest()}"

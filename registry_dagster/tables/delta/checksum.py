"""The checksum file of a Delta version: what it says, as far as the log does not contradict it.

Section "Version Checksum File" of the Delta Transaction Log Protocol, PROTOCOL.md of delta-io/delta.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.tables.delta.actions import Action
from registry_dagster.tables.delta.log import Log
from registry_dagster.tables.json_text import json_object
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["checksum_of", "count_in"]

_MOST_BYTES = 16 << 20
_ABSENT = object()


def checksum_of(storage: Storage, log: Log, actions: Mapping[str, Any], own: Action) -> Action:
    """The version's checksum file; empty if there is none, or if the log says otherwise.

    It is written after the commit, so it may be cut off, or belong to a commit that was taken back.

    Args:
        storage: At the table.
        log: Of the version.
        actions: The metadata and protocol that hold at the version, from the log.
        own: The actions of the version's own commit; empty if it was cleaned up.
    """
    if log.crc is None or log.crc.size > _MOST_BYTES:
        return {}
    checksum = json_object(storage.read(log.crc.path, 0, log.crc.size))
    return checksum if _agrees(checksum, actions, own) else {}


def count_in(checksum: Action, name: str) -> int | None:
    """A count in a checksum file; None where it is not one."""
    count = checksum.get(name)
    return count if isinstance(count, int) and 0 <= count < 2**53 else None


def _agrees(checksum: Action, actions: Mapping[str, Any], own: Action) -> bool:
    theirs, ours = _object(checksum, "metadata"), actions["metaData"]
    same_table = all(theirs.get(name, _ABSENT) == ours.get(name) for name in ("id", "schemaString"))
    # Both may be left out; a checksum file of another transaction is of a commit that is no longer there.
    transactions = {str(said.get("txnId")) for said in (checksum, _object(own, "commitInfo"))} - {"None"}
    return same_table and len(transactions) < 2


def _object(action: Action, name: str) -> dict[str, Any]:
    value = action.get(name)
    return value if is_json_object(value) else {}

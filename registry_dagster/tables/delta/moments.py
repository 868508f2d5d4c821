"""When a version of a Delta table was committed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables.delta.actions import Action, first_actions
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["committed_at", "recommitted_at"]

_SECOND = timedelta(seconds=1)
"""A copy of a log, and some stores, keep whole seconds."""


def committed_at(storage: Storage, log: Log, metadata: Mapping[str, Any], own: Action) -> datetime | None:
    """When the version was committed; None where its commit was cleaned up.

    Section "In-Commit Timestamps" of the protocol; for other tables the commit file's modification time, which is
    what all readers take.

    Args:
        storage: At the table.
        log: Of the version.
        metadata: Of the version.
        own: The `commitInfo` of the version's own commit, and what its checksum file says.

    Raises:
        UnsupportedTable: the table has in-commit timestamps, and that of the version cannot be read.
    """
    if not _has_in_commit_timestamps(metadata):
        return log.commit.modified if log.commit else None
    milliseconds = _said_in(own)
    if milliseconds is None and log.commit is None:
        return None
    try:
        return _moment(milliseconds)
    except (TypeError, ValueError, OverflowError, OSError) as error:
        raise UnsupportedTable(
            f"{storage.location}: version {log.version} has no commitInfo.inCommitTimestamp that can be read, though "
            f"{LOG}/ says in-commit timestamps are enabled. The log is damaged; write the table again."
        ) from error


def _has_in_commit_timestamps(metadata: Mapping[str, Any]) -> bool:
    configuration: dict[str, str] = dict(metadata.get("configuration") or {})
    return configuration.get("delta.enableInCommitTimestamps") == "true"


def _said_in(own: Action) -> Any:
    """The moment in the commit, else in the checksum file."""
    said = own.get("commitInfo", {}).get("inCommitTimestamp")
    return own.get("inCommitTimestampOpt") if said is None else said


def recommitted_at(storage: Storage, log: Log, recorded: datetime | None) -> datetime | None:
    """When the version's commit was made, if that is not when it was recorded.

    What was recorded is the moment in the commit or the moment of its file, and which of the two is not recorded:
    a commit that agrees with either is the recorded one.
    """
    commit = log.commit
    if commit is None or recorded is None or _is_same(commit.modified, recorded):
        return None
    milliseconds = _in_commit(storage, commit)
    if not isinstance(milliseconds, int):
        return commit.modified
    moment = _moment(milliseconds)
    return None if _is_same(moment, recorded) else moment


def _is_same(moment: datetime, recorded: datetime) -> bool:
    return abs(moment - recorded) < _SECOND


def _in_commit(storage: Storage, commit: StoredObject) -> Any:
    return first_actions(storage, commit, ("commitInfo",)).get("commitInfo", {}).get("inCommitTimestamp")


def _moment(milliseconds: Any) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)

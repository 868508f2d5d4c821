"""Delta: the pinned version in the log, the table's id, and a few of the version's data files."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.table import DeltaPin
from registry_dagster.tables.delta.actions import first_actions, well_formed
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.delta.samples import DataFile, sampled
from registry_dagster.tables.storage.protocol import Storage
from registry_dagster.tables.verdict import Finding, Saw

__all__ = ["verify_delta"]

_SECOND = timedelta(seconds=1)


def verify_delta(storage: Storage, pin: DeltaPin, saw: Saw) -> Finding:
    """Finds a cleaned-up or rewritten log, a table made anew, and by samples what was vacuumed or overwritten.

    Raises:
        TableError: the store cannot answer, or the log is damaged.
    """
    with well_formed(storage):
        return _verify(storage, pin, saw)


def _verify(storage: Storage, pin: DeltaPin, saw: Saw) -> Finding:
    where = f"{storage.location}/{LOG}"
    try:
        log = Log.read(storage, pin.version)
    except TableNotFound as error:
        found = _table_now(storage)
        saw(where, f"no version {pin.version}" if found is None else f"no version {pin.version}; table {found}")
        another = "" if found in {None, pin.table_id} else f" Another table stands there now: its id is {found}."
        return Finding("missing", f"{error}{another}")
    if (found := _table_id(storage, log, pin.table_id)) != pin.table_id:
        saw(where, f"version {pin.version} of table {found}")
        return Finding("changed", f"another table stands there: its id is {found}, recorded is {pin.table_id}.")
    saw(where, f"version {pin.version} of table {pin.table_id}, as recorded")
    if moment := _committed_again(storage, log, pin):
        saw(f"{storage.location}/{log.commit.path if log.commit else ''}", f"of {moment}, not of {pin.committed_at}")
        return Finding(
            "changed",
            f"the commit of version {pin.version} is of {moment:%Y-%m-%d %H:%M:%S} UTC, recorded is "
            f"{pin.committed_at:%Y-%m-%d %H:%M:%S}: it was written again, maybe with the same content.",
        )
    return _files(storage, pin, sampled(storage, log), saw)


def _table_now(storage: Storage) -> str | None:
    """The id of the table that is there now; None where its log says none."""
    try:
        with well_formed(storage):
            return _id_in(Log.read(storage, None).replay(storage))
    except (TableNotFound, UnsupportedTable):
        return None


def _table_id(storage: Storage, log: Log, wanted: str) -> str | None:
    """The table's id at the version. That is looked up in one file where it is the wanted one: ids are
    given once, so it does not matter where in the log it stands."""
    oldest = log.checkpoint or tuple(log.commits[number] for number in sorted(log.commits)[:1])
    for stored in oldest:
        if _id_in(first_actions(storage, stored, ("metaData",))) == wanted:
            return wanted
    return _id_in(log.replay(storage))


def _id_in(actions: dict[str, dict[str, str]]) -> str | None:
    return actions.get("metaData", {}).get("id")


def _committed_again(storage: Storage, log: Log, pin: DeltaPin) -> datetime | None:
    """When the version's commit was made, if that is not when it was recorded; as recorded, the moment is
    the one in the commit or that of its file."""
    commit = log.commit
    if commit is None or pin.committed_at is None or abs(commit.modified - pin.committed_at) < _SECOND:
        return None
    info = first_actions(storage, commit, ("commitInfo",)).get("commitInfo", {})
    milliseconds = info.get("inCommitTimestamp")
    if not isinstance(milliseconds, int):
        return commit.modified
    moment = datetime.fromtimestamp(milliseconds / 1000, tz=timezone.utc)
    return None if abs(moment - pin.committed_at) < _SECOND else moment


def _files(storage: Storage, pin: DeltaPin, files: list[DataFile], saw: Saw) -> Finding:
    gone = changed = 0
    for file in files:
        where = f"{storage.location}/{file.path}"
        try:
            size = storage.head(file.path).size
        except TableNotFound:
            saw(where, "not there any more")
            gone += 1
            continue
        if file.size is not None and size != file.size:
            saw(where, f"{size:,} bytes; the log says {file.size:,}")
            changed += 1
        else:
            saw(where, f"there, {size:,} bytes")
    looked_at = f"of {len(files)} data files that were looked at"
    if gone:
        return Finding(
            "missing",
            f"version {pin.version} is in the log, but {looked_at} {gone} {_is(gone)} gone: vacuumed or removed.",
        )
    if changed:
        return Finding(
            "changed",
            f"version {pin.version} is in the log, but {looked_at} {changed} {_is(changed)} of another size: "
            "overwritten.",
        )
    seen = f"the {len(files)} data files that were looked at are there" if files else "no data file could be sampled"
    return Finding("intact", f"version {pin.version} stands in the log as recorded; {seen}.")


def _is(count: int) -> str:
    return "is" if count == 1 else "are"

"""Delta: the pinned version in the log, the table's id, and a few of the version's data files."""

from __future__ import annotations

from collections import Counter

from registry_dagster.errors import TableNotFound, UnsupportedTable
from registry_dagster.model.table import DeltaPin, TableFacts
from registry_dagster.tables.delta.actions import first_actions, well_formed
from registry_dagster.tables.delta.commit import digest_of
from registry_dagster.tables.delta.live import is_live
from registry_dagster.tables.delta.log import LOG, Log
from registry_dagster.tables.delta.moments import recommitted_at
from registry_dagster.tables.delta.samples import MOST_COMMITS, DataFile, sampled
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from registry_dagster.tables.storage.read_once import ReadOnce
from registry_dagster.tables.verdict import Look, Note, TableState

__all__ = ["verify_delta"]

_AGAIN = "it was written again, maybe with the same content."
_IF_GONE = {True: "lost", None: "doubtful", False: "there"}
"""Whether the version has a file that is gone → what that means. A file that the version never had counts as there."""

_OUTCOMES: tuple[tuple[str, TableState, str], ...] = (
    ("lost", "missing", "gone: vacuumed or removed"),
    ("doubtful", "unknown", "gone, and the log is too long to prove that the version has what is gone"),
    ("resized", "changed", "of another size: overwritten"),
)
"""What became of a data file → what it means for the version, the worst first."""


def verify_delta(table: TableFacts, pin: DeltaPin, options: StorageOptions | None, note: Note) -> Look:
    """Finds a log that was cleaned up or rewritten, a table that was created again, and by samples lost data files.

    Raises:
        TableError: the store cannot answer, or the log is damaged.
    """
    storage = ReadOnce(open_storage(table.location, options))
    with well_formed(storage):
        return _verify(storage, pin, note)


def _verify(storage: Storage, pin: DeltaPin, note: Note) -> Look:
    where = f"{storage.location}/{LOG}"
    try:
        log = Log.read(storage, pin.version, later=MOST_COMMITS)
    except TableNotFound as error:
        return _without_version(storage, pin, error, note)
    if (found := _table_id(storage, log, pin.table_id)) != pin.table_id:
        note(where, f"version {pin.version} of table {found}")
        return Look("changed", f"another table is there: its id is {found}, but {pin.table_id} was recorded.")
    note(where, f"version {pin.version} of table {pin.table_id}, as recorded")
    if found := _other_commit(storage, log, pin, note):
        return found
    return _data_files(storage, log, sampled(storage, log), note)


def _other_commit(storage: Storage, log: Log, pin: DeltaPin, note: Note) -> Look | None:
    """What to say of a commit that is not the recorded one: by its digest, else by when it was committed."""
    if log.commit is None:
        return None
    if pin.commit_digest is None:
        return _committed_again(storage, log, pin, note)
    return _other_digest(storage, log.commit, pin, note)


def _other_digest(storage: Storage, commit: StoredObject, pin: DeltaPin, note: Note) -> Look | None:
    if (digest := digest_of(storage, commit)) == pin.commit_digest:
        return None
    note(f"{storage.location}/{commit.path}", f"a commit file of digest {digest}, not {pin.commit_digest}")
    return Look("changed", f"the commit file of version {pin.version} is not the recorded one: {_AGAIN}")


def _committed_again(storage: Storage, log: Log, pin: DeltaPin, note: Note) -> Look | None:
    moment = recommitted_at(storage, log, pin.committed_at)
    if moment is None or log.commit is None:
        return None
    note(f"{storage.location}/{log.commit.path}", f"committed at {moment}, not at {pin.committed_at}")
    return Look(
        "changed",
        f"version {pin.version} was committed at {moment:%Y-%m-%d %H:%M:%S} UTC, but "
        f"{pin.committed_at:%Y-%m-%d %H:%M:%S} was recorded: {_AGAIN}",
    )


def _without_version(storage: Storage, pin: DeltaPin, error: TableNotFound, note: Note) -> Look:
    found = _table_now(storage)
    now = "" if found is None else f"; table {found}"
    note(f"{storage.location}/{LOG}", f"no version {pin.version}{now}")
    another = "" if found in {None, pin.table_id} else f" Another table is there now: its id is {found}."
    return Look("missing", f"{error}{another}")


def _table_now(storage: Storage) -> str | None:
    """The id of the table that is there now; None where its log does not say."""
    try:
        with well_formed(storage):
            return _id_in(Log.read(storage, None).replay(storage))
    except (TableNotFound, UnsupportedTable):
        return None


def _table_id(storage: Storage, log: Log, wanted: str) -> str | None:
    """The table's id at the version.

    An id is given once, when a table is created. So if the oldest file has the wanted one, newer files need not be
    read.
    """
    oldest = log.checkpoint or tuple(log.commits[number] for number in sorted(log.commits)[:1])
    ids = (_id_in(first_actions(storage, stored, ("metaData",))) for stored in oldest)
    return wanted if wanted in ids else _id_in(log.replay(storage))


def _id_in(actions: dict[str, dict[str, str]]) -> str | None:
    return actions.get("metaData", {}).get("id")


def _data_files(storage: Storage, log: Log, files: list[DataFile], note: Note) -> Look:
    counts = Counter(_became(storage, log, file, note) for file in files)
    for became, state, what in _OUTCOMES:
        if count := counts[became]:
            looked_at = f"of {counts.total()} data files that were looked at {count} {_is(count)} {what}"
            return Look(state, f"version {log.version} is in the log, but {looked_at}.")
    seen = (
        f"the {counts.total()} data files that were looked at are there" if counts else "no data file could be sampled"
    )
    return Look("intact", f"version {log.version} is in the log as recorded; {seen}.")


def _became(storage: Storage, log: Log, file: DataFile, note: Note) -> str:
    """What became of a data file: there, resized, or one of what `_IF_GONE` says."""
    found = _data_file(storage, file, note)
    return _IF_GONE[is_live(storage, log, file)] if found == "gone" else found


def _data_file(storage: Storage, file: DataFile, note: Note) -> str:
    """What became of a data file: there, gone or resized."""
    where = f"{storage.location}/{file.path}"
    try:
        size = storage.head(file.path).size
    except TableNotFound:
        note(where, "no longer there")
        return "gone"
    if file.size is not None and size != file.size:
        note(where, f"{size:,} bytes; the log says {file.size:,}")
        return "resized"
    note(where, f"there, {size:,} bytes")
    return "there"


def _is(count: int) -> str:
    return "is" if count == 1 else "are"

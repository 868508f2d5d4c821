"""The files of a Delta log: which ones make up a version, and the actions in them that are not files."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, cast

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.tables.locations import plain_text
from registry_dagster.tables.storage import Storage, StoredFile, StoredObject

__all__ = ["LOG", "Log", "read_actions"]

LOG = "_delta_log"
_FILLED = {"metaData": "id", "protocol": "minReaderVersion"}
_WANTED = tuple(_FILLED)
_CHUNK = 1 << 20
_BATCH = 8192
_NAME = re.compile(
    r"(?P<version>\d{20})\."
    r"(?:(?P<kind>json|crc)|checkpoint\.(?:(?P<part>\d{10})\.(?P<parts>\d{10})\.parquet|parquet|[0-9a-fA-F-]{36}\.(?:parquet|json)))"
)
Action = dict[str, Any]


@dataclass
class Log:
    """The files that make up one version of a table.

    Compacted commits (`{from}.{to}.compacted.json`) are left out: they only repeat commits.

    Args:
        version: The version.
        commits: Version → commit file, after the checkpoint and up to the version.
        checkpoint: The files of the newest complete checkpoint up to the version; empty when there is none.
        commit: The version's own commit file; None when it was cleaned up.
        crc: The version's checksum file.
    """

    version: int
    commits: dict[int, StoredObject]
    checkpoint: tuple[StoredObject, ...] = ()
    commit: StoredObject | None = None
    crc: StoredObject | None = None

    @classmethod
    def read(cls, storage: Storage, version: int | None) -> Log:
        """List the log for a version, the latest when it is None.

        Raises:
            TableNotFound: no log, or the version is not in it (any more).
            UnsupportedTable: commits in the middle are missing.
        """
        start = _last_checkpoint(storage)
        if version is not None and version < start:
            start = 0
        listing = _Listing.read(storage, start, version)
        if start and start not in listing.checkpoints():
            listing = _Listing.read(storage, 0, version)
        wanted = max(listing.latest, 0) if version is None else version
        log = listing.log(wanted)
        if log is None:
            raise _why_not(storage, wanted)
        return log

    def checksum(self, storage: Storage) -> Action:
        """The version's checksum file, its `metadata` named `metaData`; empty when there is none.

        Section "Version Checksum File": it repeats metadata and protocol, and counts files and bytes.
        """
        if self.crc is None:
            return {}
        content = parse(storage, self.crc.path, storage.read(self.crc.path))
        return {**content, **({"metaData": content["metadata"]} if content.get("metadata") else {})}

    def replay(self, storage: Storage) -> Action:
        """The metadata and protocol that hold at the version: the newest of each wins.

        Raises:
            UnsupportedTable: one of them is nowhere in the log, or a file of it is damaged.
        """
        found: Action = {}
        for path in self._newest_first():
            if wanted := [name for name in _WANTED if name not in found]:
                found |= read_actions(storage, path, wanted)
        if missing := [name for name in _WANTED if name not in found]:
            raise UnsupportedTable(
                f"{storage.location}: its {LOG}/ has no {' and no '.join(missing)} at version "
                f"{self.version}. The log is damaged; write the table again."
            )
        return found

    def _newest_first(self) -> Iterator[str]:
        for version in sorted(self.commits, reverse=True):
            yield self.commits[version].path
        for stored in self.checkpoint:
            yield stored.path


@dataclass
class _Listing:
    """The files of a log from some version on."""

    commits: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    checksums: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    single: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    parts: dict[tuple[int, int], dict[int, StoredObject]] = field(
        default_factory=dict[tuple[int, int], dict[int, StoredObject]]
    )

    @classmethod
    def read(cls, storage: Storage, start: int, end: int | None) -> _Listing:
        listing = cls()
        for stored in storage.list(f"{LOG}/", f"{LOG}/{start:020d}"):
            name = stored.path.removeprefix(f"{LOG}/")
            if not name[:1].isdecimal() or (end is not None and name[:20] > f"{end:020d}"):
                break
            if match := _NAME.fullmatch(name):
                listing._add(stored, match)
        return listing

    def _add(self, stored: StoredObject, match: re.Match[str]) -> None:
        version = int(match["version"])
        if match["kind"] == "json":
            self.commits[version] = stored
        elif match["kind"] == "crc":
            self.checksums[version] = stored
        elif match["part"]:
            self.parts.setdefault((version, int(match["parts"])), {})[int(match["part"])] = stored
        else:
            self.single[version] = stored

    def checkpoints(self) -> dict[int, tuple[StoredObject, ...]]:
        """Version → the files of its checkpoint, where all of them are there."""
        complete = {
            version: tuple(parts[part] for part in sorted(parts))
            for (version, count), parts in self.parts.items()
            if len(parts) == count
        }
        return complete | {version: (stored,) for version, stored in self.single.items()}

    def log(self, version: int) -> Log | None:
        """The log of a version; None when commits are missing here."""
        checkpoints = self.checkpoints()
        start = max((number for number in checkpoints if number <= version), default=-1)
        numbers = range(start + 1, version + 1)
        if any(number not in self.commits for number in numbers):
            return None
        return Log(
            version=version,
            commits={number: self.commits[number] for number in numbers},
            checkpoint=checkpoints.get(start, ()),
            commit=self.commits.get(version),
            crc=self.checksums.get(version),
        )

    @property
    def latest(self) -> int:
        return max([*self.commits, *self.checkpoints()], default=-1)

    @property
    def oldest(self) -> int | None:
        """The oldest version that can still be read."""
        return 0 if 0 in self.commits else min(self.checkpoints(), default=None)


def _last_checkpoint(storage: Storage) -> int:
    """The version `_last_checkpoint` points to. It is a hint: without a sound one the whole log is listed."""
    path = f"{LOG}/_last_checkpoint"
    try:
        return int(json.loads(storage.read(path))["version"])
    except (TableNotFound, ValueError, KeyError, TypeError):
        return 0


def _why_not(storage: Storage, version: int) -> TableError:
    where, whole = storage.location, _Listing.read(storage, 0, None)
    if whole.latest < 0:
        return TableNotFound(f"{where} has no Delta log: {LOG}/ holds no commit and no checkpoint.")
    if whole.oldest is not None and not whole.oldest <= version <= whole.latest:
        gone = " (the log before was cleaned up)" if version < whole.oldest else ""
        return TableNotFound(
            f"{where} has no version {version}; its log has versions {whole.oldest} to {whole.latest}{gone}."
        )
    return UnsupportedTable(
        f"{where}: commits before version {version} are missing from {LOG}/, so the version cannot be told. "
        "The log is damaged; restore its files or write the table again."
    )


def read_actions(storage: Storage, path: str, names: Collection[str]) -> Action:
    """The first action of each name in a commit or a checkpoint. Others, such as files, are passed over.

    Raises:
        UnsupportedTable: the file is damaged.
    """
    if path.endswith(".parquet"):
        return _parquet_actions(storage, path, names)
    found: Action = {}
    keys = [f'"{name}"'.encode() for name in names]
    for line in _lines(storage, path):
        if any(key in line for key in keys):
            action = parse(storage, path, line)
            found |= {name: action[name] for name in names if name in action and name not in found}
            if len(found) == len(names):
                break
    return found


def parse(storage: Storage, path: str, text: bytes) -> Action:
    """A JSON object from the log.

    Raises:
        UnsupportedTable: it is none.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise _damaged(storage, path, f"it is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise _damaged(storage, path, "it does not hold JSON objects")
    return cast(Action, value)


def _lines(storage: Storage, path: str) -> Iterator[bytes]:
    start, rest = 0, b""
    while chunk := storage.read(path, start, _CHUNK):
        start += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines
        if len(chunk) < _CHUNK:
            break
    yield rest


def _parquet_actions(storage: Storage, path: str, names: Collection[str]) -> Action:
    """Reads only the row groups where a wanted action is not null, and of them only its columns.

    Maps inside an action are lists of pairs, as pyarrow gives them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    found: Action = {}
    try:
        source: Any = StoredFile(storage, storage.head(path))
        file: Any = pq.ParquetFile(source)
        columns = [name for name in names if name in file.schema_arrow.names]
        groups = [index for index in range(file.num_row_groups) if _may_hold(file, index, columns)]
        for batch in file.iter_batches(_BATCH, row_groups=groups, columns=columns):
            for name in columns:
                if values := batch.column(name).drop_null().to_pylist():
                    found.setdefault(name, values[0])
            if len(found) == len(names):
                break
    except (pa.ArrowException, OSError) as error:
        raise _damaged(storage, path, plain_text(error)) from error
    return found


def _may_hold(file: Any, index: int, names: Collection[str]) -> bool:
    """Whether a row group has a value in a column that every action of these names fills."""
    filled = {f"{name}.{_FILLED[name]}" for name in names}
    group = file.metadata.row_group(index)
    for position in range(len(file.schema)):
        if file.schema.column(position).path in filled:
            statistics = group.column(position).statistics
            if statistics is None or not statistics.has_null_count or statistics.null_count < group.num_rows:
                return True
    return False


def _damaged(storage: Storage, path: str, what: str) -> UnsupportedTable:
    return UnsupportedTable(f"{storage.location}/{path} cannot be read: {what}. The log is damaged; restore the file.")

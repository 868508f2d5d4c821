"""The files of a Delta log: which ones make up a version.

Sections named here are those of the Delta Transaction Log Protocol, PROTOCOL.md of delta-io/delta.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.tables.delta.actions import Action, first_actions
from registry_dagster.tables.json_text import json_object
from registry_dagster.tables.storage.protocol import Storage, StoredObject
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = ["LOG", "Log"]

LOG = "_delta_log"
_WANTED = ("metaData", "protocol")
_FEW = 100
"""Versions of which all files are listed by one request."""
_MOST_HINT_BYTES = 16 << 20
_MOST_VERSIONS = 10**20
"""File names have 20 digits."""
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_NAME = re.compile(
    r"(?P<version>\d{20})\.(?:(?P<kind>json|crc)|(?P<end>\d{20})\.compacted\.json"
    rf"|checkpoint\.(?:(?P<part>\d{{10}})\.(?P<parts>\d{{10}})\.parquet|parquet|{_UUID}\.(?:parquet|json)))"
)


@dataclass(frozen=True)
class Log:
    """The files that make up one version of a table.

    Args:
        version: The version.
        commits: Version → commit file, after the checkpoint and up to the version.
        compacted: First and last version → a file that repeats these commits, reconciled.
        checkpoint: The files of the newest complete checkpoint up to the version; empty if there is none.
        commit: The version's own commit file; None if it was cleaned up.
        crc: The version's checksum file.
        later: The first commits after the version, as many as were asked for.
    """

    version: int
    commits: dict[int, StoredObject]
    compacted: dict[tuple[int, int], StoredObject]
    checkpoint: tuple[StoredObject, ...] = ()
    commit: StoredObject | None = None
    crc: StoredObject | None = None
    later: tuple[StoredObject, ...] = ()

    @classmethod
    def read(cls, storage: Storage, version: int | None, later: int = 0) -> Log:
        """List the log for a version.

        Args:
            storage: At the table.
            version: None: the latest.
            later: How many of the commits after the version to list, too.

        Raises:
            TableNotFound: no log, or the version is not or no longer in it.
            UnsupportedTable: commits in the middle are missing.
        """
        listing = _listed(storage, version, later)
        # An empty log is asked for version 0, which says why there is none.
        wanted = max(listing.latest, 0) if version is None else version
        log = listing.log(wanted)
        if log is None:
            raise _why_not(storage, wanted)
        return log

    def replay(self, storage: Storage, own: Action | None = None) -> Action:
        """The metadata and protocol that hold at the version: the newest of each wins.

        Args:
            storage: At the table.
            own: The actions of the version's own commit, if they were read already.

        Raises:
            UnsupportedTable: one of them is nowhere in the log, or a file of it is damaged.
        """
        # From the newest file back: the first metadata and the first protocol met are those that hold, and in most
        # logs reading stops at the checkpoint.
        found: Action = {}
        files = [stored for stored in (*self.tail(), *self.checkpoint) if own is None or stored != self.commit]
        older = ahead(lambda stored: first_actions(storage, stored, _WANTED), files)
        for actions in filter(None, chain([own or {}], older)):
            found = {**actions, **found}
            if found.keys() >= {*_WANTED}:
                return found
        lacking = " and no ".join(sorted({*_WANTED} - found.keys()))
        raise UnsupportedTable(
            f"{storage.location}: its {LOG}/ has no {lacking} "
            f"at version {self.version}. The log is damaged; write the table again."
        )

    def tail(self) -> Iterator[StoredObject]:
        """The files after the checkpoint, newest first; a compacted one in place of the commits it repeats."""
        # Of the compacted files that end at a version, the one that begins first replaces the most commits.
        widest = {last: first for first, last in sorted(self.compacted, reverse=True)}
        version = self.version
        while version in self.commits:
            first = widest.get(version, version)
            yield self.compacted.get((first, version), self.commits[version])
            version = first - 1


@dataclass
class _Listing:
    """The files of a log from some version on, by kind."""

    commits: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    compacted: dict[tuple[int, int], StoredObject] = field(default_factory=dict[tuple[int, int], StoredObject])
    checksums: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    single: dict[int, StoredObject] = field(default_factory=dict[int, StoredObject])
    parts: dict[tuple[int, int], dict[int, StoredObject]] = field(
        default_factory=dict[tuple[int, int], dict[int, StoredObject]]
    )
    later: list[StoredObject] = field(default_factory=list[StoredObject])

    @classmethod
    def read(cls, storage: Storage, start: int, end: int | None, later: int = 0) -> _Listing:
        listing, last = cls(), "~" if end is None else f"{end:020d}"
        for stored in storage.list(f"{LOG}/", f"{LOG}/{start:020d}"):
            name = stored.path.removeprefix(f"{LOG}/")
            # Names are listed in order and begin with 20 digits, so the first that does not ends the versions.
            is_later = name[:20] > last
            if not name[:1].isdecimal() or (is_later and len(listing.later) == later):
                break
            match = _NAME.fullmatch(name)
            if match and not is_later:
                listing._add(stored, match)
            elif match and match["kind"] == "json":
                listing.later.append(stored)
        return listing

    def _add(self, stored: StoredObject, match: re.Match[str]) -> None:
        version = int(match["version"])
        if match["kind"] == "json":
            self.commits[version] = stored
        elif match["kind"] == "crc":
            self.checksums[version] = stored
        elif match["end"]:
            self.compacted[version, int(match["end"])] = stored
        elif match["part"]:
            self.parts.setdefault((version, int(match["parts"])), {})[int(match["part"])] = stored
        else:
            self.single[version] = stored

    def checkpoints(self) -> dict[int, tuple[StoredObject, ...]]:
        """Version → the files of its checkpoint, if they are all there: a writer may have been interrupted."""
        complete = {
            version: tuple(parts[part] for part in sorted(parts))
            for (version, count), parts in self.parts.items()
            if len(parts) == count
        }
        return complete | {version: (stored,) for version, stored in self.single.items()}

    def log(self, version: int) -> Log | None:
        """The log of a version; None if commits are missing here."""
        # The newest complete checkpoint up to the version, and every commit after it; without one, from commit 0.
        checkpoints = self.checkpoints()
        start = _newest_up_to(version, checkpoints)
        numbers = range(start + 1, version + 1)
        if not all(number in self.commits for number in numbers):
            return None
        return Log(
            version=version,
            commits={number: self.commits[number] for number in numbers},
            compacted={span: stored for span, stored in self.compacted.items() if start < span[0] <= span[1]},
            checkpoint=checkpoints.get(start, ()),
            commit=self.commits.get(version),
            crc=self.checksums.get(version),
            later=tuple(self.later),
        )

    @property
    def latest(self) -> int:
        """The newest version; -1 if there is none."""
        return max([*self.commits, *self.checkpoints()], default=-1)

    @property
    def oldest(self) -> int | None:
        """The oldest version that can still be read."""
        return 0 if 0 in self.commits else min(self.checkpoints(), default=None)


def _newest_up_to(version: int, checkpoints: Iterable[int]) -> int:
    return max((number for number in checkpoints if number <= version), default=-1)


def _listed(storage: Storage, version: int | None, later: int) -> _Listing:
    # `_last_checkpoint` saves listing the log before the checkpoint it names, which is worth a request only where that
    # is long. It is only a hint: it may name a checkpoint after the wanted version, or one that is not complete or was
    # removed. Then all is listed.
    start = 0 if version is not None and version < _FEW else _last_checkpoint(storage)
    if version is not None and version < start:
        start = 0
    listing = _Listing.read(storage, start, version, later)
    if start and start not in listing.checkpoints():
        return _Listing.read(storage, 0, version, later)
    return listing


def _last_checkpoint(storage: Storage) -> int:
    """The version that `_last_checkpoint` names; 0 where it is absent or cannot be read."""
    try:
        said = json_object(storage.read(f"{LOG}/_last_checkpoint", 0, _MOST_HINT_BYTES)).get("version")
    except TableNotFound:
        return 0
    return said if isinstance(said, int) and 0 < said < _MOST_VERSIONS else 0


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
        f"{where}: commits before version {version} are missing from {LOG}/, so the version cannot be put together. "
        "The log is damaged; restore its files or write the table again."
    )

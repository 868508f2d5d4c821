"""Hand-off: a folder of proposals, for machines that cannot reach DataHub.

Each file is one write, a list of proposals as DataHub's file source reads them; its name is its place
in the order. `feature-registry push` delivers the versions later, create-only. `datahub ingest` with a file
source reads the proposals, but does not deliver reliably. Numbers given here are provisional: a version gets
its final number from the registry that it is pushed to.
"""

from __future__ import annotations

import json
import os
import threading
import uuid
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from registry_dagster.datahub.forms import checked_aspect
from registry_dagster.datahub.proposal import Aspect, Entity, Proposal
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import entity_type
from registry_dagster.errors import RegistryError, RegistryUnavailable
from registry_dagster.stores.matching import fitting
from registry_dagster.stores.store import Found, Refusal, Swap, unmet_by

__all__ = ["FileStore"]


_MOST_BYTES = 256 * 2**20
"""One write is far smaller: a record of 10,000 columns has some MB."""


class _Value(TypedDict):
    json: dict[str, Any]


class _Proposal(TypedDict):
    entityUrn: str
    aspectName: str
    aspect: _Value


_PROPOSALS = TypeAdapter(list[_Proposal])


class FileStore:
    """Aspects in a folder of proposal files.

    A file is written whole under a name of its own and then linked to the next free number. So each write
    is there whole or not at all, and if two writers want the same number, one reads again and retries.
    Threads take turns.

    Args:
        folder: The folder; the first write creates it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._entities: dict[str, dict[str, Aspect]] = {}
        self._read = 0
        self._whole = False
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"FileStore({self.target!r})"

    @property
    def target(self) -> str:
        return f"file://{self._folder}"

    @property
    def search_lags(self) -> bool:
        return False

    @property
    def filters_reads(self) -> bool:
        return False

    @property
    def remarks(self) -> Sequence[str]:
        return ()

    def about(self) -> dict[str, str]:
        with self._lock:
            self._catch_up()
        return {"store": "hand-off folder; feature-registry push delivers it", "writes": str(self._read)}

    def check(self, commit: Sequence[Proposal]) -> None:
        """Any commit fits; a server's limits apply when it is pushed."""

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        with self._lock:
            self._catch_up()
            return {
                urn: {name: value for name, value in self._entities[urn].items() if not aspects or name in aspects}
                for urn in urns
                if urn in self._entities and (not aspects or self._entities[urn].keys() & set(aspects))
            }

    def search(self, search: Search) -> Iterator[Found]:
        return fitting(self.read, search, self.urns()[::-1])

    def urns(self) -> list[str]:
        """All entities, in the order in which they were first written."""
        with self._lock:
            self._catch_up()
            return list(self._entities)

    def ensure(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        with self._lock:
            while lacking := self._lacking(wanted):
                if self._append(lacking, "UPSERT"):
                    return

    def upsert(self, proposals: Iterable[Proposal]) -> None:
        wanted = list(proposals)
        with self._lock:
            while changed := [each for each in wanted if self._current(each) != each.value]:
                if self._append(changed, "UPSERT"):
                    return

    def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
        with self._lock:
            return [self._create(commit) for commit in commits]

    def swap(self, swaps: Sequence[Swap]) -> Sequence[bool]:
        with self._lock:
            return [self._swap(each) for each in swaps]

    def close(self) -> None:
        """Nothing is kept open."""

    def _swap(self, swap: Swap) -> bool:
        proposal = Proposal(swap.urn, swap.aspect, swap.after)
        while self._current(proposal) == swap.before:
            if self._append([proposal], "UPSERT"):
                return True
        return False

    def _create(self, commit: Sequence[Proposal]) -> Refusal | None:
        while True:
            self._catch_up()
            refusal = next(filter(None, (unmet_by(each, self._known(each)) for each in commit)), None)
            if refusal is not None or self._append(commit, "CREATE"):
                return refusal

    def _lacking(self, wanted: Sequence[Proposal]) -> list[Proposal]:
        return [each for each in wanted if self._current(each) is None]

    def _current(self, proposal: Proposal) -> Aspect | None:
        self._catch_up()
        return self._known(proposal)

    def _known(self, proposal: Proposal) -> Aspect | None:
        return self._entities.get(proposal.urn, {}).get(proposal.aspect)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:06}.json"

    def _catch_up(self) -> None:
        """Read the files that anybody has written since."""
        while (path := self._path(self._read + 1)).exists():
            for urn, aspect, value in _read(path):
                self._entities.setdefault(urn, {})[aspect] = checked_aspect(aspect, value)
            self._read += 1
        if not self._whole:
            self._refuse_gap()
            self._whole = True

    def _refuse_gap(self) -> None:
        """Refuse a gap: writes behind it would not be read, and the next write would go into it."""
        names = [path.stem for path in self._folder.glob("*.json")] if self._folder.is_dir() else []
        last = max((int(name) for name in names if name.isdecimal()), default=0)
        # Check again, since others may have written it meanwhile.
        if last > self._read and not self._path(self._read + 1).exists():
            raise RegistryError(f"{self._path(self._read + 1)} is missing, but later files exist; restore it")

    def _append(self, proposals: Sequence[Proposal], change: str) -> bool:
        """Write the next file. False if another writer took its number."""
        entries = [
            _entry(each, "UPSERT" if each.replaces or each.expects is not None else change) for each in proposals
        ]
        text = json.dumps(entries, indent=1, ensure_ascii=False)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            part = self._folder / f".{uuid.uuid4().hex}.part"
            with part.open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(part, self._path(self._read + 1))
            finally:
                part.unlink()
        except FileExistsError:
            return False
        except OSError as error:
            raise RegistryUnavailable(
                f"{self.target}: {error.strerror}. This step wrote nothing; check the folder and run it again"
            ) from error
        return True


def _read(path: Path) -> list[tuple[str, str, Aspect]]:
    """URN, aspect and value of each proposal in a file.

    Raises:
        RegistryError: it is not a list of proposals.
    """
    try:
        if not path.is_file() or path.stat().st_size > _MOST_BYTES:
            raise ValueError(f"it is not a file of at most {_MOST_BYTES / 2**20:,.0f} MiB")
        return [_of_entry(entry) for entry in _PROPOSALS.validate_json(path.read_bytes(), strict=True)]
    except (OSError, ValueError) as error:
        raise RegistryError(f"{path} cannot be read as proposals ({_in_a_line(error)}); restore the file") from error


def _of_entry(entry: _Proposal) -> tuple[str, str, Aspect]:
    if not entry["entityUrn"].startswith("urn:li:"):
        raise ValueError(f"{entry['entityUrn'][:50]!r} is not one of DataHub's URNs")
    return entry["entityUrn"], entry["aspectName"], dict(entry["aspect"]["json"])


def _in_a_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
    return str(error)


def _entry(proposal: Proposal, change: str) -> dict[str, Any]:
    return {
        "entityType": entity_type(proposal.urn),
        "entityUrn": proposal.urn,
        "changeType": change,
        "aspectName": proposal.aspect,
        "aspect": {"json": proposal.value},
    }

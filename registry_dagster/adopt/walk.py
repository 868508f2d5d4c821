"""Walking a bucket or folder for tables: one listing, in which each path is compared with the patterns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from typing import cast

from registry_dagster.adopt.known import Known
from registry_dagster.adopt.pattern import Matched, Pattern
from registry_dagster.errors import TableNotFound
from registry_dagster.model.table import TableFormat
from registry_dagster.tables.storage.locations import below, local_path, normalise, nothing_stored
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.survey import Place, file_format, is_header

__all__ = ["FoundTable", "Skipped", "Walk", "walk_location"]


@dataclass(frozen=True)
class FoundTable:
    """A table at a place that fits a pattern.

    Args:
        location: Where it is, a URI.
        matched: What its path says.
        format: Its format, as far as the listing shows it.
        known: What another catalogue says of it.
    """

    location: str
    matched: Matched
    format: TableFormat | None = None
    known: Known | None = None


@dataclass(frozen=True)
class Skipped:
    """What is not taken for a table, and why.

    Args:
        path: Below the location that was walked; the first of its kind.
        why: In words.
        count: How many files this is about.
    """

    path: str
    why: str
    count: int = 1

    def __str__(self) -> str:
        more = f" ({self.count:,} files)" if self.count > 1 else ""
        return f"{self.path}{more}: {self.why}"


@dataclass
class Walk:
    """What a walk found: tables, and what was skipped."""

    tables: list[FoundTable] = field(default_factory=list[FoundTable])
    skipped: list[Skipped] = field(default_factory=list[Skipped])


def walk_location(location: str, patterns: Sequence[Pattern], options: StorageOptions | None = None) -> Walk:
    """The tables below a location whose places fit one of the patterns, the first that fits.

    Raises:
        TableNotFound: nothing is stored there.
        TableError: the store does not answer, or cannot list.
    """
    storage = open_storage(normalise(location), options)
    if not storage.exists():
        raise TableNotFound(nothing_stored(storage.location))
    return sorted_out(storage.location, (stored.path for stored in storage.list()), patterns)


def sorted_out(root: str, paths: Iterable[str], patterns: Sequence[Pattern]) -> Walk:
    """The tables among the paths of a listing."""
    places: dict[str, tuple[Place, Matched]] = {}
    others: dict[str, Skipped] = {}
    for path in paths:
        for name, matched in _candidates(path, patterns):
            places.setdefault(name, (Place(), matched))[0].add(path[len(name) + 1 :])
            break
        else:
            _skip(others, path)
    return _walk(root, places, others)


def _candidates(path: str, patterns: Sequence[Pattern]) -> Iterator[tuple[str, Matched]]:
    """The places that a file may be, or be part of."""
    parts = path.split("/")
    for pattern in patterns:
        own = parts[: pattern.depth]
        is_file = len(parts) == pattern.depth
        if is_file and file_format(parts[-1]) is None:
            continue
        if matched := pattern.match(own, is_file=is_file):
            yield "/".join(own), matched


def _walk(root: str, places: dict[str, tuple[Place, Matched]], others: dict[str, Skipped]) -> Walk:
    walk = Walk()
    for name, (place, matched) in places.items():
        if why := place.problem():
            walk.skipped.append(Skipped(name, why))
        else:
            walk.tables.append(FoundTable(_location(root, name), matched, cast("TableFormat | None", place.format)))
    walk.skipped += others.values()
    return walk


def _skip(others: dict[str, Skipped], path: str) -> None:
    """Count a file that no pattern fits, together with those of its ending and kind in its directory."""
    posix = PurePosixPath(path)
    skipped = Skipped(path, _why(posix.name))
    kind = f"{posix.parent}/*{posix.suffix}: {skipped.why}"
    before = others.get(kind)
    others[kind] = replace(before, count=before.count + 1) if before else skipped


def _why(name: str) -> str:
    return "it names the columns of a file beside it" if is_header(name) else "no layout fits its path"


def _location(root: str, name: str) -> str:
    local = local_path(root)
    return below(root, name) if local is None else (local / name).as_uri()

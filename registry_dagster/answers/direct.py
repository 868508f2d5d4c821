"""Direct joins of two tables: all pairs of columns that can be joined, with what is known about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_dagster.answers.answer import Verdict, shared_basis
from registry_dagster.answers.casts import casts_for
from registry_dagster.answers.compatibility import compatibility
from registry_dagster.answers.join import Join, NullSentinel, Step
from registry_dagster.answers.keys import Key, Stability, ids_in, shared_keys, shortest_lived, weaker
from registry_dagster.answers.meeting import Meeting, Miss, declared_meetings, inverse, shared_target_meetings
from registry_dagster.answers.relations import relate
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import BodyId, FunctionalUnitKey, RootId, SkeletonNodeId

__all__ = ["Direct", "direct_joins"]

_UNIT_PARTS = ("session", "scan_idx", "unit_id")


@dataclass(frozen=True)
class Direct:
    """The direct joins of two tables, and why other candidate columns are not joined."""

    joins: tuple[Join, ...]
    misses: tuple[str, ...]


def direct_joins(a: DatasetVersion, b: DatasetVersion, *, at: datetime | None = None) -> Direct:
    """Every direct join of two tables, declared ones first."""
    one_system = any(relate(one, other) is not None for one in a.materializations for other in b.materializations)
    met: dict[frozenset[tuple[str, str]], Meeting] = {}
    missed: dict[str, None] = {}
    for found in _meetings(a, b, one_system):
        if isinstance(found, Miss):
            missed[found.reason] = None
            continue
        columns = frozenset(found.columns)
        met[columns] = _merged(met[columns], found) if columns in met else found
    return Direct(tuple(_join(a, b, meeting, at) for meeting in met.values()), tuple(missed))


def _meetings(a: DatasetVersion, b: DatasetVersion, one_system: bool) -> Iterator[Meeting | Miss]:
    yield from declared_meetings(a, b, one_system=one_system)
    yield from map(inverse, declared_meetings(b, a, one_system=one_system))
    yield from shared_target_meetings(a, b, one_system=one_system)
    keys = list(shared_keys(a.columns, b.columns, one_system=one_system))
    yield from (Miss(f"{key}: {key.reason}") for key in keys if not key.same)
    keys = [key for key in keys if key.same]
    yield from (_derived((key,)) for key in keys if not isinstance(_column(a, key), SkeletonNodeId | FunctionalUnitKey))
    # Neither is a key by itself: a node is numbered within its segment, and a unit has one column for each part.
    yield from _with_skeletons(a, keys)
    yield from _of_units(a, [key for key in keys if isinstance(_column(a, key), FunctionalUnitKey)])


def _column(a: DatasetVersion, key: Key) -> AnyColumn:
    return a.columns[key.a or ""]


def _derived(keys: tuple[Key, ...]) -> Meeting:
    return Meeting(keys, "derived", "; ".join(dict.fromkeys(key.reason for key in keys)), "derived")


def _with_skeletons(a: DatasetVersion, keys: Sequence[Key]) -> Iterator[Meeting | Miss]:
    segments = [key for key in keys if isinstance(_column(a, key), RootId | BodyId)]
    for node in [key for key in keys if isinstance(_column(a, key), SkeletonNodeId)]:
        yield from (_derived((segment, node)) for segment in segments)
        if not segments:
            yield Miss(f"{node}: a skeleton node is identified within its segment, and no segment id is shared")


def _of_units(a: DatasetVersion, parts: Sequence[Key]) -> Iterator[Meeting | Miss]:
    by_part = {part: [key for key in parts if _part(a, key) == part] for part in _UNIT_PARTS}
    if all(len(keys) == 1 for keys in by_part.values()):
        unit = _derived(tuple(keys[0] for keys in by_part.values()))
        yield replace(unit, reason=f"both hold {', '.join(_UNIT_PARTS)} of functional units")
    elif parts:
        counts = ", ".join(f"{part} {len(keys)}" for part, keys in by_part.items())
        yield Miss(f"functional units: each part of the key must be shared exactly once; pairs found: {counts}")


def _part(a: DatasetVersion, key: Key) -> str | None:
    column = _column(a, key)
    return column.part if isinstance(column, FunctionalUnitKey) else None


def _merged(first: Meeting, other: Meeting) -> Meeting:
    """Two statements about one join, as one. Where they contradict each other, the answer is unknown."""
    if first.origin == "derived" and other.origin == "declared":
        first, other = other, first
    known = {cardinality for cardinality in (first.cardinality, other.cardinality) if cardinality is not None}
    reason = first.reason
    if len(known) > 1:
        reason = f"{reason}; declared as {' and as '.join(sorted(known))}, so its cardinality is unknown"
    return replace(
        first,
        keys=_weaker_keys(first, other),
        reason=reason,
        cardinality=known.pop() if len(known) == 1 else None,
        null_sentinels=tuple(dict.fromkeys((*first.null_sentinels, *other.null_sentinels))),
        losses=tuple(dict.fromkeys((*first.losses, *other.losses))),
        crosswalk=first.crosswalk or other.crosswalk,
    )


def _weaker_keys(first: Meeting, other: Meeting) -> tuple[Key, ...]:
    """The keys of the first, each as stable as the weaker of the two statements."""
    stabilities: dict[tuple[str | None, str | None], Stability] = {(key.a, key.b): key.stability for key in other.keys}
    return tuple(replace(key, stability=weaker(key.stability, stabilities[key.a, key.b])) for key in first.keys)


def _join(a: DatasetVersion, b: DatasetVersion, meeting: Meeting, at: datetime | None) -> Join:
    found = compatibility(a, b, keys=meeting.keys, crosswalks=False, at=at)
    stability = shortest_lived(key.stability for key in meeting.keys)
    step = Step(
        left=a.name,
        right=b.name,
        columns=meeting.columns,
        origin=meeting.origin,
        cardinality=meeting.cardinality,
        stability=stability,
        null_sentinels=tuple(dict.fromkeys((*meeting.null_sentinels, *_sentinels(a, b, meeting)))),
        losses=tuple(dict.fromkeys((*meeting.losses, *found.losses))),
        compatibility=found,
        reason=meeting.reason,
        basis=meeting.basis,
        casts=casts_for(a, b, meeting.columns),
    )
    verdict, reason, basis = found.verdict, f"{meeting.reason}; {found.reason}", found.basis
    if meeting.crosswalk is not None:
        verdict, basis = Verdict.BRIDGEABLE, "declared"
        reason = f"{meeting.reason}, through {meeting.crosswalk}; {found.reason}"
    return Join(
        a=a.name,
        b=b.name,
        kind=meeting.origin if meeting.crosswalk is None else "bridge",
        steps=(step,),
        through=() if meeting.crosswalk is None else (meeting.crosswalk,),
        verdict=verdict,
        cardinality=meeting.cardinality,
        stability=stability,
        reason=reason,
        basis=shared_basis((meeting.basis, basis)),
    )


def _sentinels(a: DatasetVersion, b: DatasetVersion, meeting: Meeting) -> Iterator[NullSentinel]:
    for key in meeting.keys:
        for version, path in ((a, key.a), (b, key.b)):
            column = ids_in(version.columns).get(path or "")
            if path is not None and column is not None and column.null_sentinel is not None:
                yield NullSentinel(version.name, path, str(column.null_sentinel))

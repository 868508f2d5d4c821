"""Joins: how two tables can be joined, best way first, with what is known about each way."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.bridges import bridged_joins
from registry_dagster.answers.compatibility import Compatibility, compatibility
from registry_dagster.answers.current import NamedAnswer
from registry_dagster.answers.direct import direct_joins
from registry_dagster.answers.join import Join
from registry_dagster.answers.keys import ids_in
from registry_dagster.answers.nearest import NearestPoint, nearest_points
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["Joins", "joins"]

_KINDS = ("declared", "derived", "bridge")


@dataclass(frozen=True)
class Joins(NamedAnswer):
    """How two tables can be joined.

    Args:
        a, b: The tables.
        compatibility: How their materialization versions go together, with crosswalks named by signals.
        joins: The joins by equal keys, best first.
        nearest: The joins by the nearest point. They compare no ids, so they come last.
        notes: Candidate columns that are not joined, each with the reason.
    """

    a: str
    b: str
    compatibility: Compatibility
    joins: tuple[Join, ...]
    nearest: tuple[NearestPoint, ...]
    notes: tuple[str, ...]

    def words(self) -> str:
        lines = [f"{self.a} ↔ {self.b}: {len(self.joins) or 'no'} {'way' if len(self.joins) == 1 else 'ways'} by key"]
        lines += [str(join) for join in self.joins]
        lines += [f"nearest point: {each}" for each in self.nearest]
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def joins(
    a: DatasetVersion, b: DatasetVersion, *, bridges: Iterable[DatasetVersion] = (), at: datetime | None = None
) -> Joins:
    """How two tables can be joined.

    Joins are ranked by verdict; then those that take no cast come first; then declared ones come before derived
    ones, and these before bridges; then joins within one side of a connection (pre to pre) come before those
    across it (pre to post).

    Of a bridge that is given in several versions, the one with the best way is taken.

    Args:
        a, b: The tables.
        bridges: Tables that may hold keys of both, such as crosswalks. Others are ignored.
        at: The moment to compare expiry dates with.
    """
    direct = direct_joins(a, b, at=at)
    found = list(direct.joins)
    for versions in _by_dataset(bridges, without=(a.name, b.name)):
        found += max((bridged_joins(a, b, bridge, at=at) for bridge in versions), key=_strength)
    nearest, apart = nearest_points(a, b)
    whole = compatibility(a, b, at=at)
    notes = [*direct.misses, *apart]
    if whole.verdict is Verdict.BRIDGEABLE and not any(join.kind == "bridge" for join in found):
        notes.append(f"a crosswalk is recorded, but no table with keys of both was given: {whole.reason}")
    if not found and not notes:
        notes += _why_not(a, b)
    ranked = sorted(found, key=lambda join: _rank(join, a, b))
    return Joins(a.name, b.name, whole, tuple(ranked), nearest, tuple(dict.fromkeys(notes)))


def _by_dataset(bridges: Iterable[DatasetVersion], without: Collection[str]) -> Iterable[Sequence[DatasetVersion]]:
    """The versions of each bridge, without the tables that are to be joined, and each once."""
    found: dict[str, dict[str, DatasetVersion]] = {}
    for bridge in bridges:
        if bridge.name not in without:
            found.setdefault(bridge.dataset, {}).setdefault(bridge.name, bridge)
    return [tuple(versions.values()) for versions in found.values()]


def _strength(found: Sequence[Join]) -> int:
    """How good the ways through one version of a bridge are."""
    return max((join.verdict.strength for join in found), default=-1)


def _why_not(a: DatasetVersion, b: DatasetVersion) -> Iterator[str]:
    for version in (a, b):
        if not ids_in(version.columns):
            yield f"{version.name} declares no identifier column"
    if ids_in(a.columns) and ids_in(b.columns):
        here, there = (", ".join(sorted(_kinds(version))) for version in (a, b))
        yield f"{a.name} holds {here}; {b.name} holds {there}: they have no reference and no key in common"


def _kinds(version: DatasetVersion) -> set[str]:
    return {column.semantic.replace("_", " ") for column in version.columns.values() if ids_in({"": column})}


def _rank(join: Join, a: DatasetVersion, b: DatasetVersion) -> tuple[object, ...]:
    left = join.steps[0].columns[0][0]
    right = join.steps[-1].columns[0][1]
    sides = {_side(a.columns.get(left)), _side(b.columns.get(right))}
    return (
        -join.verdict.strength,
        bool(join.casts),
        _KINDS.index(join.kind),
        {"pre", "post"} <= sides,
        join.through,
        join.columns,
    )


def _side(column: AnyColumn | None) -> str | None:
    return getattr(column, "side", None)

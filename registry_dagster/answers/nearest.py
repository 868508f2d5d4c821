"""Nearest-point joins: which positions of two tables can be compared, and how far apart the same point may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum, hypot, isfinite
from typing import Literal

from registry_dagster.answers.answer import Answer, Basis, shared_basis
from registry_dagster.answers.ranges import means_version
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.dtypes import is_integer, list_of
from registry_dagster.model.geometry import Position, TransformedPosition
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import SpatialDrift

__all__ = ["NearestPoint", "Point", "nearest_points"]

Nanometres = tuple[float, float, float]


@dataclass(frozen=True)
class Point(Answer):
    """A point as a table stores it.

    Args:
        version: The published version.
        columns: Its columns: one list, or x, y and z.
        frame: The coordinate frame.
        role: What the point marks.
        nm_per_unit: The factors from coordinates to nanometres, along x, y, z.
        rounded: Whether coordinates are whole units, so that each may be off by half a unit.
        transform: The transform into this frame, if there was one.
    """

    version: str
    columns: tuple[str, ...]
    frame: str
    role: str
    nm_per_unit: Nanometres
    rounded: bool
    transform: str | None = None

    def __str__(self) -> str:
        scale = " × ".join(f"{nm:g}" for nm in self.nm_per_unit)
        unit = "in nm" if set(self.nm_per_unit) == {1} else f"{scale} nm per unit"
        return f"{', '.join(self.columns)} of {self.version} ({self.role}, frame {self.frame}, {unit})"


@dataclass(frozen=True)
class NearestPoint(Answer):
    """A join by the nearest point. It compares no ids, so it is a guess at identity, whatever the tolerance.

    Args:
        a, b: The points; convert both to nanometres first.
        tolerance_nm: How far apart the same point may be; None if it is unknown.
        rounding_nm: The part of it that comes from whole coordinates; None if it is too large for a number.
        drifts: The other parts of it, in words.
        reason, basis: How the tolerance is made up, and what it rests on; the basis is None if it is unknown.
    """

    a: Point
    b: Point
    tolerance_nm: float | None
    rounding_nm: float | None
    drifts: tuple[str, ...]
    reason: str
    basis: Basis | None

    def __str__(self) -> str:
        tolerance = "unknown" if self.tolerance_nm is None else f"{self.tolerance_nm:g} nm"
        return f"{self.a} ~ {self.b}: tolerance {tolerance} ({self.basis or 'no basis'})\n  {self.reason}"


def nearest_points(a: DatasetVersion, b: DatasetVersion) -> tuple[tuple[NearestPoint, ...], tuple[str, ...]]:
    """Each pair of comparable points, those with the same role first, and why others are not compared."""
    found: list[NearestPoint] = []
    misses: dict[str, None] = {}
    others = list(_points(b))
    for here in _points(a):
        for there in others:
            drifts = list(_drifts(a, b, here, there))
            if here.frame != there.frame and not _carried(drifts, here, there):
                frames = " and ".join(sorted((here.frame, there.frame)))
                misses[f"positions: no drift between the frames {frames} is recorded"] = None
                continue
            found.append(_nearest(here, there, drifts))
    found.sort(key=lambda each: (each.a.role != each.b.role, each.tolerance_nm is None, each.a.columns, each.b.columns))
    return tuple(found), tuple(misses)


def _nearest(here: Point, there: Point, drifts: Sequence[SpatialDrift]) -> NearestPoint:
    rounding = hypot(*(_half_units(here, axis) + _half_units(there, axis) for axis in range(3)))
    reaches = [_reach(drift) for drift in drifts]
    words = tuple(map(_words, drifts, reaches))
    known = [reach[1] for reach in reaches if reach is not None]
    tolerance = _finite(fsum((*known, rounding))) if known and len(known) == len(reaches) else None
    basis = shared_basis(drift.basis for drift in drifts) if tolerance is not None else None
    return NearestPoint(here, there, tolerance, _finite(rounding), words, _why(words, reaches, rounding), basis)


def _why(words: Sequence[str], reaches: Sequence[tuple[str, float] | None], rounding: float) -> str:
    """How the tolerance is made up, or why there is none."""
    if not reaches:
        return "no spatial drift is recorded for these points"
    if None in reaches:
        return f"only the median of a drift is recorded: {'; '.join(words)}"
    parts = [*words, *([f"rounding {rounding:g} nm"] if rounding else [])]
    return "; ".join([*parts, *(["distances add up at most"] if len(words) > 1 else [])])


def _finite(nanometres: float) -> float | None:
    return round(nanometres, 3) if isfinite(nanometres) else None


def _half_units(point: Point, axis: int) -> float:
    return point.nm_per_unit[axis] / 2 if point.rounded else 0.0


def _reach(drift: SpatialDrift) -> tuple[str, float] | None:
    """The size of a drift: its 95th percentile, else its maximum, else the length of its percentiles along the axes."""
    if drift.p95_nm is not None:
        return "p95", drift.p95_nm
    if drift.max_nm is not None:
        return "max", drift.max_nm
    if drift.axis_p95_nm is not None:
        return "p95 along the axes", hypot(*drift.axis_p95_nm)
    return None


def _words(drift: SpatialDrift, reach: tuple[str, float] | None) -> str:
    how_far = f"p50 {drift.p50_nm:g} nm" if reach is None else f"{reach[0]} {reach[1]:g} nm"
    return f"{drift.kind.replace('_', ' ')} {how_far} ({drift.basis})"


def _carried(drifts: Iterable[SpatialDrift], here: Point, there: Point) -> bool:
    frames = {here.frame, there.frame}
    return any({drift.from_frame, drift.to_frame} == frames for drift in drifts)


def _drifts(a: DatasetVersion, b: DatasetVersion, here: Point, there: Point) -> Iterator[SpatialDrift]:
    """The drifts recorded for these points in these frames and versions, without repetitions."""
    frames = {here.frame, there.frame}
    found: list[SpatialDrift] = []
    for version, point, other in ((a, here, b), (b, there, a)):
        for drift in version.signals:
            if not isinstance(drift, SpatialDrift) or drift in found:
                continue
            if _is_about(drift, point, frames) and _of_versions(drift, version, other):
                found.append(drift)
    yield from found


def _is_about(drift: SpatialDrift, point: Point, frames: set[str]) -> bool:
    """Whether a drift is about a point's columns, in no other frames than these."""
    if drift.columns and set(drift.columns).isdisjoint(point.columns):
        return False
    return {drift.from_frame, drift.to_frame} - {None} <= frames


def _of_versions(drift: SpatialDrift, version: DatasetVersion, other: DatasetVersion) -> bool:
    """Whether a drift is about these versions: each version it names belongs to one of them."""
    versions = (*version.materializations, *other.materializations)
    ends = [end for end in (drift.from_version, drift.to_version) if end is not None]
    return all(any(_means(end, each) for each in versions) for end in ends)


def _means(text: str, version: MaterializationVersion) -> bool:
    return means_version(text, version, version)


def _points(version: DatasetVersion) -> Iterator[Point]:
    groups: dict[tuple[object, ...], dict[str, list[str]]] = {}
    columns: dict[str, Position | TransformedPosition] = {
        path: column for path, column in version.columns.items() if isinstance(column, Position | TransformedPosition)
    }
    for path, column in columns.items():
        if column.axis == "xyz":
            yield _point(version, columns, (path,))
        else:
            groups.setdefault(_attributes(column), {}).setdefault(column.axis, []).append(path)
    for axes in groups.values():
        yield from (_point(version, columns, paths) for paths in _triples(axes))


def _triples(axes: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, ...]]:
    """x, y and z that belong together: the only ones, or those whose names differ in that letter alone."""
    xs, ys, zs = (axes.get(axis, ()) for axis in ("x", "y", "z"))
    if len(xs) == len(ys) == len(zs) == 1:
        yield xs[0], ys[0], zs[0]
        return
    for x in xs:
        for place, letter in enumerate(x):
            if letter in "xX":
                y, z = (x[:place] + chr(ord(letter) + step) + x[place + 1 :] for step in (1, 2))
                if y in ys and z in zs:
                    yield x, y, z
                    break


def _attributes(column: Position | TransformedPosition) -> tuple[object, ...]:
    return (column.semantic, column.frame, column.unit, column.resolution_nm, column.role, _transform(column))


def _transform(column: Position | TransformedPosition) -> str | None:
    if isinstance(column, Position):
        return None
    return " ".join(filter(None, (column.transform, column.transform_version)))


def _point(
    version: DatasetVersion, columns: Mapping[str, Position | TransformedPosition], paths: tuple[str, ...]
) -> Point:
    column = columns[paths[0]]
    types = {field.path: field.type for field in version.table.fields}
    return Point(
        version=version.name,
        columns=paths,
        frame=column.frame,
        role=column.role,
        nm_per_unit=_nm_per_unit(column.unit, column.resolution_nm),
        rounded=any(_is_whole(types[path]) for path in paths),
        transform=_transform(column),
    )


def _nm_per_unit(unit: Literal["nm", "um", "voxel"], resolution: Nanometres | None) -> Nanometres:
    if unit == "voxel" and resolution is not None:
        return resolution
    scale = 1000.0 if unit == "um" else 1.0
    return (scale, scale, scale)


def _is_whole(dtype: str) -> bool:
    found = list_of(dtype)
    return is_integer(found[0] if found is not None else dtype)

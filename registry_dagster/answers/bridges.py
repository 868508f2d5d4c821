"""Joins through a third table that holds the keys of both, such as a crosswalk between two versions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from registry_dagster.answers.answer import Basis, Verdict, shared_basis
from registry_dagster.answers.direct import direct_joins
from registry_dagster.answers.join import Join, chained
from registry_dagster.answers.keys import shortest_lived
from registry_dagster.answers.ranges import means_version
from registry_dagster.answers.relations import Relation, relate
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import Crosswalk

__all__ = ["bridged_joins"]


def bridged_joins(
    a: DatasetVersion, b: DatasetVersion, bridge: DatasetVersion, *, at: datetime | None = None
) -> tuple[Join, ...]:
    """The best joins from `a` to `b` through a third table, entering and leaving it by different columns.

    Each is as good as its weakest step, and `BRIDGEABLE` at best. A bridge that holds one id in two versions
    carries keys across only if a `Crosswalk` signal names both versions and its columns leave no choice:
    otherwise nothing says which column holds which version.
    """
    ways = _best_ways(a, b, bridge, at)
    found = (_chain(a, b, bridge, way) for way in ways)
    crosswalks = list(_crosswalks(a, b, bridge)) if ways else []
    if not crosswalks:
        return tuple(found)
    if len({(_ends(left), _starts(right)) for left, right in ways}) > 1:
        unknown = "which of its columns holds which version is not recorded; declare it with `at`"
        caveat = f"; {bridge.name} is a crosswalk, but {unknown}"
        return tuple(replace(join, reason=join.reason + caveat) for join in found)
    return tuple(_carried(join, crosswalks) for join in found)


_Way = tuple[Join, Join]


def _best_ways(a: DatasetVersion, b: DatasetVersion, bridge: DatasetVersion, at: datetime | None) -> list[_Way]:
    """The pairs of a join into the bridge and one out of it, by different columns: all that are equally good."""
    lefts = _without_bridge(a, bridge, at)
    rights = _without_bridge(bridge, b, at) if lefts else []
    ways = [(left, right) for left in lefts for right in rights if _ends(left).isdisjoint(_starts(right))]
    best = max(map(_quality, ways), default=None)
    return [way for way in ways if _quality(way) == best]


def _without_bridge(a: DatasetVersion, b: DatasetVersion, at: datetime | None) -> list[Join]:
    return [join for join in direct_joins(a, b, at=at).joins if not join.through]


def _chain(a: DatasetVersion, b: DatasetVersion, bridge: DatasetVersion, way: _Way) -> Join:
    left, right = way
    weakest = min(left, right, key=lambda join: join.verdict)
    known: list[Basis | None] = [join.basis for join in way if join.basis is not None]
    return Join(
        a=a.name,
        b=b.name,
        kind="bridge",
        steps=(*left.steps, *right.steps),
        through=(bridge.name,),
        verdict=min(weakest.verdict, Verdict.BRIDGEABLE),
        cardinality=chained((left.cardinality, right.cardinality)),
        stability=shortest_lived((left.stability, right.stability)),
        reason=f"{bridge.name} holds keys of both; {weakest.reason}",
        basis=None if weakest.verdict is Verdict.UNKNOWN else shared_basis(known),
    )


def _carried(join: Join, crosswalks: Sequence[_NamedCrosswalk]) -> Join:
    """The join, raised to `BRIDGEABLE` if a crosswalk is what carries its keys from one version to the other."""
    crosswalk = next((each for each in crosswalks if each.carries(join)), None)
    if crosswalk is None or join.verdict not in (Verdict.LOSSY, Verdict.UNKNOWN):
        return join
    return replace(
        join,
        # Keys lost between versions are lost only without the crosswalk; rows without a partner stay lost.
        steps=tuple(
            replace(step, losses=tuple(loss for loss in step.losses if loss.what == "rows")) for step in join.steps
        ),
        verdict=Verdict.BRIDGEABLE,
        reason=f"{join.through[0]} is recorded as the crosswalk between {crosswalk.a} and {crosswalk.b}",
        basis=crosswalk.signal.basis,
    )


def _quality(way: _Way) -> tuple[int, int]:
    return min(join.verdict.strength for join in way), sum(join.kind == "declared" for join in way)


def _ends(join: Join) -> frozenset[str]:
    return frozenset(right for _, right in join.columns)


def _starts(join: Join) -> frozenset[str]:
    return frozenset(left for left, _ in join.columns)


@dataclass(frozen=True)
class _NamedCrosswalk:
    """The signal of one of the three tables that names the bridge as the crosswalk from `a` to `b`."""

    signal: Crosswalk
    named_by: str
    a: MaterializationVersion
    b: MaterializationVersion

    def carries(self, join: Join) -> bool:
        """Whether the signal is about the columns that the join uses in the table whose signal it is."""
        left, right = join.steps
        used = {
            left.left: {here for here, _ in left.columns},
            left.right: {there for _, there in left.columns} | {here for here, _ in right.columns},
            right.right: {there for _, there in right.columns},
        }
        return not self.signal.columns or used[self.named_by] <= set(self.signal.columns)


def _crosswalks(a: DatasetVersion, b: DatasetVersion, bridge: DatasetVersion) -> Iterator[_NamedCrosswalk]:
    """The signals that name the bridge as a crosswalk between the one version of `a` and the one of `b`."""
    va, vb = _only_version(a, bridge), _only_version(b, bridge)
    if va is None or vb is None:
        return
    for version in (bridge, *sorted((a, b), key=str)):
        for signal in version.signals:
            if not isinstance(signal, Crosswalk) or signal.dataset != bridge.dataset:
                continue
            if _leads(signal, va, vb) or _leads(signal, vb, va):
                yield _NamedCrosswalk(signal, version.name, va, vb)


def _only_version(version: DatasetVersion, bridge: DatasetVersion) -> MaterializationVersion | None:
    """The only materialization version of a table in a system of the bridge, if the bridge is made against it too."""
    relations = {each: _relations(each, bridge) for each in version.materializations}
    near = [each for each, found in relations.items() if found]
    return near[0] if len(near) == 1 and Relation.SAME_VERSION in relations[near[0]] else None


def _relations(version: MaterializationVersion, bridge: DatasetVersion) -> set[Relation]:
    """How a materialization version relates to those of the bridge in the same system."""
    pairs = [relate(version, held) for held in bridge.materializations]
    return {pair.relation for pair in pairs if pair is not None}


def _leads(signal: Crosswalk, one: MaterializationVersion, other: MaterializationVersion) -> bool:
    if signal.from_version is None or signal.to_version is None:
        return False
    return means_version(signal.from_version, one, other) and means_version(signal.to_version, other, one)

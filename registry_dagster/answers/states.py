"""How two upstream versions relate: the same state, the same moment, another state of one system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from registry_dagster.answers.answer import Basis
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Relation", "StatePair", "names_of", "order_of", "relate", "same_moment", "systems_of", "versions_in"]

_UNSTATED_SOURCE = MaterializationVersion.model_fields["source"].default
_UNSTATED_KIND = MaterializationVersion.model_fields["kind"].default
_SEGMENTATIONS = ("segmentation", "segmentation_and_annotations")


class Relation(Enum):
    """What two versions are to each other."""

    SAME_STATE = "same state"
    SAME_MOMENT = "same moment"
    OTHER_STATE = "another state"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True)
class StatePair:
    """Two versions of one system.

    Args:
        relation: What they are to each other.
        systems: The names of the system that both go by.
        reason, basis: Why, and on what it rests.
    """

    relation: Relation
    systems: frozenset[str]
    reason: str
    basis: Basis | None


def names_of(version: MaterializationVersion) -> tuple[str, ...]:
    """All names a version goes by, its own first, each as `system@version`."""
    return (str(version), *version.aliases)


def systems_of(version: MaterializationVersion) -> frozenset[str]:
    """All systems that have a name for this version."""
    return frozenset(name.partition("@")[0] for name in names_of(version))


def versions_in(version: MaterializationVersion, system: str) -> frozenset[str]:
    """How one system writes this version."""
    return frozenset(text for where, _, text in (name.partition("@") for name in names_of(version)) if where == system)


def relate(a: MaterializationVersion, b: MaterializationVersion) -> StatePair | None:
    """How two versions relate, or None when no name says that they are of one system."""
    same = frozenset(names_of(a)) & frozenset(names_of(b))
    systems = systems_of(a) & systems_of(b)
    if not systems or (a.system == b.system and _differ(a.source, b.source, _UNSTATED_SOURCE)):
        return None
    if same:
        if against := list(_contradictions(a, b)):
            reason = f"{a} and {b} share a name but are recorded with different {' and '.join(against)}"
            return StatePair(Relation.CONTRADICTORY, systems, reason, None)
        reason = f"both name {a}" if str(a) == str(b) else f"{a} and {b} are names of one state ({min(same)})"
        return StatePair(Relation.SAME_STATE, systems, reason, "declared")
    if same_moment(a, b):
        reason = f"{a} and {b} show the same system at the same moment ({a.timestamp})"
        return StatePair(Relation.SAME_MOMENT, systems, reason, "derived")
    return StatePair(Relation.OTHER_STATE, systems, f"{a} and {b} are different states", "declared")


def same_moment(a: MaterializationVersion, b: MaterializationVersion) -> bool | None:
    """Whether two versions show the segmentation, or the same kind of thing, at one moment; None when not known."""
    if a.timestamp is None or b.timestamp is None:
        return None
    kinds_meet = a.kind == b.kind or (a.kind in _SEGMENTATIONS and b.kind in _SEGMENTATIONS)
    return a.timestamp == b.timestamp and kinds_meet


def order_of(text: str) -> tuple[int, ...] | None:
    """The place of a version among others of its system: `1300`, `v1.2.1`. None when the text does not tell."""
    if match := re.fullmatch(r"v?([0-9]+(?:\.[0-9]+)*)", text):
        return tuple(int(number) for number in match[1].split("."))
    return None


def _contradictions(a: MaterializationVersion, b: MaterializationVersion) -> Iterator[str]:
    if a.timestamp is not None and b.timestamp is not None and a.timestamp != b.timestamp:
        yield "timestamps"
    if str(a) != str(b):
        return
    if a.uuid is not None and b.uuid is not None and a.uuid != b.uuid:
        yield "uuids"
    if _differ(a.kind, b.kind, _UNSTATED_KIND):
        yield "kinds"


def _differ(a: str, b: str, unstated: str) -> bool:
    """Whether both were stated, and differently: a default may mean that nobody said."""
    return a != b and unstated not in (a, b)

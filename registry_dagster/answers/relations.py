"""How two materialization versions relate: the same one, the same moment, or another one of the same system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from registry_dagster.answers.answer import Basis
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Relation", "VersionPair", "names_of", "order_of", "relate", "same_moment", "systems_of", "versions_in"]

_UNSTATED_SOURCE = MaterializationVersion.model_fields["source"].default
_UNSTATED_KIND = MaterializationVersion.model_fields["kind"].default
_SEGMENTATIONS = ("segmentation", "segmentation_and_annotations")


class Relation(Enum):
    """How two materialization versions of one system relate."""

    SAME_VERSION = "same version"
    SAME_MOMENT = "same moment"
    OTHER_VERSION = "another version"
    CONTRADICTORY = "contradictory"


@dataclass(frozen=True)
class VersionPair:
    """Two materialization versions of one system.

    Args:
        relation: How they relate.
        systems: The system's names that both are known by.
        reason, basis: Why, and what that rests on.
    """

    relation: Relation
    systems: frozenset[str]
    reason: str
    basis: Basis | None


def names_of(version: MaterializationVersion) -> tuple[str, ...]:
    """All names of a version, each as `system@version`: its own first, then its aliases."""
    return (str(version), *version.aliases)


def systems_of(version: MaterializationVersion) -> frozenset[str]:
    """All systems that have a name for this version."""
    return frozenset(name.partition("@")[0] for name in names_of(version))


def versions_in(version: MaterializationVersion, system: str) -> frozenset[str]:
    """The version texts by which one system knows this version."""
    return frozenset(text for where, _, text in (name.partition("@") for name in names_of(version)) if where == system)


def relate(a: MaterializationVersion, b: MaterializationVersion) -> VersionPair | None:
    """How two versions relate; None if no name places them in one system."""
    same = frozenset(names_of(a)) & frozenset(names_of(b))
    systems = systems_of(a) & systems_of(b)
    if not systems or (a.system == b.system and _differ(a.source, b.source, _UNSTATED_SOURCE)):
        return None
    if same:
        if against := list(_contradictions(a, b)):
            reason = f"{a} and {b} share a name but are recorded with different {' and '.join(against)}"
            return VersionPair(Relation.CONTRADICTORY, systems, reason, None)
        reason = f"both name {a}" if str(a) == str(b) else f"{a} and {b} are names of one version ({min(same)})"
        return VersionPair(Relation.SAME_VERSION, systems, reason, "declared")
    if same_moment(a, b):
        reason = f"{a} and {b} show the same system at the same moment ({a.timestamp})"
        return VersionPair(Relation.SAME_MOMENT, systems, reason, "derived")
    return VersionPair(Relation.OTHER_VERSION, systems, f"{a} and {b} are different versions", "declared")


def same_moment(a: MaterializationVersion, b: MaterializationVersion) -> bool | None:
    """Whether two versions show the same kind of data at the same moment; None if a moment is not recorded.

    A segmentation alone and a segmentation with annotations are alike here: root ids are the same in both.
    """
    if a.timestamp is None or b.timestamp is None:
        return None
    kinds_meet = a.kind == b.kind or (a.kind in _SEGMENTATIONS and b.kind in _SEGMENTATIONS)
    return a.timestamp == b.timestamp and kinds_meet


def order_of(text: str) -> tuple[int, ...] | None:
    """The place of a version text such as `1300` or `v1.2.1` among those of its system; None for any other text."""
    if match := re.fullmatch(r"v?([0-9]+(?:\.[0-9]+)*)", text):
        return tuple(int(number) for number in match[1].split("."))
    return None


def _contradictions(a: MaterializationVersion, b: MaterializationVersion) -> Iterator[str]:
    if _differ(a.timestamp, b.timestamp, None):
        yield "timestamps"
    if str(a) != str(b):
        return
    if _differ(a.uuid, b.uuid, None):
        yield "uuids"
    if _differ(a.kind, b.kind, _UNSTATED_KIND):
        yield "kinds"


def _differ(a: object, b: object, unstated: object) -> bool:
    """Whether both were stated, and differently. A default may mean that nobody stated it."""
    return a != b and unstated not in (a, b)

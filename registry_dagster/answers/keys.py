"""Identifier columns: which columns of two tables hold the same ids, and how long such ids are stable."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.identifiers import (
    AnnotationId,
    BodyId,
    FunctionalUnitKey,
    Identifier,
    Level2Id,
    NucleusId,
    RootId,
    SkeletonNodeId,
    SupervoxelId,
    SynapseId,
    TargetId,
)

__all__ = [
    "Key",
    "Stability",
    "ids_in",
    "own_keys",
    "same_ids",
    "shared_keys",
    "shortest_lived",
    "space_of",
    "stability_of",
    "weaker",
]

Stability = Literal["stable_within_table", "stable_within_chunkedgraph", "version_pinned", "unstable", "unknown"]
"""The words of references."""

_BY_LIFE: tuple[Stability, ...] = (
    "unstable",
    "version_pinned",
    "unknown",
    "stable_within_chunkedgraph",
    "stable_within_table",
)


_STABILITIES: Mapping[type[Identifier], Stability] = {
    AnnotationId: "stable_within_table",
    SynapseId: "stable_within_table",
    NucleusId: "stable_within_table",
    TargetId: "stable_within_table",
    SkeletonNodeId: "stable_within_table",
    SupervoxelId: "stable_within_chunkedgraph",
    Level2Id: "stable_within_chunkedgraph",
    RootId: "version_pinned",
}


@dataclass(frozen=True)
class Key:
    """A pair of columns, one in each table, or one column where only one side is a table.

    Args:
        a, b: Their paths.
        same: Whether they hold the same ids; None if the declarations do not say.
        stability: How long such ids are stable.
        reason: Why, in words.
        declared: Whether only a reference says that they hold the same ids.
    """

    a: str | None
    b: str | None
    same: bool | None
    stability: Stability
    reason: str
    declared: bool = False

    def __str__(self) -> str:
        return " ↔ ".join(path for path in dict.fromkeys((self.a, self.b)) if path is not None)


@dataclass(frozen=True)
class _Ids:
    """The ids that a column holds.

    Args:
        family: Ids of different families are never the same.
        of: What they identify; None if it is not declared.
        space: The space in which they are unique; None if it is not declared.
        words, spaces: What ids and spaces of this kind are called.
        local: Whether the name of the space is valid within one upstream system only.
    """

    family: Literal["segment", "supervoxel", "level2", "annotation", "skeleton_node", "functional_unit"]
    of: str | None
    space: str | None
    words: str
    spaces: str
    local: bool = False


def ids_in(columns: Mapping[str, AnyColumn]) -> dict[str, Identifier]:
    """The identifier columns among declared ones."""
    return {path: column for path, column in columns.items() if isinstance(column, Identifier)}


def space_of(column: Identifier) -> str | None:
    """The declared id space, chunkedgraph or table in which a column's ids are unique."""
    return _ids(column).space


def shared_keys(a: Mapping[str, AnyColumn], b: Mapping[str, AnyColumn], *, one_system: bool) -> Iterator[Key]:
    """Each pair of identifier columns that could hold the same ids, whether or not they do.

    Args:
        a, b: The declared columns of two tables.
        one_system: Whether both are made against one upstream system. Names of annotation tables are valid
            within one system only.
    """
    others = ids_in(b)
    for path, column in ids_in(a).items():
        for other_path, other in others.items():
            if _are_kin(_ids(column), _ids(other)):
                same, reason = same_ids(column, other, one_system=one_system)
                yield Key(path, other_path, same, weaker(stability_of(column), stability_of(other)), reason)


def own_keys(columns: Mapping[str, AnyColumn]) -> Iterator[Key]:
    """Each identifier column on its own."""
    for path, column in ids_in(columns).items():
        yield Key(path, None, True, stability_of(column), _held(column))


def same_ids(a: Identifier, b: Identifier, *, one_system: bool) -> tuple[bool | None, str]:
    """Whether two columns hold the same ids (None if unknown), and why."""
    one, two = _ids(a), _ids(b)
    if one.family != two.family:
        return False, f"{one.words} and {two.words} are different things"
    if None not in (one.of, two.of) and one.of != two.of:
        if one.space is None or one.space != two.space:
            return False, f"{_held(a)} and {_held(b)} are different ids"
        return None, f"{one.spaces} {one.space} is declared to hold {one.words} here and {two.words} there"
    return _same_space(one, two, one_system=one_system)


def _same_space(one: _Ids, two: _Ids, *, one_system: bool) -> tuple[bool | None, str]:
    """Whether ids of one kind are from one space (None if unknown), and why."""
    if one.space is None or two.space is None:
        return None, f"both are {one.words}, but {one.spaces} is not declared for both"
    if one.space != two.space:
        return False, f"the {one.words} are of {one.spaces} {one.space}, the {two.words} of {two.spaces} {two.space}"
    if one.local and not one_system:
        return None, f"both are {one.words} of {one.spaces} {one.space}, but the tables share no upstream system"
    return True, f"both are {one.words} of {one.spaces} {one.space}"


def stability_of(column: Identifier) -> Stability:
    """How long ids of this kind are stable. For body ids that depends on the dataset, so it is unknown."""
    if isinstance(column, SkeletonNodeId) and column.skeleton_version is None:
        return "unknown"
    return _STABILITIES.get(type(column), "unknown")


def weaker(one: Stability, other: Stability) -> Stability:
    """The shorter-lived of two statements about the same key; a known one wins over an unknown one."""
    return shortest_lived([word for word in (one, other) if word != "unknown"] or ["unknown"])


def shortest_lived(stabilities: Iterable[Stability]) -> Stability:
    """How long several keys are stable together: that of the shortest-lived, where unknown ranks below stable."""
    return _BY_LIFE[min(map(_BY_LIFE.index, stabilities))]


def _are_kin(one: _Ids, two: _Ids) -> bool:
    """Whether it makes sense to ask if two columns hold the same ids."""
    if one.family != two.family:
        return False
    if one.family == "annotation":
        return _may_annotate_alike(one, two)
    return one.family != "functional_unit" or one.space == two.space


def _may_annotate_alike(one: _Ids, two: _Ids) -> bool:
    """Whether annotations are of one kind or, where a kind is not declared, may be of one table."""
    if None not in (one.of, two.of):
        return one.of == two.of
    return one.space == two.space or None in (one.space, two.space)


def _held(column: Identifier) -> str:
    ids = _ids(column)
    return f"{ids.words} of {ids.spaces} {ids.space}" if ids.space is not None else ids.words


def _ids(column: Identifier) -> _Ids:
    match column:
        case RootId():
            return _Ids("segment", "root", column.id_space, "root ids", "id space")
        case BodyId():
            return _Ids("segment", "body", column.id_space, "body ids", "id space")
        case SupervoxelId():
            return _Ids("supervoxel", None, column.chunkedgraph, "supervoxel ids", "chunkedgraph")
        case Level2Id():
            return _Ids("level2", None, column.chunkedgraph, "level-2 ids", "chunkedgraph")
        case SynapseId():
            return _Ids("annotation", "synapse", column.source_table, "synapse ids", "table", local=True)
        case NucleusId():
            return _Ids("annotation", "nucleus", column.source_table, "nucleus ids", "table", local=True)
        case AnnotationId():
            words = f"{column.annotation_type.replace('_', ' ')} ids"
            return _Ids("annotation", column.annotation_type, column.source_table, words, "table", local=True)
        case TargetId():
            return _Ids("annotation", None, column.reference_table, "annotation ids", "table", local=True)
        case SkeletonNodeId():
            version = column.skeleton_version
            space = f"{column.skeleton_source}@{version}" if version is not None else None
            return _Ids("skeleton_node", column.skeleton_source, space, "skeleton nodes", "skeletons")
        case FunctionalUnitKey():
            return _Ids("functional_unit", None, column.part, "keys of functional units", "part", local=True)
        case _:
            raise AssertionError(f"unknown identifier {type(column).__name__}")

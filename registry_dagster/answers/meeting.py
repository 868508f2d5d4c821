"""Which columns of two tables can be joined: by a declared reference, or because they hold the same ids."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from registry_dagster.answers.answer import Basis, Loss
from registry_dagster.answers.join import Cardinality, NullSentinel, chained, inverted
from registry_dagster.answers.keys import Key, Stability, ids_in, same_ids, shared_keys, stability_of, weaker
from registry_dagster.answers.linked import beside, declared_losses, is_linked, unshared_rate
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import AnnotationId, Identifier, TargetId
from registry_dagster.model.reference import Reference

__all__ = ["Meeting", "Miss", "declared_meetings", "inverse", "shared_target_meetings"]


@dataclass(frozen=True)
class Meeting:
    """Columns of two tables that can be joined, regardless of their materialization versions.

    Args:
        keys: The pairs of columns.
        origin, cardinality, null_sentinels, losses, reason, basis: See `Step`.
        crosswalk: The bridge that the reference requires.
    """

    keys: tuple[Key, ...]
    origin: Literal["declared", "derived"]
    reason: str
    basis: Basis
    cardinality: Cardinality | None = None
    null_sentinels: tuple[NullSentinel, ...] = ()
    losses: tuple[Loss, ...] = ()
    crosswalk: str | None = None

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        return tuple((key.a or "", key.b or "") for key in self.keys)


@dataclass(frozen=True)
class Miss:
    """Candidate columns that are not joined, and why."""

    reason: str


def inverse(found: Meeting | Miss) -> Meeting | Miss:
    """The same, read from the other table."""
    if isinstance(found, Miss):
        return found
    keys = tuple(replace(key, a=key.b, b=key.a) for key in found.keys)
    return replace(found, keys=keys, cardinality=inverted(found.cardinality))


def declared_meetings(a: DatasetVersion, b: DatasetVersion, *, one_system: bool) -> Iterator[Meeting | Miss]:
    """The columns of `a` that are declared to point at `b`, or at an upstream table whose ids `b` holds."""
    # What was declared for this very pair comes first: of several references to one join, the first is shown.
    for reference in sorted(a.references, key=lambda each: not (each.to == b.dataset and is_linked(a, b, each))):
        if reference.to == b.dataset:
            yield from _at_dataset(a, b, reference, one_system=one_system)
        elif reference.to_table is not None and len(reference.columns) == 1:
            yield from _at_table(a, b, reference, one_system=one_system)
    for path, column in a.columns.items():
        if isinstance(column, TargetId) and column.dataset == b.dataset:
            yield _at_target(a, b, path, column, one_system=one_system)


def shared_target_meetings(a: DatasetVersion, b: DatasetVersion, *, one_system: bool) -> Iterator[Meeting]:
    """The columns of both that are declared to point at the same thing."""
    for one in a.references:
        for other in b.references:
            if _have_one_target(one, other, one_system=one_system):
                yield from _at_one_target(a, b, one, other, one_system=one_system)


def _at_one_target(
    a: DatasetVersion, b: DatasetVersion, one: Reference, other: Reference, *, one_system: bool
) -> Iterator[Meeting]:
    """How the columns of two references with one target meet, if they are there and hold the same ids."""
    pairs = _pairs_at_target(one, other)
    if _absent(a, [pair[0] for pair in pairs]) or _absent(b, [pair[1] for pair in pairs]):
        return
    stability = weaker(one.stability, other.stability)
    keys = tuple(_declared_key(a, b, *pair, stability, one_system=one_system) for pair in pairs)
    if all(key.same for key in keys):
        reason = f"both declare that they point at {one.target}"
        cardinality = chained((one.cardinality, inverted(other.cardinality)))
        sentinels = _declared_sentinels(a, one) + _declared_sentinels(b, other)
        yield Meeting(keys, "derived", reason, "derived", cardinality, sentinels)


def _pairs_at_target(one: Reference, other: Reference) -> list[tuple[str, str]]:
    """The columns of two references that point at the same column of their common target."""
    if not one.to_columns:
        return [(one.columns[0], other.columns[0])]
    there = dict(zip(other.to_columns or other.columns, other.columns, strict=True))
    return [(path, there[key]) for path, key in zip(one.columns, one.to_columns, strict=True)]


def _at_dataset(
    a: DatasetVersion, b: DatasetVersion, reference: Reference, *, one_system: bool
) -> Iterator[Meeting | Miss]:
    here = ", ".join(reference.columns)
    reason = f"{a.name} declares {here} → {b.dataset}"
    if absent := _absent(a, reference.columns):
        yield Miss(f"{reason}, but has no column {absent}")
        return
    choices = (
        [reference.to_columns] if reference.to_columns else list(_columns_there(a, b, reference, one_system=one_system))
    )
    if not choices:
        yield Miss(f"{reason}, but not its columns, and {b.name} has no single column with the same ids")
    for there in choices:
        if absent := _absent(b, there):
            yield Miss(f"{reason} ({', '.join(there)}), but {b.name} has no column {absent}")
            continue
        linked = beside(a, reference) or b.name
        remarks = (
            f"{reason}, published beside {linked}" if linked != b.name else reason,
            unshared_rate(a, b, reference),
        )
        yield Meeting(
            keys=tuple(
                _declared_key(a, b, *pair, reference.stability, one_system=one_system)
                for pair in zip(reference.columns, there, strict=True)
            ),
            origin="declared",
            reason="; ".join(filter(None, remarks)),
            basis="declared",
            cardinality=reference.cardinality,
            null_sentinels=_declared_sentinels(a, reference),
            losses=declared_losses(a, b, reference),
            crosswalk=reference.crosswalk,
        )


def _columns_there(
    a: DatasetVersion, b: DatasetVersion, reference: Reference, *, one_system: bool
) -> Iterator[tuple[str, ...]]:
    """The columns of `b` that hold the ids of a reference's columns. If one key fits several, each of them."""
    fitting = [_same_ids(a, path, b, one_system=one_system) for path in reference.columns]
    if len(fitting) == 1:
        yield from ((path,) for path in fitting[0])
    elif all(len(paths) == 1 for paths in fitting):
        yield tuple(paths[0] for paths in fitting)


def _same_ids(a: DatasetVersion, path: str, b: DatasetVersion, *, one_system: bool) -> list[str]:
    """The columns of `b` that hold the ids of a column of `a`."""
    here = {path: a.columns[path]} if path in a.columns else {}
    return [key.b or "" for key in shared_keys(here, b.columns, one_system=one_system) if key.same]


def _at_table(
    a: DatasetVersion, b: DatasetVersion, reference: Reference, *, one_system: bool
) -> Iterator[Meeting | Miss]:
    """Columns of `b` with ids of the table a reference points at. How often each id occurs in `b` is unknown."""
    path = reference.columns[0]
    target = AnnotationId(annotation_type=reference.annotation_type, source_table=reference.to_table)
    for key in shared_keys({path: target}, b.columns, one_system=one_system):
        reason = f"{a.name} declares {path} → table {reference.to_table}, whose ids {b.name} holds in {key.b}"
        if _absent(a, [path]):
            yield Miss(f"{reason}, but has no column {path}")
        elif key.same:
            met = replace(key, stability=weaker(reference.stability, key.stability))
            yield Meeting((met,), "derived", reason, "derived", null_sentinels=_declared_sentinels(a, reference))
        elif key.same is None:
            yield Miss(f"{a.name} declares {path} → table {reference.to_table}; {key.b} of {b.name}: {key.reason}")


def _at_target(
    a: DatasetVersion, b: DatasetVersion, path: str, column: TargetId, *, one_system: bool
) -> Meeting | Miss:
    reason = f"{path} of {a.name} is declared to hold ids of {b.dataset}"
    found = list(shared_keys({path: column}, b.columns, one_system=one_system))
    candidates = [key for key in found if key.same] or [key for key in found if key.same is None]
    if len(candidates) != 1:
        return Miss(f"{reason}, but it is unknown which column of {b.name} holds them")
    met = candidates[0]
    if met.same is None:
        met = replace(met, same=True, reason="", declared=True)
    return Meeting((met,), "declared", reason, "declared")


def _declared_key(
    a: DatasetVersion, b: DatasetVersion, here: str, there: str, stability: Stability, *, one_system: bool
) -> Key:
    """A pair of columns that a declaration joins. The declared semantics may still contradict it."""
    one, other = ids_in(a.columns).get(here), ids_in(b.columns).get(there)
    for column in (one, other):
        if isinstance(column, Identifier):
            stability = weaker(stability, stability_of(column))
    same, reason = same_ids(one, other, one_system=one_system) if one and other else (None, "")
    if same is None:
        return Key(here, there, True, stability, "", declared=True)
    return Key(here, there, same, stability, reason)


def _have_one_target(one: Reference, other: Reference, *, one_system: bool) -> bool:
    if not _have_one_table(one, other, one_system=one_system) or one.annotation_type != other.annotation_type:
        return False
    if not one.to_columns and not other.to_columns:
        return len(one.columns) == len(other.columns) == 1
    return set(one.to_columns) == set(other.to_columns)


def _have_one_table(one: Reference, other: Reference, *, one_system: bool) -> bool:
    if one.to is not None or other.to is not None:
        return one.to == other.to
    return one_system and one.to_table is not None and one.to_table == other.to_table


def _absent(version: DatasetVersion, paths: Sequence[str]) -> str:
    there = {field.path for field in version.table.fields}
    return ", ".join(path for path in paths if path not in there)


def _declared_sentinels(version: DatasetVersion, reference: Reference) -> tuple[NullSentinel, ...]:
    if reference.null_sentinel is None:
        return ()
    return tuple(NullSentinel(version.name, path, str(reference.null_sentinel)) for path in reference.columns)

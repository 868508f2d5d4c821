"""Whether one key holds between two materialization versions: by the records' signals, else by the kind of id."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from registry_dagster.answers.answer import Answer, Basis, Loss, Verdict, shared_basis
from registry_dagster.answers.column_states import holds_at, names_state, states_of_columns
from registry_dagster.answers.keys import Key, Stability
from registry_dagster.answers.ranges import Reach, crosswalks_between, reaches
from registry_dagster.answers.relations import systems_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import AnySignal, Crosswalk

__all__ = ["End", "KeyFact", "fact_about", "losses_of", "weakest"]

_BY_STABILITY: Mapping[Stability, tuple[Verdict, str]] = {
    "stable_within_table": (Verdict.ID_STABLE, "such ids are stable within their table"),
    "stable_within_chunkedgraph": (Verdict.ID_STABLE, "such ids are stable within one chunkedgraph"),
    "version_pinned": (Verdict.LOSSY, "such ids belong to one version, so joins across versions drop rows"),
    "unstable": (Verdict.LOSSY, "the key is declared unstable"),
    "unknown": (Verdict.UNKNOWN, "nothing recorded says whether such ids are stable"),
}


@dataclass(frozen=True)
class End:
    """One side of a comparison: a published version, or a materialization version alone."""

    name: str
    versions: Sequence[MaterializationVersion]
    columns: Mapping[str, AnyColumn]
    signals: Sequence[AnySignal]
    is_table: bool

    @classmethod
    def of(cls, side: DatasetVersion | MaterializationVersion) -> End:
        if isinstance(side, MaterializationVersion):
            return cls(str(side), (side,), {}, (), is_table=False)
        return cls(side.name, side.materializations, side.columns, side.signals, is_table=True)

    def at_columns(self, paths: Iterable[str | None]) -> End:
        """The same side, where only some of its columns count: in the states that these hold."""
        return replace(self, versions=states_of_columns(self.columns, self.versions, paths))

    def holds(self, path: str | None, version: MaterializationVersion) -> bool:
        """Whether a key of this side may hold ids of a version."""
        return holds_at(self.columns.get(path or ""), version)

    def choice(self, version: MaterializationVersion) -> object:
        """What is equal for versions of which a partner may choose one, since each is that of a column of its own."""
        named = any(names_state(column, version) for column in self.columns.values())
        return systems_of(version) if named else version


@dataclass(frozen=True)
class KeyFact(Answer):
    """Whether one key holds between two materialization versions.

    Args:
        a, b: The key's column on each side; None if a side has none or none is known.
        verdict, reason: The answer and why.
        basis: What the verdict rests on; None if it is unknown.
        losses: The share of keys that do not survive, for each side that measured it.
    """

    a: str | None
    b: str | None
    verdict: Verdict
    reason: str
    basis: Basis | None
    losses: tuple[Loss, ...] = ()

    @property
    def key(self) -> str:
        """The key in words; empty if none is known."""
        return " ↔ ".join(path for path in dict.fromkeys((self.a, self.b)) if path is not None)

    def __str__(self) -> str:
        return f"{self.key or 'keys'}: {self.verdict}; {self.reason}"


def fact_about(
    key: Key, a: End, b: End, va: MaterializationVersion, vb: MaterializationVersion, *, crosswalks: bool
) -> KeyFact:
    """Whether a key holds between `va` of one end and `vb` of the other, by itself or over a named crosswalk."""
    fact = _directly(key, a, b, va, vb)
    if fact.verdict >= Verdict.BRIDGEABLE or not crosswalks:
        return fact
    named = [*crosswalks_between(a.signals, key.a, va, vb), *crosswalks_between(b.signals, key.b, vb, va)]
    if not named:
        return fact
    reason = f"{_name(named[0])} is recorded as the crosswalk between {va} and {vb}; without it, {fact.reason}"
    return KeyFact(key.a, key.b, Verdict.BRIDGEABLE, reason, shared_basis(crosswalk.basis for crosswalk in named))


class _Judgement(Protocol):
    @property
    def verdict(self) -> Verdict: ...
    @property
    def losses(self) -> tuple[Loss, ...]: ...


_T = TypeVar("_T", bound=_Judgement)


def weakest(facts: Sequence[_T]) -> list[_T]:
    """Those with the smallest verdict."""
    least = min(fact.verdict for fact in facts)
    return [fact for fact in facts if fact.verdict is least]


def losses_of(facts: Sequence[_Judgement]) -> tuple[Loss, ...]:
    """The worst known loss of each side over several facts; empty if one of them has no figure."""
    if not all(fact.losses for fact in facts):
        return ()
    worst: dict[str, Loss] = {}
    for loss in (loss for fact in facts for loss in fact.losses):
        if loss.of not in worst or loss.fraction > worst[loss.of].fraction:
            worst[loss.of] = loss
    return tuple(worst.values())


def _directly(key: Key, a: End, b: End, va: MaterializationVersion, vb: MaterializationVersion) -> KeyFact:
    if key.same is False:
        return KeyFact(key.a, key.b, Verdict.INCOMPATIBLE, key.reason, "declared")
    if key.same is None:
        return KeyFact(key.a, key.b, Verdict.UNKNOWN, key.reason, None)
    ranges = [(a.name, reach) for reach in reaches(a.signals, key.a, va, vb)]
    ranges += [(b.name, reach) for reach in reaches(b.signals, key.b, vb, va)]
    if inside := [(name, reach) for name, reach in ranges if reach.covers]:
        found = weakest(list(_inside(key, inside)))
        return replace(found[0], basis=shared_basis(fact.basis for fact in found))
    return _by_stability(key, ranges)


def _by_stability(key: Key, ranges: Sequence[tuple[str, Reach]]) -> KeyFact:
    """The fact by the kind of id alone, where no range covers both versions."""
    verdict, reason = _BY_STABILITY[key.stability]
    # A range that ends before the other version contradicts the rule for this kind of id: nobody vouches for more.
    if ranges and verdict is Verdict.ID_STABLE:
        return KeyFact(key.a, key.b, Verdict.UNKNOWN, f"{ranges[0][1].words} is not known to reach that far", None)
    if key.reason:
        reason = f"{key.reason}; {reason}"
    return KeyFact(key.a, key.b, verdict, reason, None if verdict is Verdict.UNKNOWN else "derived")


def _inside(key: Key, ranges: Sequence[tuple[str, Reach]]) -> Iterator[KeyFact]:
    losses = tuple(
        Loss(name, "keys", round(1 - reach.fraction, 9), reach.basis)
        for name, reach in ranges
        if reach.fraction is not None and not reach.all_survive
    )
    for _, reach in ranges:
        if reach.all_survive:
            yield KeyFact(key.a, key.b, Verdict.ID_STABLE, f"keys keep their meaning over {reach.words}", reach.basis)
        elif reach.fraction is not None:
            reason = f"keys are lost over {reach.words}"
            yield KeyFact(key.a, key.b, Verdict.LOSSY, reason, reach.basis, losses)
        else:
            reason = f"keys are lost over {reach.words}; the share between these two versions is not recorded"
            yield KeyFact(key.a, key.b, Verdict.LOSSY, reason, reach.basis, losses)


def _name(crosswalk: Crosswalk) -> str:
    return crosswalk.dataset or crosswalk.table or "a table"

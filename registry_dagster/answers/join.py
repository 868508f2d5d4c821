"""Join: a way from one table to another, its steps, and what is known about each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from registry_dagster.answers.answer import Answer, Basis, Loss, Verdict
from registry_dagster.answers.casts import Cast
from registry_dagster.answers.compatibility import Compatibility
from registry_dagster.answers.keys import Stability

__all__ = ["Cardinality", "Join", "NullSentinel", "Step", "chained", "inverted"]

Cardinality = Literal["1:1", "n:1", "1:n", "n:m"]
_INVERSE: dict[Cardinality, Cardinality] = {"1:1": "1:1", "n:1": "1:n", "1:n": "n:1", "n:m": "n:m"}


@dataclass(frozen=True)
class NullSentinel(Answer):
    """A key value that means "none": rows with it have no partner, and must not be joined to each other.

    Args:
        version, column: Where it is used.
        value: The value, as text, since many JSON readers keep only 53 bits of a number.
    """

    version: str
    column: str
    value: str

    def __str__(self) -> str:
        return f"{self.column} = {self.value} means none in {self.version}"


@dataclass(frozen=True)
class Step(Answer):
    """One equality join between two published versions.

    Args:
        left, right: Their names.
        columns: Pairs of a column on the left and one on the right; together they are the key.
        origin: `declared` by a reference, or `derived` from the ids that the columns hold.
        cardinality: Rows left : rows right; None is unknown.
        stability: How long the join stays correct.
        null_sentinels: Key values that mean "none".
        losses: The share without a partner; empty if it is unknown.
        compatibility: How the two go together on these columns.
        reason, basis: Why these columns are joined, and what that rests on.
        casts: What to cast first, where the two hold the same ids in different types.
    """

    left: str
    right: str
    columns: tuple[tuple[str, str], ...]
    origin: Literal["declared", "derived"]
    cardinality: Cardinality | None
    stability: Stability
    null_sentinels: tuple[NullSentinel, ...]
    losses: tuple[Loss, ...]
    compatibility: Compatibility
    reason: str
    basis: Basis
    casts: tuple[Cast, ...] = ()

    def __str__(self) -> str:
        key = ", ".join(f"{left} = {right}" for left, right in self.columns)
        return f"{self.left} → {self.right} on {key}"


@dataclass(frozen=True)
class Join(Answer):
    """A way from one table to another.

    Args:
        a, b: The two tables.
        kind: `declared`, `derived`, or `bridge` if it takes a crosswalk table.
        steps: One equality join, or one to the bridge and one from it.
        through: The bridges: published versions, or what a reference names as its crosswalk.
        verdict: How well it holds: that of the weakest step, and at best `BRIDGEABLE` if it takes a bridge.
        cardinality: Rows of a : rows of b over all steps; None is unknown.
        stability: That of the shortest-lived step.
        reason, basis: Why, and what that rests on; the basis is None if the verdict is unknown.
    """

    a: str
    b: str
    kind: Literal["declared", "derived", "bridge"]
    steps: tuple[Step, ...]
    through: tuple[str, ...]
    verdict: Verdict
    cardinality: Cardinality | None
    stability: Stability
    reason: str
    basis: Basis | None

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The pairs of columns of a direct join; those of each step in turn if it takes a bridge."""
        return tuple(pair for step in self.steps for pair in step.columns)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """The known losses of each step. Losses of several steps do not simply add up."""
        return tuple(dict.fromkeys(loss for step in self.steps for loss in step.losses))

    @property
    def casts(self) -> tuple[Cast, ...]:
        """What to cast before the joins of its steps. The verdict is about the ids, and holds once that is done."""
        return tuple(dict.fromkeys(cast for step in self.steps for cast in step.casts))

    def __str__(self) -> str:
        through = f" through {', '.join(self.through)}" if self.through else ""
        verdict = f"{self.verdict} after a cast" if self.casts else str(self.verdict)
        lines = [f"{self.a} ↔ {self.b}{through}: {verdict} ({self.kind})", *(f"  {each}" for each in self._facts())]
        return "\n".join([*lines, f"  {self.reason} ({self.basis or 'no basis'})"])

    def _facts(self) -> Iterator[object]:
        """What is known about it, a line each."""
        yield from (*self.steps, *self.casts)
        stability = self.stability.replace("_", " ").replace("unknown", "stability unknown")
        yield f"cardinality {self.cardinality or 'unknown'}, {stability}"
        yield from self.losses or ["expected loss unknown"]
        yield from (sentinel for step in self.steps for sentinel in step.null_sentinels)


def inverted(cardinality: Cardinality | None) -> Cardinality | None:
    """The same cardinality, read from the other side."""
    return None if cardinality is None else _INVERSE[cardinality]


def chained(cardinalities: Sequence[Cardinality | None]) -> Cardinality | None:
    """The cardinality of joins made one after the other; None if one of them is unknown."""
    known = [cardinality for cardinality in cardinalities if cardinality is not None]
    if len(known) < len(cardinalities):
        return None
    left, right = ("1" if {cardinality[end] for cardinality in known} <= {"1"} else "n" for end in (0, -1))
    return cast("Cardinality", "n:m" if (left, right) == ("n", "n") else f"{left}:{right}")

"""What every answer shares: frozen, plain JSON, a verdict that can be ranked, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from enum import Enum
from functools import total_ordering
from typing import Any, Literal, cast

from registry_dagster.model.html import html_lines

__all__ = ["Answer", "Basis", "Loss", "Verdict", "shared_basis"]

Basis = Literal["measured", "declared", "literature", "derived"]
"""The bases of signals, and `derived`: a conclusion from declarations, e.g. from two names of one version."""


@dataclass(frozen=True)
class Answer:
    """Base of all answers. `str()` is the answer in words, `to_dict()` the same as JSON; a notebook shows the words."""

    def to_dict(self) -> dict[str, Any]:
        """This answer as plain JSON values."""
        return {name: _plain(getattr(self, name)) for name in self.fields}

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of its fields: those of its own kind first, then those that all of a base have."""
        return tuple(field.name for field in sorted(fields(self), key=lambda field: field.kw_only is True))

    def _repr_html_(self) -> str:
        return html_lines(str(self))


def _plain(value: object) -> Any:
    if isinstance(value, Answer):
        return value.to_dict()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, tuple):
        return [_plain(item) for item in cast("tuple[object, ...]", value)]
    return value


@total_ordering
class Verdict(Enum):
    """How well two versions, or two keys, go together. Ordered: `EXACT` is the greatest.

    EXACT: the same materialization version, or an alias of it.
    TIMESTAMP_EQUAL: the same segmentation at the same moment.
    ID_STABLE: different versions, but every key holds across both.
    BRIDGEABLE: a crosswalk table between the two is recorded.
    LOSSY: keys do not hold across the two; joins drop rows.
    UNKNOWN: the records do not say. Ranks below every verdict that joins, so it never counts as compatible.
    INCOMPATIBLE: the ids are from different id spaces.

    The smallest of several verdicts is their weakest link: one known failure settles the question, and
    one unknown leaves it open.
    """

    EXACT = "exact"
    TIMESTAMP_EQUAL = "timestamp_equal"
    ID_STABLE = "id_stable"
    BRIDGEABLE = "bridgeable"
    LOSSY = "lossy"
    UNKNOWN = "unknown"
    INCOMPATIBLE = "incompatible"

    def __str__(self) -> str:
        return self.value.replace("_", " ")

    def __lt__(self, other: object) -> bool:
        return self.strength < other.strength if isinstance(other, Verdict) else NotImplemented

    @property
    def strength(self) -> int:
        """Its place in the order, 0 for the weakest."""
        return _STRENGTH[self]


_STRENGTH = {verdict: rank for rank, verdict in enumerate(reversed(Verdict))}


@dataclass(frozen=True)
class Loss(Answer):
    """A share of rows or keys without a partner, 0 to 1.

    Args:
        of: The version whose rows or keys are counted.
        what: `rows`, or `keys` where distinct keys were counted.
        fraction: The share that is lost.
        basis: What the figure rests on.
    """

    of: str
    what: Literal["rows", "keys"]
    fraction: float
    basis: Basis

    def __str__(self) -> str:
        if not self.fraction:
            finds = "is expected to find" if self.basis == "declared" else "finds"
            return f"every {self.what.removesuffix('s')} of {self.of} {finds} a partner ({self.basis})"
        return f"{self.fraction:.1%} of the {self.what} of {self.of} find no partner ({self.basis})"


def shared_basis(bases: Iterable[Basis | None]) -> Basis | None:
    """The basis of a conclusion from several facts: their common one, else `derived`; None if one has none."""
    known: Sequence[Basis | None] = list(dict.fromkeys(bases))
    if not known or None in known:
        return None
    return known[0] if len(known) == 1 else "derived"

"""What a bare name means, by the definition, worked out naively from what a history did."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

__all__ = ["Made", "World"]

State = tuple[str, str]
"""System and version text."""


@dataclass
class Made:
    """One version, as a history knows it.

    Attributes:
        content: What stands for its content: two versions never share one.
        states: What it was made against, one state of each system.
        there: Whether its rows are there: others delete them.
    """

    number: int
    content: int
    states: frozenset[State]
    layout: str | None
    draft: bool
    retired: bool = False
    removed: bool = False
    there: bool = True

    @property
    def usable(self) -> bool:
        return self.there and not (self.retired or self.removed or self.draft)


@dataclass
class World:
    """All that was done to one dataset."""

    versions: list[Made] = field(default_factory=list[Made])
    moments: dict[State, int] = field(default_factory=dict[State, int])
    labels: dict[str, int] = field(default_factory=dict[str, int])
    default_layout: str | None = None

    def there(self) -> list[Made]:
        return [each for each in self.versions if each.there]

    def current(self, *, at: State | None = None, layout: str | None = None) -> int | None:
        """The number that the dataset's name means, addressed by state and layout; None for none."""
        asked = [
            each
            for each in self.there()
            if not each.removed and (at is None or at in each.states) and (layout is None or each.layout == layout)
        ]
        default = self.default_layout if layout is None else None
        return self._last([each for each in asked if each.usable] or asked, default)

    def linked(self, own: Collection[State], layout: str | None = None) -> int | None:
        """The number that a reference of a table made against some states goes to; None for none."""
        usable = [each for each in self.versions if each.usable]
        shared = [each for each in usable if each.states & set(own)]
        asked = [each for each in shared or usable if layout is None or each.layout == layout]
        return self._last(asked, self.default_layout if layout is None else None)

    def _last(self, pool: list[Made], default: str | None) -> int | None:
        last = [one for one in pool if not any(self._later(other, one, pool) for other in pool)]
        numbers = [each.number for each in last]
        preferred = [each.number for each in last if default is not None and each.layout == default]
        return max(preferred or numbers, default=None)

    def _later(self, one: Made, other: Made, pool: Iterable[Made]) -> bool:
        """Whether one is later: of the same systems, no state earlier, at least one later."""
        mine, theirs = dict(one.states), dict(other.states)
        if mine.keys() != theirs.keys():
            return False
        of_pool = {state for each in pool for state in each.states}
        places: list[tuple[int, int]] = []
        for system, version in mine.items():
            a, b = (system, version), (system, theirs[system])
            timed = all(state in self.moments for state in of_pool if state[0] == system)
            places.append((self.moments[a], self.moments[b]) if timed else (int(a[1]), int(b[1])))
        return all(a >= b for a, b in places) and any(a > b for a, b in places)

"""What recording materialization versions did, or would do: a fact for each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from registry_dagster.answers.answer import Answer
from registry_dagster.answers.diff import Change
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["MaterializationChange", "MaterializationChanges", "change_between", "refused"]

Outcome = Literal["new", "changed", "unchanged", "refused"]


@dataclass(frozen=True)
class MaterializationChange(Answer):
    """What becomes of one materialization version.

    Args:
        version: `system@version`.
        source: Kind of its system.
        outcome: `refused` if a fact that never changes is recorded differently: nothing of it is written.
        changes: The facts that are added or differ.
        reason: Why it is refused.
    """

    version: str
    source: str
    outcome: Outcome
    changes: tuple[Change, ...] = ()
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.outcome:<9}  {self.version}" + (f": {self.words}" if self.words else "")

    @property
    def words(self) -> str:
        """What changed, or why it is refused; nothing for what is new or unchanged."""
        facts = (str(change).removeprefix(f"{change.part}: ") for change in self.changes)
        return "; ".join(facts) if self.outcome == "changed" else self.reason or ""


@dataclass(frozen=True)
class MaterializationChanges(Answer):
    """What becomes of several, in the order given.

    Args:
        versions: One entry a version.
        written: Whether it was written, or only shown.
    """

    versions: tuple[MaterializationChange, ...]
    written: bool

    def __str__(self) -> str:
        return "\n".join([*map(str, self.versions), self.summary])

    @property
    def summary(self) -> str:
        """The counts in one line."""
        counts = {outcome: len(self.of(outcome)) for outcome in ("new", "changed", "unchanged", "refused")}
        said = ", ".join(f"{count} {outcome}" for outcome, count in counts.items() if count)
        return (said or "no versions") + ("" if self.written else "; nothing was written")

    def of(self, outcome: Outcome) -> tuple[MaterializationChange, ...]:
        """Those with one outcome."""
        return tuple(each for each in self.versions if each.outcome == outcome)


def change_between(recorded: MaterializationVersion | None, now: MaterializationVersion) -> MaterializationChange:
    """The difference between what is recorded and what is known now."""
    changes = tuple(_changes(recorded, now))
    outcome: Outcome = "new" if recorded is None else "changed" if changes else "unchanged"
    return MaterializationChange(str(now), now.source, outcome, changes)


def refused(version: MaterializationVersion, reason: str) -> MaterializationChange:
    """A version that contradicts its record."""
    return MaterializationChange(str(version), version.source, "refused", reason=reason.removeprefix(f"{version}: "))


def _changes(recorded: MaterializationVersion | None, now: MaterializationVersion) -> Iterator[Change]:
    before, after = {} if recorded is None else recorded.to_json(), now.to_json()
    for name in MaterializationVersion.model_fields:
        if before.get(name) != after.get(name):
            yield Change(str(now), name, before.get(name), after.get(name))

"""What became of a lock: whether each thing in it is still as it was, with the reason where it is not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from registry_dagster.answers.answer import Answer
from registry_dagster.answers.join import Join
from registry_dagster.answers.lifecycle import Lifecycle
from registry_dagster.answers.lock import LockedJoin, LockedState

__all__ = ["LockCheck", "LockFinding", "LockState", "join_finding", "state_finding"]

LockState = Literal["as locked", "noted", "unknown", "unreachable", "changed"]
"""as locked: nothing is different.
noted: nothing is different, or it is better, and people may want to know.
unknown: it cannot be said.
unreachable: a table's store could not be asked; trying again may help.
changed: it is no longer as it was.
"""

_WORST: Sequence[LockState] = ("changed", "unreachable", "unknown", "noted", "as locked")
_GONE = ("expired", "archived", "failed")
"""The states in which a materialization version can no longer be asked."""
_ALIVE: Mapping[str, LockState] = {"unknown": "unknown", "expiring": "noted"}


@dataclass(frozen=True)
class LockFinding(Answer):
    """What was found of one thing in a lock.

    Args:
        about: A version, a materialization version, or two versions that join.
        what: Which part of it.
        state: Whether it is as it was.
        reason: In words.
    """

    about: str
    what: Literal["record", "table", "retirement", "materialization", "join"]
    state: LockState
    reason: str

    def __str__(self) -> str:
        return f"{self.state}: {self.about}: {self.reason}"


@dataclass(frozen=True)
class LockCheck(Answer):
    """What became of a lock.

    Args:
        findings: One for each thing that was looked at.
    """

    findings: tuple[LockFinding, ...]

    @property
    def state(self) -> LockState:
        """That of the worst finding."""
        found: list[LockState] = [each.state for each in self.findings]
        return min(found, key=_WORST.index) if found else "as locked"

    @property
    def counts(self) -> dict[LockState, int]:
        """How many findings are in each state, the worst first."""
        counts = Counter(each.state for each in self.findings)
        return {state: counts[state] for state in _WORST if counts[state]}

    @property
    def worth_reading(self) -> tuple[LockFinding, ...]:
        """The findings that are not simply as locked, the worst first."""
        found = [each for each in self.findings if each.state != "as locked"]
        return tuple(sorted(found, key=lambda each: _WORST.index(each.state)))

    def to_dict(self) -> dict[str, Any]:
        """This as plain JSON values."""
        return {"state": self.state, **super().to_dict()}

    def __str__(self) -> str:
        total = ", ".join(f"{count:,} {state}" for state, count in self.counts.items())
        return "\n".join([*map(str, self.worth_reading), f"{len(self.findings):,} checked: {total}"])


def state_finding(was: LockedState, now: Lifecycle) -> LockFinding:
    """Whether a materialization version is as alive as it was."""

    def found(state: LockState) -> LockFinding:
        return LockFinding(now.version, "materialization", state, str(now).removeprefix(f"{now.version}: "))

    if now.state in _GONE:
        return found("noted" if was.state in _GONE else "changed")
    return found(_ALIVE.get(now.state, "as locked"))


def join_finding(was: LockedJoin, now: Sequence[Join]) -> LockFinding:
    """Whether a way between two tables is answered as it was.

    Args:
        was: The way.
        now: The ways between the two, as they are answered now.
    """
    same = next((each for each in now if each.columns == was.columns and each.through == was.through), None)

    def found(state: LockState, reason: str) -> LockFinding:
        return LockFinding(str(was), "join", state, reason)

    then = f"{was.verdict} ({was.basis or 'no basis'})"
    if same is None:
        return found("changed", f"it was {then}, and is no longer a way between the two")
    said = f"{same.verdict} ({same.basis or 'no basis'})"
    if (same.verdict, same.basis) == (was.verdict, was.basis):
        return found("as locked", said)
    change = f"it was {then}, and is now {said}: {same.reason}"
    return found("noted" if same.verdict > was.verdict else "changed", change)

"""What became of a recorded table: a state, the reason for it, and what was looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal, NamedTuple

from registry_dagster.model.table import TableFormat

__all__ = ["Evidence", "Look", "Note", "TableState", "TableVerdict"]

TableState = Literal["intact", "changed", "missing", "unreachable", "unknown"]
"""intact: all that was looked at is as recorded.
changed: something else is there, or the same content was written again.
missing: the recorded state can no longer be read.
unreachable: its store could not be asked.
unknown: neither the record nor the store is enough to decide.
"""


@dataclass(frozen=True)
class Evidence:
    """One thing that was looked at.

    Args:
        looked_at: A URI without credentials.
        found: In words.
    """

    looked_at: str
    found: str

    def __str__(self) -> str:
        return f"{self.looked_at}: {self.found}"


@dataclass(frozen=True)
class TableVerdict:
    """Whether a recorded table is still there as it was.

    Args:
        state: In one word.
        reason: In a sentence or two.
        location: Where the table was when it was recorded.
        format: Its format.
        evidence: What was looked at, in order.
    """

    state: TableState
    reason: str
    location: str
    format: TableFormat
    evidence: tuple[Evidence, ...] = ()

    def __str__(self) -> str:
        return f"the table is {self.state}: {self.reason}"

    def to_dict(self) -> dict[str, Any]:
        """This verdict as plain JSON values."""
        return {**asdict(self), "evidence": [asdict(each) for each in self.evidence]}


class Look(NamedTuple):
    """What one look at a recorded table found."""

    state: TableState
    reason: str


Note = Callable[[str, str], None]
"""Takes down a piece of evidence: where, and what was found."""

"""What becomes of an act that was done elsewhere, beside the acts that are here. Pure.

Acts are only ever added, and the last on a subject holds. So one that was done before another on its subject here is
left out and named: added behind it, it would take back what was said later.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from registry_dagster.answers.answer import Answer
from registry_dagster.model.act import Act
from registry_dagster.model.names import exact_version

__all__ = ["ActsHere", "CarriedAct", "Judged", "Outcome", "holds", "merged"]

Outcome = Literal["recorded", "unchanged", "skipped"]
Judged = tuple[Act, Outcome, str | None]
"""An act, what becomes of it, and why it is skipped."""


@dataclass(frozen=True)
class CarriedAct(Answer):
    """What became, or would become, of one act.

    Args:
        about: The version or dataset that it is about, as it is called here.
        said: Who did what, when and why.
        outcome: `unchanged` if it is here already.
        reason: Why it is skipped.
    """

    about: str
    said: str
    outcome: Outcome
    reason: str | None = None

    def __str__(self) -> str:
        return f"{self.outcome:<9}  {self.about}  {self.said}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True)
class ActsHere:
    """What is said here of a Dataset and its versions.

    Args:
        acts: The acts, oldest first.
        labels: Label → the number of its version.
        drafts: The versions that are drafts.
        by_hand: The versions whose retirement was changed in DataHub's own pages.
        republished: When others last published a version, which may describe the Dataset otherwise.
    """

    acts: Sequence[Act] = ()
    labels: Mapping[str, int] = field(default_factory=dict[str, int])
    drafts: frozenset[str] = frozenset()
    by_hand: frozenset[str] = frozenset()
    republished: datetime | None = None


def merged(coming: Sequence[Act], here: ActsHere) -> list[Judged]:
    """What becomes of each act that comes."""
    return [(act, *_judged(act, coming, here)) for act in coming]


def holds(act: Act, coming: Sequence[Act], here: ActsHere) -> bool:
    """Whether nothing that was said here later takes an act back."""
    return next(_contradictions(act, coming, here), None) is None


def _judged(act: Act, coming: Sequence[Act], here: ActsHere) -> tuple[Outcome, str | None]:
    if act in here.acts:
        return "unchanged", None
    if _is_true_already(act, here):
        return "unchanged", None
    reason = next(_contradictions(act, coming, here), None)
    return ("skipped", reason) if reason else ("recorded", None)


def _is_true_already(act: Act, here: ActsHere) -> bool:
    """Whether an act that can be done once was done by others."""
    if act.act == "label" and act.label and act.version:
        return here.labels.get(act.label) == exact_version(act.version).number
    return act.act == "promote" and act.version not in here.drafts


def _contradictions(act: Act, coming: Sequence[Act], here: ActsHere) -> Iterator[str]:
    """What is here and would be taken back."""
    if act.label and (owner := here.labels.get(act.label)):
        yield f"label {act.label!r} belongs to v{owner} here, and a label never moves"
    if act.act in ("retire", "undo") and act.version in here.by_hand:
        yield "its retirement was changed in DataHub's own pages; use feature-registry retire or undo"
    if act.act == "describe" and here.republished and here.republished >= act.at:
        yield f"the dataset was published again at {_time(here.republished)}; use feature-registry describe"
    for other in reversed(here.acts):
        if other.at >= act.at and _share_subject(act, other) and other not in coming:
            yield f"{other.words} at {_time(other.at)} by {other.by} is later, and holds"


def _share_subject(a: Act, b: Act) -> bool:
    """Whether the later of two acts takes back the other."""
    if a.act == b.act == "describe":
        return not a.changes.keys().isdisjoint(b.changes)
    subject = _subject(a)
    return subject is not None and subject == _subject(b)


def _subject(act: Act) -> tuple[str, str | None] | None:
    """What an act says something of, of which the last word holds; None where others stay true beside it."""
    match act.act:
        case "retire" | "undo":
            return "retirement", act.version
        case "layout" | "license" | "citation" | "doi" | "relocate":
            return act.act, act.version
        case _:
            return None


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}"

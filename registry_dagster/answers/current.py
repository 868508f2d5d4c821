"""The current version: what a bare dataset name means. One rule for every reader, reference and door."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from registry_dagster.answers.answer import Answer
from registry_dagster.answers.clock import Clock
from registry_dagster.answers.relations import names_of
from registry_dagster.answers.remote import Remote
from registry_dagster.model.batches import grouped
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Candidate", "NamedAnswer", "Taken", "current", "latest_earlier", "made_at", "newest_first"]


class Candidate(NamedTuple):
    """One published version, as far as choosing among versions needs.

    Args:
        number: Its number.
        name: `dataset@vN`.
        states: The materialization versions it was made against, with what is recorded of them now.
        layout: The name of its layout, if it has one.
        retired: Why it should no longer be used, in words; None when it may.
        replacement: The version named as its replacement.
        removed: Whether somebody deleted it in DataHub.
        draft: Whether it was published as a draft and not yet promoted.
        hidden: Whether it is there, but the token may not view it. It counts as removed.
    """

    number: int
    name: str
    states: tuple[MaterializationVersion, ...]
    layout: str | None = None
    retired: str | None = None
    replacement: str | None = None
    removed: bool = False
    draft: bool = False
    hidden: bool = False

    @property
    def present(self) -> bool:
        """Whether it reads back. Of a number that was given and is gone, nothing is known."""
        return bool(self.states)

    @property
    def usable(self) -> bool:
        """Neither retired, removed nor a draft."""
        return self.retired is None and not self.removed and not self.draft

    @property
    def flaw(self) -> str | None:
        """Why it is not to be used, in words."""
        if self.hidden:
            return "not to be viewed with this token"
        if self.removed:
            return "removed in DataHub"
        return self.retired or ("a draft" if self.draft else None)


@dataclass(frozen=True)
class Taken(Answer):
    """Which version a name was taken to mean, and why.

    Args:
        version: `dataset@vN`.
        reason: Why, where it is not simply the last one published; else None.
        passed_over: Later numbers that were not taken, each with the reason.
        layouts: Other layouts that there was a choice of.
        remote: The lab whose version it is; None if it is in this registry.
    """

    version: str
    reason: str | None = None
    passed_over: tuple[str, ...] = ()
    layouts: tuple[str, ...] = ()
    remote: Remote | None = None

    def of(self, remote: Remote) -> Taken:
        """The same, of a lab whose datasets have other names here."""
        return replace(
            self,
            version=remote.named(self.version),
            reason=self.reason and remote.worded(self.reason, self.version),
            passed_over=tuple(remote.worded(each, self.version) for each in self.passed_over),
            remote=remote,
        )

    @property
    def remark(self) -> str | None:
        """One line that names it and why, where that is not plain."""
        if self.reason is None:
            return f"also in layout {', '.join(self.layouts)}" if self.layouts else None
        return "; ".join([f"{self.version}: {self.reason}", *(f"passed over: {each}" for each in self.passed_over)])

    def __str__(self) -> str:
        lines = [f"{self.version}: {self.reason}" if self.reason else self.version]
        lines += [f"  passed over: {each}" for each in self.passed_over]
        lines += [f"  also in layout {', '.join(self.layouts)}"] if self.layouts else []
        return "\n".join(lines)


@dataclass(frozen=True)
class NamedAnswer(Answer, ABC):
    """An answer about versions that were named.

    Args:
        taken: Which version each name was taken to mean, and why.
    """

    taken: tuple[Taken, ...] = field(default=(), kw_only=True)

    def __str__(self) -> str:
        remarks = dict.fromkeys(filter(None, (*(each.remark for each in self.taken), *self._remotes())))
        return "\n".join([self.words(), *(f"  {remark}" for remark in remarks)])

    def _remotes(self) -> Iterator[str]:
        """The labs whose records it rests on, and where they were read."""
        yield from (str(each.remote) for each in self.taken if each.remote)

    @abstractmethod
    def words(self) -> str:
        """The answer itself, in words."""


def made_at(candidates: Iterable[Candidate], at: str | MaterializationVersion) -> list[Candidate]:
    """Those made against a state, by any of its names."""
    names = {at} if isinstance(at, str) else set(names_of(at))
    return [each for each in candidates if any(names & set(names_of(state)) for state in each.states)]


def current(candidates: Sequence[Candidate], *, default_layout: str | None = None) -> Taken | None:
    """The version that a name means, of those it may mean.

    Candidates are those that are not retired, removed or draft; where there are none, retirement and draft are
    ignored, and the reason says so. Of the candidates with nothing later, those of the default layout are taken
    if there are any, then the highest number.

    Args:
        candidates: The published versions in question, in any order.
        default_layout: The layout that the Dataset names as its default.

    Returns:
        None: all are removed, or there are none.
    """
    present = [each for each in candidates if not each.removed]
    usable = [each for each in present if each.usable]
    pool = usable or present
    if not pool:
        return None
    later = _Later(pool)
    last = later.last
    taken = max(_of_layout(last, default_layout) or last, key=lambda each: each.number)
    passed_over = tuple(_passed_over(taken, candidates, later, default_layout))
    return Taken(taken.name, _reason(taken, bool(usable), bool(passed_over)), passed_over, _other_layouts(last, taken))


def _of_layout(candidates: Sequence[Candidate], layout: str | None) -> list[Candidate]:
    return [each for each in candidates if layout is not None and each.layout == layout]


def _other_layouts(candidates: Sequence[Candidate], taken: Candidate) -> tuple[str, ...]:
    return tuple(sorted({each.layout for each in candidates if each.layout and each.layout != taken.layout}))


def latest_earlier(candidates: Sequence[Candidate], of: Candidate) -> Candidate | None:
    """What a version is compared with: the latest candidate of the same layout that comes before it.

    Before it is what was made against earlier states, and, where the clock does not order the two, what was
    published before it.
    """
    pool = [each for each in candidates if _is_like(each, of)]
    clock = Clock(state for each in (*pool, of) for state in each.states)
    before = [each for each in pool if _is_before(each, of, clock)]
    return max(_Later(before).last, key=lambda each: each.number, default=None)


def _is_like(candidate: Candidate, of: Candidate) -> bool:
    """Whether a version may be compared with another: usable, of the same layout, and not itself."""
    return candidate.usable and candidate.layout == of.layout and candidate.number != of.number


def _is_before(candidate: Candidate, of: Candidate, clock: Clock) -> bool:
    if clock.is_later(of.states, candidate.states):
        return True
    return candidate.number < of.number and not clock.is_later(candidate.states, of.states)


def newest_first(candidates: Sequence[Candidate], *, default_layout: str | None = None) -> Iterator[Candidate]:
    """All versions that read back, whatever their flaws: those with nothing later, then those before them.

    Args:
        candidates: The published versions in question, in any order.
        default_layout: The layout that the Dataset names as its default; it comes first among equals.
    """
    pool = [each for each in candidates if each.present]
    while pool:
        later = _Later(pool)
        yield from sorted(later.last, key=lambda each: (each.layout != (default_layout or each.layout), -each.number))
        pool = [each for each in pool if later.than(each) is not None]


class _Later:
    """What is made against later states, in a pool of candidates. States that many have are compared once."""

    def __init__(self, pool: Sequence[Candidate]) -> None:
        # The last ones first: most often they are the later ones.
        alike = grouped(reversed(pool), key=lambda each: each.states)
        clock = Clock(state for states in alike for state in states)
        # Number → the first of those that are made against some later states.
        self._later = dict[int, Candidate | None]()
        for states, some in alike.items():
            later = next((others[-1] for found, others in alike.items() if clock.is_later(found, states)), None)
            self._later |= dict.fromkeys((each.number for each in some), later)
        self._members = tuple(pool)

    @property
    def last(self) -> list[Candidate]:
        """Those of the pool with nothing later."""
        return [each for each in self._members if self.than(each) is None]

    def than(self, candidate: Candidate) -> Candidate | None:
        """One of the pool that is made against later states than one of the pool; None if none is."""
        return self._later[candidate.number]

    def __contains__(self, candidate: Candidate) -> bool:
        return candidate.number in self._later


def _passed_over(
    taken: Candidate, candidates: Sequence[Candidate], later: _Later, default: str | None
) -> Iterator[str]:
    """Higher numbers than the one taken, each with the reason."""
    higher = (each for each in candidates if each.number > taken.number)
    for each in sorted(higher, key=lambda one: -one.number):
        if each not in later:
            yield f"{each.name}: {each.flaw}"
        elif other := later.than(each):
            yield f"{each.name}: made against {_states(each)}, which is earlier than {_states(other)} of {other.name}"
        else:
            yield f"{each.name}: of {f'layout {each.layout}' if each.layout else 'no layout'}; the default is {default}"


def _reason(taken: Candidate, usable: bool, passed_over: bool) -> str | None:
    if not usable:
        return f"it is {taken.flaw}, and so is every other version that is not removed"
    if passed_over:
        return f"it is the current version, made against {_states(taken)}, though not the last published"
    return None


def _states(candidate: Candidate) -> str:
    return ", ".join(map(str, candidate.states))

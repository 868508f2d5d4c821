"""What a record's own signals say about its keys in another materialization version: ranges and crosswalks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from registry_dagster.answers.answer import Basis
from registry_dagster.answers.relations import names_of, order_of, systems_of, versions_in
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import AnySignal, CompatibilityRange, Crosswalk

__all__ = ["Reach", "crosswalks_between", "means_version", "reaches"]


@dataclass(frozen=True)
class Reach:
    """What one compatibility range says about keys between two materialization versions.

    Args:
        covers: Whether both versions are in it; None if one of them cannot be placed.
        fraction: The share of the record's keys that survive, if it was measured between exactly these two.
        all_survive: Whether all keys keep their meaning within the range.
        words: The range in words.
        basis: What the range rests on.
    """

    covers: bool | None
    fraction: float | None
    all_survive: bool
    words: str
    basis: Basis


def reaches(
    signals: Iterable[AnySignal], column: str | None, own: MaterializationVersion, other: MaterializationVersion
) -> Iterator[Reach]:
    """What each compatibility range about a key column says between its record's version and another.

    Args:
        signals: The record's signals.
        column: The key column; None takes only the ranges about all columns.
        own, other: The record's materialization version and the other one.
    """
    for signal in signals:
        if not isinstance(signal, CompatibilityRange) or (signal.columns and column not in signal.columns):
            continue
        if signal.system in systems_of(own) & systems_of(other):
            yield _reach(signal, versions_in(own, signal.system), versions_in(other, signal.system))


def crosswalks_between(
    signals: Iterable[AnySignal], column: str | None, own: MaterializationVersion, other: MaterializationVersion
) -> Iterator[Crosswalk]:
    """The crosswalks that carry a key column between its record's version and another, in either direction.

    An end that is left out is the record's own version. A crosswalk without ends does not say which versions
    it connects, so it is never one of them.
    """
    for signal in signals:
        if not isinstance(signal, Crosswalk) or (signal.columns and column not in signal.columns):
            continue
        start, end = signal.from_version, signal.to_version
        if _connects(start, end, own, other) or _connects(end, start, own, other):
            yield signal


def _connects(near: str | None, far: str | None, own: MaterializationVersion, other: MaterializationVersion) -> bool:
    if far is None or not means_version(far, other, own):
        return False
    return near is None or means_version(near, own, other)


def means_version(text: str, version: MaterializationVersion, beside: MaterializationVersion) -> bool:
    """Whether a signal's free text names a version: `system@version`, or the version alone within one system.

    Args:
        text: The signal's text.
        version: The version it may name.
        beside: The version at the other end.
    """
    if "@" in text:
        return text in names_of(version)
    return any(text in versions_in(version, system) for system in systems_of(version) & systems_of(beside))


def _reach(signal: CompatibilityRange, own: frozenset[str], other: frozenset[str]) -> Reach:
    ends = [end for end in (signal.from_version, signal.to_version) if end is not None]
    covers = _all([_any([_within(signal, text) for text in texts]) for texts in (own, other)])
    # The share counts from the range's near end to its far end, so it holds only for a record at the near end and
    # another version at the far end: seen from the far end, nobody measured which of its keys existed before.
    at_the_far_end = ends[-1] in other and all(end in own for end in ends[:-1])
    return Reach(
        covers=covers,
        fraction=signal.surviving_fraction if covers and at_the_far_end else None,
        all_survive=signal.surviving_fraction in (None, 1),
        words=_words(signal),
        basis=signal.basis,
    )


def _words(signal: CompatibilityRange) -> str:
    share = signal.surviving_fraction
    survive = "" if share is None else f" ({share:.1%} of keys at its far end)"
    return f"the range {signal.system} {signal.from_version or '…'} to {signal.to_version or '…'}{survive}"


# Three-valued logic: None is unknown. One True settles "any", one False settles "all".
def _any(answers: Sequence[bool | None]) -> bool | None:
    return True if True in answers else None if None in answers else False


def _all(answers: Sequence[bool | None]) -> bool | None:
    return False if False in answers else None if None in answers else True


def _within(signal: CompatibilityRange, version: str) -> bool | None:
    """Whether a version text is in the range; None if it, or an end of the range, has no place in the order."""
    if version in (signal.from_version, signal.to_version):
        return True
    after_start = True if signal.from_version is None else _in_order(signal.from_version, version)
    before_end = True if signal.to_version is None else _in_order(version, signal.to_version)
    # A range that is open at both ends still holds only versions that have a place in the order.
    return _all([after_start, before_end, None if order_of(version) is None else True])


def _in_order(first: str, second: str) -> bool | None:
    here, there = order_of(first), order_of(second)
    return None if here is None or there is None else here <= there

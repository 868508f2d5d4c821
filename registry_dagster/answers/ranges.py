"""What a record's own signals say about its keys in another state: compatibility ranges and crosswalks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from registry_dagster.answers.answer import Basis
from registry_dagster.answers.states import names_of, order_of, systems_of, versions_in
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import AnySignal, CompatibilityRange, Crosswalk

__all__ = ["Reach", "crosswalks_between", "reaches", "tells_version"]


@dataclass(frozen=True)
class Reach:
    """What one compatibility range says about keys between two states.

    Args:
        covers: Whether both states are in it; None when a version cannot be placed.
        fraction: The share of the record's keys that survive, where it was measured between just these two.
        all_survive: Whether all keys keep their meaning, as far as it covers.
        words: The range in words.
        basis: What it rests on.
    """

    covers: bool | None
    fraction: float | None
    all_survive: bool
    words: str
    basis: Basis


def reaches(
    signals: Iterable[AnySignal], column: str | None, own: MaterializationVersion, other: MaterializationVersion
) -> Iterator[Reach]:
    """What each compatibility range about a key column says between its record's state and another.

    Args:
        signals: The record's signals.
        column: The key column; None takes the ranges about all columns alone.
        own, other: The two states.
    """
    for signal in signals:
        if not isinstance(signal, CompatibilityRange) or (signal.columns and column not in signal.columns):
            continue
        if signal.system in systems_of(own) & systems_of(other):
            yield _reach(signal, versions_in(own, signal.system), versions_in(other, signal.system))


def crosswalks_between(
    signals: Iterable[AnySignal], column: str | None, own: MaterializationVersion, other: MaterializationVersion
) -> Iterator[Crosswalk]:
    """The crosswalks that carry a key column between its record's state and another, in either direction.

    An end that is left out is the record's own state. A crosswalk without ends does not say between
    which states it leads, so it is none of them.
    """
    for signal in signals:
        if not isinstance(signal, Crosswalk) or (signal.columns and column not in signal.columns):
            continue
        for near, far in ((signal.from_version, signal.to_version), (signal.to_version, signal.from_version)):
            if far is not None and tells_version(far, other, own) and (near is None or tells_version(near, own, other)):
                yield signal
                break


def tells_version(text: str, version: MaterializationVersion, beside: MaterializationVersion) -> bool:
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
    within = [_any_within(signal, versions) for versions in (own, other)]
    covers = False if False in within else None if None in within else True
    # The far end is where the other state is. A record at the end of a range does not say whose keys survive.
    at_the_far_end = ends[-1] in other and all(end in own for end in ends[:-1])
    survive = "" if signal.surviving_fraction is None else f" ({signal.surviving_fraction:.1%} of keys at its far end)"
    return Reach(
        covers=covers,
        fraction=signal.surviving_fraction if covers and at_the_far_end else None,
        all_survive=signal.surviving_fraction in (None, 1),
        words=f"the range {signal.system} {signal.from_version or '…'} to {signal.to_version or '…'}{survive}",
        basis=signal.basis,
    )


def _any_within(signal: CompatibilityRange, versions: frozenset[str]) -> bool | None:
    """Whether a version, under any of its names, is in the range; None when it cannot be placed."""
    answers = [_within(signal, version) for version in versions]
    return True if True in answers else None if None in answers else False


def _within(signal: CompatibilityRange, version: str) -> bool | None:
    if version in (signal.from_version, signal.to_version):
        return True
    place = order_of(version)
    low, high = (None if end is None else order_of(end) for end in (signal.from_version, signal.to_version))
    if signal.from_version is not None and place is not None and low is not None and place < low:
        return False
    if signal.to_version is not None and place is not None and high is not None and place > high:
        return False
    unplaced = place is None or (low is None and signal.from_version is not None)
    return None if unplaced or (high is None and signal.to_version is not None) else True

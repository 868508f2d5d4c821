"""The order of materialization versions: earlier, later, one state, or not known."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from registry_dagster.answers.relations import names_of, systems_of, versions_in
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Clock", "Order", "natural_order"]

Order = Literal["earlier", "same", "later"]

_PIECES = re.compile(r"[0-9]+|[^0-9]+")


class Clock:
    """Orders the states that a dataset's versions were made against.

    Two states of a system are ordered by timestamp if every state of that system has one, else by the natural
    order of their version texts, else not at all. Names of one state are one state; systems that share a state
    are one system.

    Args:
        states: Every state that is to be ordered. They decide together whether timestamps are used.
    """

    def __init__(self, states: Iterable[MaterializationVersion]) -> None:
        known = list(states)
        self._systems = _merged(systems_of(state) for state in known)
        self._names = _merged(names_of(state) for state in known)
        by_system: dict[str, list[MaterializationVersion]] = {}
        for state in known:
            by_system.setdefault(self.system_of(state), []).append(state)
        self._timed = {
            system: all(state.timestamp is not None for state in members) for system, members in by_system.items()
        }

    def system_of(self, state: MaterializationVersion) -> str:
        """One name for a system and all its other names."""
        return self._systems.get(state.system, state.system)

    def order(self, a: MaterializationVersion, b: MaterializationVersion) -> Order | None:
        """Whether `a` is earlier or later than `b`, or the same state. None: of other systems, or not known."""
        if self.system_of(a) != self.system_of(b):
            return None
        if self._names.get(str(a), str(a)) == self._names.get(str(b), str(b)):
            return "same"
        if self._timed.get(self.system_of(a)) and a.timestamp is not None and b.timestamp is not None:
            return _order(a.timestamp < b.timestamp, a.timestamp == b.timestamp)
        return _order_by_version(a, b)

    def is_later(self, a: Sequence[MaterializationVersion], b: Sequence[MaterializationVersion]) -> bool:
        """Whether what was made against `a` is later than what was made against `b`.

        It is if both name the same systems, no state of `a` is earlier than one of `b`, and at least one is later.
        """
        if {self.system_of(state) for state in a} != {self.system_of(state) for state in b}:
            return False
        orders = [self.order(one, other) for one in a for other in b if self.system_of(one) == self.system_of(other)]
        return None not in orders and "earlier" not in orders and "later" in orders


def _order_by_version(a: MaterializationVersion, b: MaterializationVersion) -> Order | None:
    """The order of the version texts in the first common system where they have one."""
    for system in sorted(systems_of(a) & systems_of(b)):
        order = natural_order(min(versions_in(a, system)), min(versions_in(b, system)))
        if order is not None:
            return order
    return None


def natural_order(a: str, b: str) -> Order | None:
    """The order of two version texts by the numbers in them: `943` before `1300`, `v1.2` before `v1.2.1`.

    None where they differ in anything but numbers: nothing says whether `v1.0-rc1` is before `v1.0`.
    """
    left, right = _pieces(a), _pieces(b)
    for one, other in zip(left, right, strict=False):
        if one.isdecimal() and other.isdecimal():
            if int(one) != int(other):
                return _order(int(one) < int(other), False)
        elif one != other:
            return None
    if len(left) == len(right):
        return "same"
    return _order_by_length(left, right)


def _order_by_length(left: list[str], right: list[str]) -> Order | None:
    """The order of two texts of which one begins with the other."""
    further = (left if len(left) > len(right) else right)[min(len(left), len(right)) :]
    # Only `.1` and the like continue a version; anything else may as well come before it.
    return _order(len(left) < len(right), False) if further[0] == "." and further[1:2] else None


def _pieces(text: str) -> list[str]:
    """Numbers and what is between them; a leading `v` says nothing."""
    return _PIECES.findall(re.sub(r"^[vV](?=[0-9])", "", text))


def _order(earlier: bool, same: bool) -> Order:
    return "same" if same else "earlier" if earlier else "later"


def _merged(groups: Iterable[Iterable[str]]) -> Mapping[str, str]:
    """Name → the one name of all that any group joins it with."""
    parent: dict[str, str] = {}

    def root(name: str) -> str:
        while parent.setdefault(name, name) != name:
            name = parent[name]
        return name

    for group in groups:
        first, *others = group
        for other in others:
            one, two = sorted((root(first), root(other)))
            parent[two] = one
        root(first)
    return {name: root(name) for name in list(parent)}

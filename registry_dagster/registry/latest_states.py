"""Which of some materialization versions is the latest, and whether a server, which compares sort ids, agrees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, groupby, pairwise, zip_longest

from registry_dagster.answers.clock import Clock
from registry_dagster.datahub.urns import sort_id
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["agrees_with_server", "latest_state", "oldest_first"]


def oldest_first(states: Sequence[MaterializationVersion]) -> list[MaterializationVersion]:
    """States in the order in which to record them: those of each system from the earliest on, systems in turns."""
    groups = [_ordered(list(some)) for _, some in groupby(sorted(states, key=_system), _system)]
    return [each for each in chain.from_iterable(zip_longest(*groups)) if each is not None]


def latest_state(states: Sequence[MaterializationVersion]) -> MaterializationVersion:
    """The latest of some states of one system; where their order is not known, the first of them."""
    clock, latest = Clock(states), states[0]
    for each in states[1:]:
        latest = each if clock.order(each, latest) == "later" else latest
    return latest


def agrees_with_server(states: Sequence[MaterializationVersion]) -> bool:
    """Whether a server that gets these states of one system in this order names the latest and shows no other.

    It does if the sort id of each is higher than that of the one before, and the clock does not contradict.
    """
    rising = all(sort_id(one.version) < sort_id(other.version) for one, other in pairwise(states))
    return rising and latest_state([states[-1], *states[:-1]]) == states[-1]


def _ordered(states: Sequence[MaterializationVersion]) -> list[MaterializationVersion]:
    """By their moments if all have one, else by their version texts."""
    moments = [each.timestamp.timestamp() for each in states if each.timestamp]
    by_text = sorted(range(len(states)), key=lambda position: sort_id(states[position].version))
    timed = len(moments) == len(states)
    order = sorted(by_text, key=lambda position: moments[position]) if timed else by_text
    return [states[position] for position in order]


def _system(state: MaterializationVersion) -> tuple[str, str]:
    return state.source, state.system

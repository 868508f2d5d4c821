"""What a declaration says of the clock and of names, compared with what is recorded. Pure: it warns, never refuses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from registry_dagster.answers.lifecycle import lifecycle
from registry_dagster.model.base import Model
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.vocabulary import hint, known_words, nearest

if TYPE_CHECKING:
    from registry_dagster.model.feature_table import FeatureTable

__all__ = ["Recorded", "clock_warnings", "name_warnings", "names_in"]

_PLACES = {
    "id space": ("id_space", "chunkedgraph"),
    "frame": ("frame",),
    "dataset": ("to", "crosswalk", "dataset"),
}
"""Kind of name → the attributes of columns and references that have it."""
_KIND_OF = {attribute: kind for kind, attributes in _PLACES.items() for attribute in attributes}

Names = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Recorded:
    """What a declaration is compared with, as far as it was read.

    Args:
        states: Recorded materialization versions, of which only the names may be known.
        names: Kind of name → those that published versions have: `id space`, `frame`, `dataset`.
        complete: Whether every published version was read for the names.
    """

    states: tuple[MaterializationVersion, ...] = ()
    names: Names | None = None
    complete: bool = True


def clock_warnings(
    declared: Iterable[MaterializationVersion],
    recorded: Mapping[str, MaterializationVersion | None],
    known: Recorded,
    at: datetime,
) -> Iterator[str]:
    """What a person should know of the materialization versions they declare.

    Args:
        declared: Those of the declaration.
        recorded: Key → how it is recorded.
        known: All that is recorded.
        at: Now.
    """
    for state in declared:
        yield from _of_itself(state, recorded.get(state.key), at)
        yield from _twin(state, known.states) or _compared(state, recorded.get(state.key), known.states, at)


def name_warnings(feature_table: FeatureTable, known: Recorded) -> Iterator[str]:
    """The names in a declaration that nobody used before, where others of their kind are known."""
    if known.names is None:
        return
    systems = {each.system for each in (*known.states, *feature_table.materializations)}
    # An id space is called after its segmentation, which is mostly the system that keeps it.
    fitting = {**known.names, "id space": {*known.names["id space"], *systems}}
    for kind, names in names_in(feature_table).items():
        others = set(fitting[kind])
        # A dataset may well be published later, and what was not read may be known: only a likely typo counts.
        certain = bool(others) and known.complete and kind != "dataset"
        for name in sorted(names - others):
            yield from _new_name(kind, name, others, certain)


def _new_name(kind: str, name: str, others: Collection[str], certain: bool) -> Iterator[str]:
    """The warning of a name that nobody used before, if that is certain or it is like one of the others."""
    near = nearest(name, others)
    if near is not None or certain:
        yield f"new here: {kind} {name}; known: {known_words(others)}{_meant(near)}"


def _meant(near: str | None) -> str:
    return f"; did you mean {near}?" if near else ""


def names_in(declared: FeatureTable | DatasetVersion) -> dict[str, set[str]]:
    """Kind of name → those in a declaration: id spaces, frames, and the datasets that it points at."""
    found: dict[str, set[str]] = {kind: set() for kind in _PLACES}
    for place in (*declared.columns.values(), *declared.references):
        for attribute in _naming(type(place)):
            if value := getattr(place, attribute):
                found[_KIND_OF[attribute]].add(str(value))
    return found


@cache
def _naming(kind: type[Model]) -> list[str]:
    """The attributes of columns or references of a class that have names."""
    return [name for name in kind.model_fields if name in _KIND_OF]


def _of_itself(state: MaterializationVersion, held: MaterializationVersion | None, at: datetime) -> Iterator[str]:
    """What a declared state says, and what neither it nor the record says."""
    if state.timestamp is not None and state.timestamp > at:
        yield f"{state}: its timestamp {state.timestamp:%Y-%m-%d %H:%M:%S} UTC is in the future"
    if all(each is None or each.timestamp is None for each in (state, held)):
        yield (
            f"{state}: no timestamp is declared or recorded, so it cannot be compared with other names of the same "
            "version"
        )
    if state.status == "expired":
        yield f"{state}: declared as expired"


def _twin(state: MaterializationVersion, known: Iterable[MaterializationVersion]) -> list[str]:
    """The warning that a state of the same name is recorded with another source; empty if there is none."""
    others = [each.source for each in known if str(each) == str(state) and each.source != state.source]
    return [
        f"{state}: source is {_said_source(state)} but recorded as {source}; declare source {source} to mean that one"
        for source in others[:1]
    ]


def _compared(
    state: MaterializationVersion,
    held: MaterializationVersion | None,
    known: Sequence[MaterializationVersion],
    at: datetime,
) -> list[str]:
    return list(_unknown(state, known) if held is None else _availability(state, held, at))


def _availability(state: MaterializationVersion, held: MaterializationVersion, at: datetime) -> Iterator[str]:
    """What is recorded of a state that is not simply available."""
    since = f" since {held.expires_on:%Y-%m-%d}" if held.expires_on else ""
    words = {"expired": f"expired{since}", "running": "still running, so it may not be complete", "failed": "failed"}
    found = lifecycle(held, at=at).state
    if found in words and state.status != found:
        yield f"{state}: recorded as {words[found]}"


def _unknown(state: MaterializationVersion, known: Sequence[MaterializationVersion]) -> Iterator[str]:
    """How a state that is not recorded goes with those that are."""
    of_system = {each.version for each in known if each.system == state.system}
    if of_system:
        yield _not_among(state, of_system)
    elif known:
        yield f"new here: system {state.system}{hint(state.system, {each.system for each in known}).rstrip('.')}"


def _not_among(state: MaterializationVersion, versions: Collection[str]) -> str:
    """That the system has versions recorded, but not this one."""
    few = "the one recorded version" if len(versions) == 1 else f"among the {len(versions)} recorded versions"
    instead = _meant(nearest(state.version, versions)) or f": {known_words(versions)}"
    return f"{state.version} is not {few} of {state.system}{instead}"


def _said_source(state: MaterializationVersion) -> str:
    return f"declared as {state.source}" if "source" in state.model_fields_set else "left out"

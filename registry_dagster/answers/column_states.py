"""In which state of an upstream system the ids of a column are: the table's own, unless the column names another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from registry_dagster.answers.relations import names_of, systems_of
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import BodyId, RootId
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["held_states", "holds_at", "names_state", "states_of_columns"]


def held_states(record: DatasetVersion) -> tuple[str, ...]:
    """Every state of which a table holds something, by all its names: its own, and those that its columns name."""
    named = (_at(column) for column in record.columns.values())
    own = (name for state in record.materializations for name in names_of(state))
    return tuple(dict.fromkeys([*own, *filter(None, named)]))


def states_of_columns(
    columns: Mapping[str, AnyColumn], states: Sequence[MaterializationVersion], paths: Iterable[str | None]
) -> tuple[MaterializationVersion, ...]:
    """The states that some columns of a table hold.

    Where a column names its state, that is the only one of its system.

    Args:
        columns: The table's declared columns.
        states: What the table was made against.
        paths: The columns in question.
    """
    named = [_state(at, states) for path in paths if (at := _at(columns.get(path or "")))]
    if not named:
        return tuple(states)
    systems = frozenset[str]().union(*map(systems_of, named))
    others = [state for state in states if systems_of(state).isdisjoint(systems)]
    return tuple(dict.fromkeys([*named, *others]))


def holds_at(column: AnyColumn | None, state: MaterializationVersion) -> bool:
    """Whether a column may hold ids of a state: it names this one, or none of that system."""
    at = _at(column)
    return at is None or at.partition("@")[0] not in systems_of(state) or at in names_of(state)


def names_state(column: AnyColumn, state: MaterializationVersion) -> bool:
    """Whether a column names this state as that of its ids."""
    return _at(column) in names_of(state)


def _at(column: AnyColumn | None) -> str | None:
    return column.at if isinstance(column, RootId | BodyId) else None


def _state(at: str, states: Sequence[MaterializationVersion]) -> MaterializationVersion:
    """The state of that name, with what the table records of it if it was made against it, too."""
    system, _, version = at.partition("@")
    known = next((state for state in states if at in names_of(state)), None)
    return known or MaterializationVersion(system=system, version=version)

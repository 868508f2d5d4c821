"""What the columns of a table may mean: proposed from names, types, and what is published. Never from data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from registry_dagster.adopt.names_of_ids import id_proposal
from registry_dagster.adopt.names_of_places import position_proposal
from registry_dagster.adopt.names_of_values import value_proposal
from registry_dagster.adopt.names_of_vectors import spread_vectors, vector_proposal
from registry_dagster.adopt.proposal import Context, Proposal, undecided
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.todo import TODO
from registry_dagster.model import dtypes
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.names import join_path, split_path
from registry_dagster.model.table import TableFacts

__all__ = ["dtype_problem", "propose"]

_OF_LISTS = ("element", "key", "value")


def propose(facts: TableFacts, context: Context, published: Published | None = None) -> dict[str, Proposal]:
    """A proposal for each column, in the order of the table.

    Fields of a struct have one each; what a list holds is part of the list.

    Args:
        facts: The table.
        context: What is known beside its columns.
        published: The registry's columns.
    """
    spread = {each.first: each for each in spread_vectors(context)}
    inner = frozenset[str]().union(*(each.inner for each in spread.values()))
    proposals: dict[str, Proposal] = {}
    for path in context.types:
        if path in inner or _is_inside(path, context.types, proposals):
            continue
        vector = spread.get(path)
        found = vector.proposal if vector else _proposal(path, facts.widths.get(path), context, published)
        if found:
            proposals[path] = found
    return proposals


def _is_inside(path: str, types: Mapping[str, str], proposals: Mapping[str, Proposal]) -> bool:
    """Whether a field is part of a column that is declared as a whole."""
    parts = split_path(path)
    above = join_path(parts[:-1])
    if above in proposals:
        return True
    return parts[-1] in _OF_LISTS and dtypes.storage(types.get(above, "struct")) != "struct"


def _proposal(path: str, width: int | None, context: Context, published: Published | None) -> Proposal | None:
    """The proposal for a column; None for a struct whose fields are columns by themselves."""
    name, dtype = split_path(path)[-1].replace(".", "_"), context.types[path]
    doubts: list[str] = []
    for found in _found(name, path, dtype, width, context, published):
        problem = dtype_problem(found.meaning, dtype)
        if problem is None:
            return found
        doubts.append(f"{found.meaning['semantic']} by its name, but {problem}")
    if dtypes.storage(dtype) == "struct":
        return None
    elsewhere = published.doubt(path, context.system) if published else None
    return undecided("; ".join([*doubts[:1], *([elsewhere] if elsewhere else [])]) or "its name does not say")


def _found(
    name: str, path: str, dtype: str, width: int | None, context: Context, published: Published | None
) -> Iterator[Proposal]:
    """What each source proposes, the surest first."""
    found = (
        published and published.proposal(path, dtype, context.system),
        id_proposal(name, context),
        position_proposal(name, path, context),
        vector_proposal(name, dtype, width),
        value_proposal(name, dtype, context),
    )
    return (each for each in found if each)


def dtype_problem(meaning: Mapping[str, Any], dtype: str) -> str | None:
    """Why a column of this type cannot have a meaning, as far as it is decided."""
    decided = {name: value for name, value in meaning.items() if value != TODO}
    column = SEMANTICS[decided["semantic"]].model_construct(**decided)
    return column.dtype_problem(dtype)

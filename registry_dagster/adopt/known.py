"""What another catalogue says of a table that is adopted, laid over what is proposed from its columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from registry_dagster.adopt.conventions import dtype_problem
from registry_dagster.adopt.draft import DraftColumn
from registry_dagster.adopt.proposal import Proposal
from registry_dagster.adopt.todo import TODO
from registry_dagster.sources.cave_catalog.columns import CatalogMeaning

__all__ = ["Known", "with_known"]

_ORIGIN = "CAVE's catalogue"
_OF_ANNOTATIONS = ("annotation_id", "synapse_id", "nucleus_id")
_UNIT = ("unit", "resolution_nm")


@dataclass(frozen=True)
class Known:
    """What a catalogue says of one table.

    Args:
        columns: Column path → what it says of it.
        dataset: The name of its dataset, if it is known.
        table: The upstream table that it is a copy of.
        draft: Whether it is not final.
        remark: What else a person should know.
    """

    columns: Mapping[str, CatalogMeaning] = field(default_factory=dict[str, CatalogMeaning])
    dataset: str | None = None
    table: str | None = None
    draft: bool = False
    remark: str | None = None

    def lacks(self, paths: Sequence[str]) -> str | None:
        """Which columns it names that the table does not have, in words."""
        absent = [path for path in self.columns if path not in paths]
        return f"{_ORIGIN} names columns that it does not have: {', '.join(absent)}" if absent else None

    @property
    def references(self) -> list[dict[str, Any]]:
        """The joins that it names, as YAML has them; what it does not say is left to people."""
        return [
            {
                "columns": [path],
                "to_table": link.target_table,
                "to_columns": [link.target_column or "id"],
                **dict.fromkeys(("annotation_type", "cardinality", "stability"), TODO),
            }
            for path, said in self.columns.items()
            for link in said.joins
        ]


def with_known(columns: Sequence[DraftColumn], known: Known) -> list[DraftColumn]:
    """The columns of a draft with what is known of them."""
    return [_with(column, known.columns[column.path]) if column.path in known.columns else column for column in columns]


def _with(column: DraftColumn, said: CatalogMeaning) -> DraftColumn:
    meaning = _meaning(column.proposal.meaning, said)
    is_said = bool(said.meaning or said.id_table)
    if is_said and (problem := dtype_problem(meaning, column.type)):
        why = f"{meaning['semantic']} in {_ORIGIN}, but {problem}"
        return replace(column, proposal=Proposal({**column.proposal.meaning, **said.more}, why))
    if meaning == column.proposal.meaning and not said.more:
        return column
    is_named = column.proposal.meaning.get("semantic") == meaning["semantic"]
    why = f"{_ORIGIN}; {column.proposal.why}" if is_named else _ORIGIN
    return replace(column, proposal=Proposal({**meaning, **said.more}, why))


def _meaning(proposed: Mapping[str, Any], said: CatalogMeaning) -> dict[str, Any]:
    """What is said, with what is proposed where nothing is said of it."""
    if said.id_table:
        return _of_table(proposed, said.id_table)
    if not said.meaning:
        return dict(proposed)
    decided = {name: value for name, value in said.meaning.items() if value is not None}
    opened = dict.fromkeys(said.meaning, TODO)
    if proposed.get("semantic") != decided["semantic"]:
        return {**opened, **decided}
    # A unit and the size of its voxels are said together.
    kept = {name: value for name, value in proposed.items() if name not in _UNIT or name in opened}
    return {**opened, **kept, **decided}


def _of_table(proposed: Mapping[str, Any], table: str) -> dict[str, Any]:
    """An id of a table, of the kind that its name says."""
    if proposed.get("semantic") == "target_id":
        return {**proposed, "reference_table": table}
    if proposed.get("semantic") in _OF_ANNOTATIONS:
        return {**proposed, "source_table": table}
    return {"semantic": "annotation_id", "annotation_type": TODO, "source_table": table}

"""The model in plain words, the same wherever people read it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.model.column import Column
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import AnySignal

__all__ = [
    "attribute_words",
    "column_words",
    "first_rows",
    "markdown_table",
    "reference_words",
    "semantic_words",
    "signal_words",
    "table_row",
    "value_words",
]

_WORDED = ("semantic", "description", "copy_of")
"""What is said of a column in another form than `name value`."""


def attribute_words(attributes: Mapping[str, Any]) -> list[str]:
    """`name value` for each attribute of a model's JSON."""
    return [f"{name} {value_words(value)}" for name, value in attributes.items() if value is not True] + [
        name for name, value in attributes.items() if value is True
    ]


def column_words(column: Column) -> list[str]:
    """The semantic and its attributes: `["position", "axis x", "unit voxel", …]`."""
    return semantic_words(column.to_json())


def semantic_words(column: Mapping[str, Any]) -> list[str]:
    """As `column_words`, of a column's JSON."""
    attributes = {name: value for name, value in column.items() if name not in _WORDED}
    return [column["semantic"], *attribute_words(attributes), *_origin_words(column.get("copy_of"))]


def _origin_words(copied: Mapping[str, Any] | None) -> list[str]:
    return [f"copy of {copied['table']}.{copied['column']}"] if copied else []


def reference_words(reference: Reference) -> str:
    """The join in one sentence."""
    here = ", ".join(reference.columns)
    there = f" ({', '.join(reference.to_columns)})" if reference.to_columns else ""
    words = f"{here} → {reference.target}{there}: {', '.join(_reference_facts(reference))}"
    return f"{words}. {reference.description}" if reference.description else words


def _reference_facts(reference: Reference) -> Iterator[str]:
    if reference.target != reference.annotation_type:
        yield reference.annotation_type
    yield reference.cardinality
    yield reference.stability.replace("_", " ")
    if reference.optional:
        yield "optional"
    if reference.null_sentinel is not None:
        yield f"{reference.null_sentinel} means none"
    if reference.expected_match_rate is not None:
        yield f"{reference.expected_match_rate:.1%} of rows expected to match"
    if reference.crosswalk:
        yield f"through {reference.crosswalk}"


def signal_words(signal: AnySignal) -> str:
    """The signal in one line, its basis last."""
    attributes = signal.to_json()
    kind, basis = attributes.pop("signal"), attributes.pop("basis")
    description = attributes.pop("description", "")
    words = f"{kind.replace('_', ' ')}: {', '.join(attribute_words(attributes))} ({basis})"
    return f"{words}. {description}" if description else words


def markdown_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in markdown."""
    return "\n".join(table_row(*cells) for cells in (header, ["---"] * len(header), *rows))


def first_rows(header: Sequence[str], rows: Sequence[Sequence[str]], most: int) -> str:
    """A table in markdown with the first rows, and how many more there are."""
    table = markdown_table(header, rows[:most])
    return f"{table}\n\n… and {len(rows) - most} more" if len(rows) > most else table


def table_row(*cells: str) -> str:
    """One row of a markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def value_words(value: Any) -> str:
    """An attribute's value: `8 × 8 × 40`, `0 to 1`, `pre, post`, `minnie65_public@943`."""
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        items = cast("list[Any]", value)
        return _separator(items).join(value_words(item) for item in items)
    if is_json_object(value):
        return "@".join(value_words(item) for item in value.values())
    return str(value).lower() if isinstance(value, bool) else str(value)


def _separator(values: list[Any]) -> str:
    if any(isinstance(item, str) for item in values):
        return ", "
    return " to " if len(values) == 2 else " × "

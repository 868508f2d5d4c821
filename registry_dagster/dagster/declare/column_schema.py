"""Columns as Dagster shows them: description, type, and chips for what a column means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import dagster as dg

from registry_dagster.model.base import Model
from registry_dagster.model.column import Column
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.identifiers import Identifier
from registry_dagster.model.table import TableFacts, TableField
from registry_dagster.model.words import value_words

__all__ = ["declared_schema", "table_schema"]

_RESOLUTION = "resolution_nm"
_COPY = "copy_of"
_SHOWN_WHOLE = 46
"""So many characters of a chip are seen in the UI's list of columns; it cuts off the rest."""


def declared_schema(columns: Mapping[str, AnyColumn]) -> tuple[dict[str, AnyColumn], dg.TableSchema]:
    """The declared columns, before there is a table: types as the semantics expect them, few chips for each column.

    Equal columns are one object, here and in the schema: a code location has the columns of all its assets, and many
    are equal.

    Returns:
        The same columns, and the schema.
    """
    given = cast("Mapping[str, Any]", columns)  # Hashable, which a type checker does not see.
    shared = {path: _declared_column(path, column) for path, column in given.items()}
    schema = dg.TableSchema(columns=[shown for _, shown in shared.values()])
    return {path: column for path, (column, _) in shared.items()}, schema


def table_schema(columns: Mapping[str, AnyColumn], facts: TableFacts) -> dg.TableSchema:
    """The table's own schema with what is declared: a chip for each attribute of a column's meaning."""
    return dg.TableSchema(columns=[_table_column(field, columns.get(field.path)) for field in facts.fields])


def _table_column(field: TableField, column: Column | None) -> dg.TableColumn:
    return dg.TableColumn(
        name=field.path,
        type=field.type,
        description=column.description if column else None,
        constraints=dg.TableColumnConstraints(nullable=field.nullable),
        tags=_chips(column) if column else {},
    )


def _chips(column: Column) -> dict[str, str]:
    attributes = column.to_json()
    order = ["semantic", *(name for name, _ in _described_by(type(column))[1])]
    return {name: _chip(column, name, attributes[name]) for name in order if name in attributes}


def _chip(column: Column, name: str, value: object) -> str:
    return str(column.copy_of) if name == _COPY else value_words(value)


@lru_cache(maxsize=10_000)
def _declared_column(path: str, column: AnyColumn) -> tuple[AnyColumn, dg.TableColumn]:
    chips, long = _few_chips(column)
    words = [*([column.description] if column.description else []), *long]
    return column, dg.TableColumn(path, column.expected_type, " · ".join(words) or None, tags=chips)


def _few_chips(column: Column) -> tuple[dict[str, str], list[str]]:
    """One chip if the UI shows it whole, else some; and what is too long for any chip, for the description.

    Few, since a code location sends the columns of all its assets in one message.
    """
    semantic, attributes = _described_by(type(column))
    together: list[str] = []
    alone: dict[str, str] = {}
    long: list[str] = []
    for name, default in attributes:
        value = getattr(column, name)
        if value == default:
            continue
        words = _words(name, value)
        if _fits(semantic, ", ".join([*together, words])):
            together.append(words)
        elif _fits(name, _value(name, value)):
            alone[name] = _value(name, value)
        else:
            long.append(f"{name} {_value(name, value)}")
    return {semantic: ", ".join(together), **alone}, long


def _fits(name: str, words: str) -> bool:
    return len(name) + len(": ") + len(words) <= _SHOWN_WHOLE


@cache
def _described_by(kind: type[Column]) -> tuple[str, Sequence[tuple[str, object]]]:
    """The semantic's name, and its attributes with their defaults. What many semantics have comes last."""
    fields = kind.model_fields
    names = [name for name in fields if name not in ("semantic", "description")]
    names.sort(key=lambda name: name in Identifier.model_fields or name == _RESOLUTION)
    return fields["semantic"].default, [(name, fields[name].default) for name in names]


def _words(name: str, value: object) -> str:
    """A text or several numbers are clear alone (`minnie65`, `0 to 1`); a single number needs its name."""
    if value is True:
        return name
    words = _value(name, value)
    if name == _COPY:
        return f"copy of {words}"
    return words if isinstance(value, (str, Model, tuple)) else f"{name} {words}"


def _value(name: str, value: object) -> str:
    if isinstance(value, tuple):
        words = value_words(list(cast("tuple[object, ...]", value)))
        return f"{words} nm" if name == _RESOLUTION else words
    return str(value) if isinstance(value, (str, Model)) else value_words(value)

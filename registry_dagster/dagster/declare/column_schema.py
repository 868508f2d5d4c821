"""Columns as Dagster shows them: description, type, and chips for what a column means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from typing import Any, cast

import dagster as dg

from registry_dagster.model.base import Model
from registry_dagster.model.column import Column
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import Identifier
from registry_dagster.model.table import TableFacts, TableField
from registry_dagster.model.words import value_words

__all__ = ["declared_schema", "table_schema"]


def declared_schema(table: FeatureTable) -> dg.TableSchema:
    """The declared columns, before there is a table: types as the semantics expect them, one chip for each column."""
    columns = cast("Mapping[str, Any]", table.columns)
    return dg.TableSchema(columns=[_declared_column(path, column) for path, column in columns.items()])


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
    attributes.pop("description", None)
    return {name: value_words(value) for name, value in attributes.items()}


@lru_cache(maxsize=10_000)
def _declared_column(path: str, column: Column) -> dg.TableColumn:
    """One object for all equal columns: a code location has those of all its assets."""
    return dg.TableColumn(path, column.expected_type, column.description, tags=_one_chip(column))


def _one_chip(column: Column) -> dict[str, str]:
    """Short, since a code location sends the columns of all its assets in one message."""
    semantic, attributes = _described_by(type(column))
    given = [(name, value) for name, default in attributes if (value := getattr(column, name)) != default]
    return {semantic: ", ".join([_words(name, value) for name, value in given])}


@cache
def _described_by(kind: type[Column]) -> tuple[str, Sequence[tuple[str, object]]]:
    """The semantic's name, and its attributes with their defaults. What all identifiers have comes last."""
    fields = kind.model_fields
    names = [name for name in fields if name not in ("semantic", "description")]
    names.sort(key=Identifier.model_fields.__contains__)
    return fields["semantic"].default, [(name, fields[name].default) for name in names]


def _words(name: str, value: object) -> str:
    """A text or several numbers are clear alone (`minnie65`, `8 × 8 × 40`); a single number needs its name."""
    if isinstance(value, tuple):
        return value_words(list(cast("tuple[object, ...]", value)))
    if isinstance(value, (str, Model)):
        return str(value)
    return name if value is True else f"{name} {value_words(value)}"

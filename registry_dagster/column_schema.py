"""Columns as Dagster shows them: description, type, and a chip for each thing the column means."""

from __future__ import annotations

import dagster as dg

from registry_dagster.model.column import Column
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts
from registry_dagster.model.words import value_words

__all__ = ["declared_schema", "table_schema"]


def declared_schema(table: FeatureTable) -> dg.TableSchema:
    """What is declared, before there is a table: types as the semantics expect them."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(name=path, type=column.expected_type, description=column.description, tags=_chips(column))
            for path, column in table.columns.items()
        ]
    )


def table_schema(table: FeatureTable, facts: TableFacts) -> dg.TableSchema:
    """The table's own schema, with what is declared of it."""
    return dg.TableSchema(
        columns=[
            dg.TableColumn(
                name=field.path,
                type=field.type,
                description=column.description if (column := table.columns.get(field.path)) else None,
                constraints=dg.TableColumnConstraints(nullable=field.nullable),
                tags=_chips(column) if column else {},
            )
            for field in facts.fields
        ]
    )


def _chips(column: Column) -> dict[str, str]:
    attributes = column.to_json()
    attributes.pop("description", None)
    return {name: value_words(value) for name, value in attributes.items()}

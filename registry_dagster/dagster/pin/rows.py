"""The rows that people read first on a materialization."""

from __future__ import annotations

from typing import Any

import dagster as dg

from registry_dagster.dagster.declare.column_schema import table_schema
from registry_dagster.dagster.names import (
    COLUMN_SCHEMA,
    COLUMN_TYPES,
    ROW_COUNT,
    SIZE_BYTES,
    SUMMARY,
    TABLE_NAME,
    URI,
)
from registry_dagster.dagster.pin.physical_version import physical_version
from registry_dagster.errors import TableMismatch
from registry_dagster.model.batches import grouped
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.markdown import code, plain
from registry_dagster.model.spans import undeclared
from registry_dagster.model.table import TableFacts, TableField

__all__ = ["mismatch_of", "table_rows"]

_MOST_COLUMNS = 50


def mismatch_of(declared: FeatureTable, facts: TableFacts) -> TableMismatch | None:
    """Why a table does not fit its declaration; None if it does."""
    try:
        declared.check(facts)
    except TableMismatch as mismatch:
        return mismatch
    return None


def table_rows(declared: FeatureTable, facts: TableFacts, mismatch: TableMismatch | None) -> dict[str, Any]:
    """The table in the order in which people read about it: in words, its size, its place, its columns."""
    counts = {ROW_COUNT: facts.rows, SIZE_BYTES: facts.bytes}
    return {
        SUMMARY: _summary(declared, facts, mismatch),
        **{name: count for name, count in counts.items() if count is not None},
        URI: facts.location,
        TABLE_NAME: declared.dataset.name,
        **_columns(declared, facts, mismatch),
    }


def _summary(declared: FeatureTable, facts: TableFacts, mismatch: TableMismatch | None) -> str:
    against = ", ".join(map(str, declared.materializations))
    fit = "It fits its declaration." if mismatch is None else _misfit(mismatch)
    return (
        f"{declared.dataset.name}, made against {against}: {physical_version(facts)}. {fit} "
        "Materializing it did not publish it."
    )


def _misfit(mismatch: TableMismatch) -> str:
    first, *others = mismatch.problems
    more = f" (and {len(others)} more)" if others else ""
    return f"It does not fit its declaration, so publishing it would be refused: {first.rstrip('.')}{more}."


def _columns(declared: FeatureTable, facts: TableFacts, mismatch: TableMismatch | None) -> dict[str, Any]:
    """The columns of each type; or Dagster's column schema, where the one on the asset gives a false picture.

    A column schema takes 200 bytes a column in the event of every partition, so it is not written where the UI
    has the same columns from the asset, nor for a wide table.
    """
    is_as_declared = mismatch is None and not any(undeclared(declared.columns, [each.path for each in facts.fields]))
    if is_as_declared or len(facts.fields) > _MOST_COLUMNS:
        return {COLUMN_TYPES: dg.MetadataValue.md("  \n".join(_type_lines(facts)))}
    # The UI adds descriptions and chips from the asset, column by column.
    return {COLUMN_SCHEMA: table_schema({}, facts)}


def _type_lines(facts: TableFacts) -> list[str]:
    return [
        f"{code(kind)}: {', '.join(plain(each.path) for each in fields)}"
        for kind, fields in grouped(facts.fields, key=_kind).items()
    ]


def _kind(field: TableField) -> str:
    return field.type if field.nullable else f"{field.type} not null"

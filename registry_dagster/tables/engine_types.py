"""Arrow types that an engine cannot read from any format, or gives in another value."""

from __future__ import annotations

import re
from collections.abc import Mapping

from registry_dagster.model.table import TableFacts
from registry_dagster.tables.engines import Engine

__all__ = ["unread_column"]

_UNREAD: Mapping[Engine, re.Pattern[str]] = {
    "polars": re.compile(r"\b(decimal256|interval|(large_)?list_view|run_end_encoded|(dense|sparse)_union)\b"),
    # DuckDB cuts an interval to whole microseconds.
    "duckdb": re.compile(r"\b(float16|decimal256|interval|(dense|sparse)_union)\b"),
}


def unread_column(table: TableFacts, engine: Engine) -> str | None:
    """Which column keeps an engine from reading a table, and why; None if all can be read."""
    if (pattern := _UNREAD.get(engine)) is None:
        return None
    found = ((field.path, pattern.search(field.type)) for field in table.fields)
    reasons = (f"{engine} does not read column {path}, whose type has {type[0]} in it" for path, type in found if type)
    return next(reasons, None)

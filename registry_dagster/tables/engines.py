"""The engines that code is written for, and which of them read the tables of a format."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from registry_dagster.model.table import TableFacts

__all__ = ["ANY_SCHEME", "ENGINES", "Engine", "Readers"]

Engine = Literal["polars", "duckdb", "pyarrow", "pandas", "spark", "ray", "lance"]
ENGINES: tuple[Engine, ...] = get_args(Engine)

ANY_SCHEME = "*"
"""Among an engine's schemes: every one, because it reads through fsspec."""


def _nothing(table: TableFacts, engine: Engine) -> str | None:
    """For formats whose tables are all read by the same engines."""


@dataclass(frozen=True)
class Readers:
    """Which engines read the tables of a format.

    Args:
        schemes: Engine → the URI schemes it reads besides those of disks and object stores. Other engines do not
            read such tables.
        spark_package: What Spark needs for the format; None if nothing.
        why_not: Engine → why no code is given for it, where the reason is not simply that it does not read them.
        refuses: Why an engine does not read this one table; None if it does.
    """

    schemes: Mapping[Engine, Collection[str]]
    spark_package: str | None = None
    why_not: Mapping[Engine, str] | None = None
    refuses: Callable[[TableFacts, Engine], str | None] = _nothing

"""The options that say where a table is and how to look at it, shared by the commands that inspect one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from registry_dagster.cli.given import options_for
from registry_dagster.cli.options import storage_options, table_format
from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFacts

__all__ = [
    "Counts",
    "HowToRead",
    "PhysicalVersion",
    "Schema",
    "TableLocation",
    "TableOptions",
    "inspected",
    "schema_of",
]

TableLocation = Annotated[str, typer.Argument(metavar="TABLE", help="Where the table is: a path or a URI.")]
PhysicalVersion = Annotated[
    str | None, typer.Option("--version", help="The table's physical version; default: the newest.")
]
Counts = Annotated[
    bool,
    typer.Option(
        "--counts",
        help="Count rows even if that reads the metadata of every file (Delta, Parquet, Feather), or the file (CSV).",
    ),
]
Schema = Annotated[
    list[str] | None,
    typer.Option("--schema", metavar="NAME=TYPE", help="A column's Arrow type (csv, opaque); repeatable, in order."),
]
HowToRead = Annotated[str | None, typer.Option("--how-to-read", help="How people read it (opaque).")]


class TableOptions(NamedTuple):
    """How a table is inspected, as the options say it."""

    format: str | None = None
    version: str | None = None
    storage_option: Sequence[str] | None = None
    counts: bool = False
    schema: Sequence[str] | None = None
    how_to_read: str | None = None


def inspected(table: str, options: TableOptions) -> TableFacts:
    """The facts of the table.

    Raises:
        RegistryError: an option is wrong, or the table cannot be inspected.
    """
    from registry_dagster.tables import inspect_table

    return inspect_table(
        table,
        format=table_format(options.format),
        version=options.version,
        storage_options=options_for(table, storage_options(options.storage_option)),
        counts=options.counts,
        schema=schema_of(options.schema),
        how_to_read=options.how_to_read,
    )


def schema_of(given: Sequence[str] | None) -> dict[str, str] | None:
    """NAME=TYPE texts as the types of columns, in their order.

    Raises:
        RegistryError: a text is not NAME=TYPE, or a column is given twice.
    """
    pairs = [(text.partition("=")[0], text.partition("=")[2]) for text in given or ()]
    schema = dict(pairs)
    if not all(map(all, pairs)) or len(schema) < len(pairs):
        raise RegistryError("--schema must be NAME=TYPE, once for each column, e.g. --schema root_id=uint64")
    return schema or None

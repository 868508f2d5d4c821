"""The command that shows a table as the registry sees it: inspect."""

from __future__ import annotations

from typing import Any

import typer

from registry_dagster.cli.listing import Listing
from registry_dagster.cli.options import AsJson, FormatName, StorageOption
from registry_dagster.cli.output import facts as show_facts
from registry_dagster.cli.output import line, output, show
from registry_dagster.cli.table_options import (
    Counts,
    HowToRead,
    PhysicalVersion,
    Schema,
    TableLocation,
    TableOptions,
    inspected,
)
from registry_dagster.model.table import TableFacts, TableField

__all__ = ["commands", "inspect"]

commands = typer.Typer()

_FIELDS: Listing[TableField] = Listing(
    {
        "column": lambda field: field.path,
        "type": lambda field: field.type,
        "nullable": lambda field: "yes" if field.nullable else "no",
    },
    shown=("column", "type", "nullable"),
)
_COUNTS = ("rows", "bytes", "files")


@commands.command()
def inspect(
    location: TableLocation,
    format: FormatName = None,
    version: PhysicalVersion = None,
    storage_option: StorageOption = None,
    counts: Counts = False,
    schema: Schema = None,
    how_to_read: HowToRead = None,
    as_json: AsJson = False,
) -> None:
    """Show what a table's own metadata says: format, exact version, columns, sizes. Its data is not read."""
    found = inspected(location, TableOptions(format, version, storage_option, counts, schema, how_to_read))
    show(as_json, _json(found), lambda: _print(found))


def _json(found: TableFacts) -> dict[str, Any]:
    """The facts, with a size that is unknown as null: a program need not know which may be left out."""
    return {**found.to_json(), **{name: getattr(found, name) for name in _COUNTS}}


def _print(found: TableFacts) -> None:
    pin = {name.replace("_", " "): str(value) for name, value in found.pin.to_json().items() if name != "format"}
    sizes = {name: "unknown" if (size := getattr(found, name)) is None else size for name in _COUNTS}
    show_facts(
        {"location": found.location, "format": found.format, **pin, **sizes, "partitioned by": found.partition_columns}
    )
    if output.is_terminal:
        output.print()
        return _FIELDS.show(found.fields)
    for field in found.fields:
        line("column", *(value(field) for value in _FIELDS.values.values()))

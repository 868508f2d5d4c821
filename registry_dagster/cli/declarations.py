"""Declarations as commands take them: files, folders and standard input, and the options that are about one table."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from registry_dagster.adopt.declaration_file import DeclaredTable, ReadFile, TableSource, read_file
from registry_dagster.adopt.order import Attempt
from registry_dagster.adopt.publishing import declaration_files
from registry_dagster.cli.options import table_format
from registry_dagster.cli.table_options import TableOptions, schema_of
from registry_dagster.errors import RegistryError
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.layout import Layout

__all__ = ["Declarations", "OneTable", "TableOption", "declared_files", "labelled", "one_table"]

Declarations = Annotated[
    list[str],
    typer.Argument(
        metavar="DECLARATION",
        help="Files with declarations, YAML or JSON; folders of YAML files; - for standard input.",
        show_default=False,
    ),
]
TableOption = Annotated[
    str | None,
    typer.Option("--table", help="Where the table is, a path or a URI, if its declaration does not say so."),
]
_STANDARD_INPUT = "-"


class OneTable(NamedTuple):
    """What options say about the one table of a command.

    Args:
        table, options: Where it is, and how it is inspected.
        layout, inputs, label, draft: What the options add to its declaration.
    """

    table: str | None
    options: TableOptions
    layout: str | None = None
    inputs: Sequence[str] = ()
    label: str | None = None
    draft: bool = False

    @property
    def given(self) -> list[str]:
        """The options that were given and are about one table, by name. A label may be that of several datasets."""
        values = {
            "table": self.table,
            "format": self.options.format,
            "version": self.options.version,
            "schema": self.options.schema,
            "how-to-read": self.options.how_to_read,
            "layout": self.layout,
            "input": self.inputs,
            "draft": self.draft,
        }
        return [f"--{name}" for name, value in values.items() if value]


def declared_files(words: Sequence[str]) -> list[Path | ReadFile]:
    """The files that words on the command line mean, in their order; standard input is read."""
    found: list[Path | ReadFile] = []
    for word in words:
        found += [read_file(sys.stdin.read())] if word == _STANDARD_INPUT else declaration_files([Path(word)])
    return found


def one_table(files: Sequence[Path | ReadFile], given: OneTable) -> ReadFile | None:
    """The file of a command for one table, with what the options add to it; None if there are several tables.

    Raises:
        RegistryError: options are given that are about one table, and there are several.
    """
    read = _only_file(files)
    if read is None or len(read.tables) != 1:
        if given.given:
            raise RegistryError(
                f"{', '.join(given.given)}: for one table, and there are several; say it in their declarations"
            )
        return None
    return replace(read, tables=(_with_options(read, given),))


def labelled(attempts: Sequence[Attempt], label: str | None) -> list[Attempt]:
    """The tables, under a label that an option gives to all of them."""
    return [Attempt(each.file, replace(each.table, label=label or each.table.label)) for each in attempts]


def _only_file(files: Sequence[Path | ReadFile]) -> ReadFile | None:
    if len(files) != 1:
        return None
    return read_file(files[0]) if isinstance(files[0], Path) else files[0]


def _with_options(file: ReadFile, given: OneTable) -> DeclaredTable:
    (table,) = file.tables
    return DeclaredTable(
        _declared(table.declared, given),
        _source(file, table.source, given),
        given.label or table.label,
        given.draft or table.draft,
    )


def _source(file: ReadFile, source: TableSource | None, given: OneTable) -> TableSource:
    """Where the table is, and how it is inspected.

    Raises:
        RegistryError: nothing says where it is, or both the file and an option do.
    """
    if (given.table is None) == (source is None):
        says = "says where its table is; leave --table out"
        lacks = "does not say where its table is; use --table LOCATION, or write table: LOCATION into it"
        raise RegistryError(f"{file.name} {says if source else lacks}")
    options = given.options
    more: dict[str, Any] = {
        "location": given.table,
        "format": table_format(options.format),
        "version": options.version,
        "types": schema_of(options.schema),
        "how_to_read": options.how_to_read,
    }
    return TableSource(**{**(dict(source) if source else {}), **{name: value for name, value in more.items() if value}})


def _declared(declared: FeatureTable, given: OneTable) -> FeatureTable:
    """The declaration, with what the options add to it."""
    more: dict[str, Any] = {}
    if given.inputs:
        more["inputs"] = tuple(dict.fromkeys([*declared.inputs, *given.inputs]))
    if given.layout is not None and (declared.layout is None or declared.layout.name != given.layout):
        more["layout"] = Layout(name=given.layout)
    return FeatureTable(**{**dict(declared), **more}) if more else declared

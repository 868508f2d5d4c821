"""What commands print: plain JSON for programs, tables for people."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from registry_dagster.errors import RegistryError

__all__ = ["add_row", "error_console", "explain", "fit", "note", "output", "progress", "say", "show", "table"]

# Colours are left out by themselves where the output is no terminal, or NO_COLOR is set.
output = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

_UNFOLDED = 10_000


def fit() -> None:
    """Fold nothing where the output is no terminal and nobody says how wide it is."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        output.width = int(columns)
    elif not sys.stdout.isatty():
        output.width = _UNFOLDED


def show(as_json: bool, data: Any, pretty: Callable[[], None]) -> None:
    """The data as JSON when that is asked for, else what people read."""
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        pretty()


def say(text: object) -> None:
    """Plain text: what people wrote is not markup."""
    output.print(str(text), markup=False)


def note(text: str) -> None:
    """A remark, beside what a program reads."""
    error_console.print(Text.assemble(("note ", "yellow"), text))


def explain(error: Exception) -> None:
    """An error in one message; one that should not happen says how to report it."""
    error_console.print(Text.assemble(("error ", "bold red"), f"{type(error).__name__}: {error}"))
    if not isinstance(error, RegistryError):
        error_console.print(
            "This is a mistake in the program. feature-registry --debug COMMAND shows where; please report it."
        )


@contextmanager
def progress(what: str, total: int) -> Generator[Callable[[int], None], None, None]:
    """A bar on the terminal, if there is one, moved on by calling with how many more are done."""
    from rich.progress import Progress

    with Progress(console=error_console, transient=True, disable=not error_console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


def table(*names: str) -> Table:
    """A table whose long cells go on in the next line."""
    return Table(*(Column(name, overflow="fold") for name in names))


def add_row(target: Table, cells: Iterable[object]) -> None:
    """A row of plain text; nothing for what is None."""
    target.add_row(*(Text("" if cell is None else str(cell)) for cell in cells))

"""What commands print: plain JSON for programs, tables for people."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from registry_dagster.errors import RegistryError
from registry_dagster.registry.registry import Registry

__all__ = [
    "Done",
    "VisibleFormatter",
    "add_row",
    "error_console",
    "explain",
    "facts",
    "fit",
    "json_text",
    "note",
    "output",
    "progress",
    "say",
    "show",
    "show_traceback",
    "table",
    "visible",
    "wrote",
]

# rich leaves colours out by itself if the output is not a terminal, or if NO_COLOR is set.
output = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)

_UNFOLDED = 10_000
_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, reorders what is read, or cannot be written. Others' text may hold it."""


def visible(text: object) -> str:
    """A text for a terminal: what would steer it is shown as an escape, such as \\x1b."""
    return _UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))


def json_text(data: Any, indent: int | None = None) -> str:
    """The data as JSON that is also safe on a terminal."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class VisibleFormatter(logging.Formatter):
    """Log messages may repeat others' text too."""

    def format(self, record: logging.LogRecord) -> str:
        """The message as `visible` shows it."""
        return visible(super().format(record))


def fit() -> None:
    """Use the width in COLUMNS; without one, do not fold lines unless the output is a terminal."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal():
        output.width = int(columns)
    elif not sys.stdout.isatty():
        output.width = _UNFOLDED


class Done:
    """What the command did so far, should its output be lost."""

    recorded = False


def show(as_json: bool, data: Any, pretty: Callable[[], None], *, recorded: bool = False) -> None:
    """Print the data as JSON if asked to, else what people read.

    Args:
        as_json: Whether it is asked for.
        data: The data.
        pretty: Prints it for people.
        recorded: Whether it reports what is in the registry now, because the command wrote it.
    """
    Done.recorded = recorded
    if as_json:
        typer.echo(json_text(data, indent=2))
    else:
        pretty()


def say(text: object) -> None:
    """Print plain text: brackets in what people wrote are not markup."""
    output.print(visible(text), markup=False)


def wrote(what: str, registry: Registry) -> str:
    """What was written, and in which registry."""
    return f"{what}\nin {registry.target}" + ("" if registry.env == "PROD" else f" ({registry.env})")


def facts(rows: Mapping[str, str | None]) -> None:
    """Print names and values side by side, without those that have no value."""
    about = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))
    for name, value in rows.items():
        if value:
            about.add_row(Text(name, style="dim"), Text(visible(value)))
    output.print(about)


def note(text: str) -> None:
    """Print a remark to stderr, apart from what a program reads."""
    error_console.print(Text.assemble(("note ", "yellow"), visible(text)))


def explain(error: Exception) -> None:
    """Print an error to stderr in one message; for an unexpected one also how to report it."""
    error_console.print(Text.assemble(("error ", "bold red"), visible(f"{type(error).__name__}: {error}")))
    if not isinstance(error, RegistryError):
        error_console.print(
            "This is a bug. Run feature-registry --debug COMMAND to see where it is, and please report it."
        )


def show_traceback(error: Exception) -> None:
    """Print where an error arose to stderr."""
    error_console.print(visible("".join(traceback.format_exception(error))), markup=False)


@contextmanager
def progress(what: str, total: int) -> Generator[Callable[[int], None], None, None]:
    """A progress bar, if there is a terminal. Call what it yields with how many more are done."""
    from rich.progress import Progress

    with Progress(console=error_console, transient=True, disable=not error_console.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)


def table(*names: str) -> Table:
    """A table whose long cells continue on the next line."""
    return Table(*(Column(name, overflow="fold") for name in names))


def add_row(target: Table, cells: Iterable[object]) -> None:
    """Add a row of plain text; None is an empty cell."""
    target.add_row(*(Text("" if cell is None else visible(cell)) for cell in cells))

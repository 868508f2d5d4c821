"""The program: its own options, its exit codes, and how it reports errors."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Annotated

import typer

from registry_dagster.cli.output import explain, fit
from registry_dagster.errors import RegistryUnavailable, SourceUnavailable, TableUnreachable

__all__ = ["UNREACHABLE", "app", "main"]

_FAILED = 1
UNREACHABLE = 3

app = typer.Typer(
    help="Publish and read connectomics feature tables.",
    epilog="Exit codes: 0 success; 1 refused, failed or not as published; 2 wrong usage; 3 the registry, a table's "
    "store or an upstream system cannot be reached: try again later.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


class _Program:
    debug = False


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    show_version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Publish and read connectomics feature tables."""
    _Program.debug = debug
    fit()
    if show_version:
        typer.echo(version("registry-dagster"))
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())
    else:
        return
    raise typer.Exit


def main() -> None:
    """Run the command line. `feature-registry --help` explains the exit codes."""
    try:
        app()
    except Exception as error:
        if _Program.debug:
            raise
        explain(error)
        sys.exit(_exit_code(error))


def _exit_code(error: Exception) -> int:
    return UNREACHABLE if isinstance(error, RegistryUnavailable | SourceUnavailable | TableUnreachable) else _FAILED

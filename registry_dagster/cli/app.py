"""The program: its own options, its exit codes, and how it reports errors."""

from __future__ import annotations

import logging
import sys
from typing import Annotated, Any, cast

import typer
from typer.core import TyperGroup

from registry_dagster import __version__
from registry_dagster.cli.commands import INTERRUPTED, Commands
from registry_dagster.cli.groups import ELSEWHERE, EXAMPLES, GROUPS, group_of
from registry_dagster.cli.run import Done, Given
from registry_dagster.cli.streams import VisibleFormatter, keep_writable
from registry_dagster.errors import RegistryUnavailable, SourceUnavailable, TableUnreachable

__all__ = ["EXPIRES", "FAILED", "UNREACHABLE", "app", "is_unreachable", "run"]

FAILED = 1
_RECORDED = ". What the command recorded is in the registry"
UNREACHABLE = 3
EXPIRES = 4

_WRITES = {"publish", "push", "materializations"}
_ACTS = {
    *("retire", "undo", "label", "layout", "promote", "license", "licence", "citation", "doi"),
    *("describe", "relocate", "also-at"),
}


class _Group(TyperGroup):
    """The commands, in the groups and with the examples of `groups`."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands = cast("Any", Commands())

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of the commands, group by group."""
        known = [name for names in GROUPS.values() for name in names]
        return sorted(super().list_commands(ctx), key=lambda name: known.index(name) if name in known else len(known))

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command, with its heading and examples."""
        command: Any = super().get_command(ctx, cmd_name)
        if command is not None:
            command.rich_help_panel = group_of(cmd_name)
            command.epilog = _examples(cmd_name)
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is typed; for a word that is known from elsewhere, what to type here."""
        if args[0] in ELSEWHERE:
            ctx.fail(f"There is no command '{args[0]}': {ELSEWHERE[args[0]]}.")
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run a command; if it is interrupted, say whether to run it again."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _note(f"interrupted. {_again(Given.command)}")
            raise typer.Exit(INTERRUPTED) from None


def _examples(command: str) -> str | None:
    lines = [f"feature-registry {words}" for words in EXAMPLES.get(command, ())]
    return "\n\n".join(["Examples:", *lines]) if lines else None


def _again(command: str | None) -> str:
    """Whether a command that was interrupted may be run again."""
    if command in _WRITES:
        return "Running the same command again is safe: it finds what was written, and writes the rest"
    if command in _ACTS:
        return "Run feature-registry show NAME --history to see if it was recorded; if not, run the command again"
    return "Nothing was written to the registry; running the command again is safe"


app = typer.Typer(
    cls=_Group,
    help="Publish and read connectomics feature tables.",
    epilog="Exit codes: 0 success; 1 refused, failed, not as published or not as locked; 2 wrong usage; 3 the "
    "registry, a table's store or an upstream system cannot be reached: try again later; 4 something expires "
    "(expiring --exit-code); 130 interrupted.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)


def _print_version(asked: bool) -> None:
    """Print the version before other options are read: Typer loads Pydantic to read them."""
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def options(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    registry: Annotated[str | None, typer.Option(help="Where the registry is kept, for any command.")] = None,
    version: Annotated[
        bool, typer.Option("--version", "-V", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Publish and read connectomics feature tables."""
    del version
    Given.debug, Given.command, Given.registry = debug, context.invoked_subcommand, registry
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit


def run() -> None:
    """Run the command that was typed, and end with its exit code."""
    stdout = keep_writable()
    if logging.lastResort:
        logging.lastResort.setFormatter(VisibleFormatter())
    code = _exit_code()
    sys.stdout.flush()
    sys.exit(code or _lost_output(stdout.lost))


def _lost_output(why: str | None) -> int:
    """The exit code of a command that did its work, whose output may be lost: 0 if the registry has what it wrote."""
    if why is None:
        return 0
    _note(f"the output could not be written: {why}{_RECORDED if Done.recorded else ''}")
    return 0 if Done.recorded else FAILED


def _exit_code() -> int:
    """Run the command. Gives its exit code."""
    try:
        app()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        _explain(error)
        return UNREACHABLE if is_unreachable(error) else FAILED
    return 0


# What prints in colours is loaded when there is something to say.
def _note(text: str) -> None:
    from registry_dagster.cli.output import note

    note(text)


def _explain(error: Exception) -> None:
    from registry_dagster.cli.output import explain, show_traceback

    (show_traceback if Given.debug else explain)(error)


def is_unreachable(error: Exception) -> bool:
    """Whether trying again later may help."""
    return isinstance(error, RegistryUnavailable | SourceUnavailable | TableUnreachable)

"""The command that checks published versions: verify."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from registry_dagster.cli.app import UNREACHABLE
from registry_dagster.cli.given import options_by_location
from registry_dagster.cli.options import AsJson, Env, StorageOption, Target, opened, storage_options
from registry_dagster.cli.output import errors, json_text, output, report, show
from registry_dagster.cli.results import sum_rows
from registry_dagster.cli.run import Done
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.registry.settings import TABLES_AT_ONCE
from registry_dagster.registry.verifier import Verification
from registry_dagster.tables.verdict import Evidence

__all__ = ["commands", "verify"]

commands = typer.Typer()


@commands.command()
def verify(
    name: Annotated[str | None, typer.Argument(help="dataset@vN; with --all, a dataset.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Verify all versions, or all of a dataset.")] = False,
    record: Annotated[bool, typer.Option("--record", help="Only check the record against its digest.")] = False,
    table: Annotated[bool, typer.Option("--table", help="Only check that the table is as it was.")] = False,
    at_once: Annotated[
        int, typer.Option(min=1, help="With --all: how many tables to look at at once.")
    ] = TABLES_AT_ONCE,
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Check that the record is as it was published, and that the pinned table is still there as it was.

    Exit codes: 1 if a record was changed, or if a table is changed or missing and its version is not retired;
    3 if a table's store could not be reached. --all --json prints one object per line.
    """
    options = options_by_location(storage_options(storage_option))
    with opened(registry, env) as opened_registry:
        if every:
            datasets = [name] if name else []
            found = opened_registry.verify_all(
                *datasets, record=record, table=table, storage_options=options, at_once=at_once
            )
            states = _print_all(found, as_json)
        elif name:
            one = opened_registry.verify(name, record=record, table=table, storage_options=options)
            show(as_json, one.to_dict(), lambda: _print_one(one, one.table.evidence if one.table else ()))
            states = _counted([one])
        else:
            raise InvalidDeclaration("pass a version, e.g. feature-registry verify dataset@vN, or pass --all")
    if states["damaged"]:
        raise typer.Exit(1)
    if states["unreachable"]:
        raise typer.Exit(UNREACHABLE)


def _counted(found: Iterable[Verification]) -> Counter[str]:
    """How many versions are in each state, and how many are damaged."""
    states: Counter[str] = Counter()
    for each in found:
        states.update([each.state, *(["damaged"] if each.damaged else [])])
    return states


def _print_all(found: Iterator[Verification], as_json: bool) -> Counter[str]:
    """Print one line of JSON each; or, for people, those that are not intact and how many are in each state."""
    states: Counter[str] = Counter()
    with _counting(as_json) as show_count:
        for each in found:
            states += _counted([each])
            if as_json:
                typer.echo(json_text(each.to_dict()))
            elif each.state != "intact":
                _print_one(each)
            show_count(_sum(states))
    if not as_json:
        report(_sum(states), sum_rows(_by_state(states)))
    return states


@contextmanager
def _counting(as_json: bool) -> Generator[Callable[[str], None], None, None]:
    """Shows progress in the last line of the terminal, below what is printed."""
    Done.shown = True
    screen = output if output.is_terminal else errors
    if not screen.is_terminal or (as_json and screen is output):
        yield lambda text: None
        return
    with screen.moving().status("verifying") as status:
        yield lambda text: status.update(f"verifying: {text}")


def _by_state(states: Counter[str]) -> dict[str, int]:
    return {state: count for state, count in states.items() if state != "damaged"}


def _sum(states: Counter[str]) -> str:
    kinds = _by_state(states)
    parts = ", ".join(f"{count:,} {state}" for state, count in sorted(kinds.items()))
    count = sum(kinds.values())
    return f"{count:,} version{'s' if count > 1 else ''}: {parts}" if count else "no version is published"


def _print_one(found: Verification, evidence: Iterable[Evidence] = ()) -> None:
    words = "\n".join([str(found), *(f"  checked {each}" for each in evidence)])
    rows = [(found.state, found.version, each) for each in found.findings]
    report(words, [*rows, *(("checked", found.version, each) for each in evidence)])

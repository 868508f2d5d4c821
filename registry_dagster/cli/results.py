"""What became of many tables, as commands print it: a line for each that is not as it was, and the sums."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import typer

from registry_dagster.adopt.publishing import Result
from registry_dagster.cli.app import FAILED, UNREACHABLE, is_unreachable
from registry_dagster.cli.output import note, say
from registry_dagster.errors import RegistryError
from registry_dagster.registry.plan import Plan, Receipt

__all__ = ["print_results", "results_json", "unless_refused"]


def results_json(results: Sequence[Result]) -> list[dict[str, object]]:
    """The results as JSON, one object for each."""
    return [_json(result) for result in results]


def print_results(results: Sequence[Result]) -> None:
    """Print what changed, and how many tables were published, unchanged and refused."""
    for result in results:
        if result.word not in ("unchanged", "refused"):
            say(f"{result.word} {_version(result)}  {result.location}")
        for text in _notes(result):
            note(f"{_version(result)}: {text}")
    for result in results:
        if isinstance(result.outcome, RegistryError):
            say(f"refused {_where(result)}\n  {type(result.outcome).__name__}: {result.outcome}")
    counted = Counter(result.word for result in results)
    say(", ".join(f"{number:,} {word}" for word, number in sorted(counted.items())) or "no table")


def unless_refused(results: Sequence[Result]) -> None:
    """End the command if something was refused: with 3 if trying again later may help with all of it, else with 1."""
    errors = [result.outcome for result in results if isinstance(result.outcome, RegistryError)]
    if errors:
        raise typer.Exit(UNREACHABLE if all(map(is_unreachable, errors)) else FAILED)


def _json(result: Result) -> dict[str, object]:
    about: dict[str, object] = {"file": result.file, "table": result.location, "result": result.word}
    if isinstance(result.outcome, RegistryError):
        return about | {"error": f"{type(result.outcome).__name__}: {result.outcome}"}
    return about | {"version": _version(result), "notes": _notes(result)}


def _version(result: Result) -> str | None:
    return None if isinstance(result.outcome, RegistryError) else result.outcome.version


def _notes(result: Result) -> list[str]:
    match result.outcome:
        case Receipt(notes=notes) | Plan(warnings=notes):
            return list(notes)
        case _:
            return []


def _where(result: Result) -> str:
    return f"{result.file}: {result.location}" if result.location else result.file

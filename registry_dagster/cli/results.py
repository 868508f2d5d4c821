"""What became of many tables, as commands print it: a line for each that is not as it was, and the sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

import typer

from registry_dagster.adopt.publishing import Result
from registry_dagster.cli.app import FAILED, UNREACHABLE, is_unreachable
from registry_dagster.cli.output import line, note, report
from registry_dagster.errors import RegistryError
from registry_dagster.registry.plan import Plan, Receipt

__all__ = [
    "counting",
    "print_refused",
    "print_results",
    "print_sums",
    "results_json",
    "sum_rows",
    "unless_refused",
]

T = TypeVar("T")


def results_json(results: Sequence[Result]) -> list[dict[str, object]]:
    """The results as JSON, one object for each."""
    return [_json(result) for result in results]


def print_results(results: Sequence[Result]) -> None:
    """Print what changed, and how many tables were published, unchanged and refused."""
    # Refusals come last, where people look.
    for result in sorted(results, key=lambda result: result.word == "refused"):
        _print_result(result)
    _print_notes(results)
    print_sums(result.word for result in results)


def print_sums(words: Iterable[str], more: str = "") -> None:
    """Print how often there is each word: `200 published, 3 refused`; on a terminal with more behind it."""
    counts = Counter(words)
    said = ", ".join(f"{number:,} {word}" for word, number in sorted(counts.items())) or "no table"
    report(f"{said}{more}", sum_rows(counts))


def sum_rows(counts: Mapping[str, int]) -> list[tuple[str, str, int]]:
    """The same as programs read it."""
    return [("sum", word, number) for word, number in sorted(counts.items())]


def print_refused(error: RegistryError, *where: str | None) -> None:
    """Print what was refused, and why."""
    places = list(filter(None, where))
    said = f"{type(error).__name__}: {error}"
    report(f"refused {': '.join(places)}\n  {said}", [("refused", *where, said)])


def counting(items: Iterable[T], advance: Callable[[int], None]) -> Iterator[T]:
    """The items as they come, each counted by a progress bar."""
    for item in items:
        advance(1)
        yield item


def _print_result(result: Result) -> None:
    if isinstance(result.outcome, RegistryError):
        print_refused(result.outcome, result.file, result.location)
    elif result.word != "unchanged":
        line(result.word, _version(result), result.location)


def _print_notes(results: Sequence[Result]) -> None:
    """Print each note once: most are about what many tables share."""
    about: defaultdict[str, list[str | None]] = defaultdict(list)
    for result in results:
        for text in _notes(result):
            about[text].append(_version(result))
    for text, versions in about.items():
        more = f" and {len(versions) - 1:,} more" if len(versions) > 1 else ""
        note(f"{versions[0]}{more}: {text}")


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

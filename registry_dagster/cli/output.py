"""What commands print: text for people, tab-separated lines where nobody looks, JSON for programs."""

from __future__ import annotations

import json
import textwrap
import traceback
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from enum import Enum
from typing import Any, cast

import typer

from registry_dagster.cli.run import Done
from registry_dagster.cli.screen import Screen
from registry_dagster.errors import RegistryError
from registry_dagster.model.visible import UNSEEN, visible
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.cells import value_text

__all__ = [
    "errors",
    "explain",
    "facts",
    "folded_text",
    "json_text",
    "line",
    "note",
    "output",
    "place",
    "plain",
    "pretty",
    "progress",
    "report",
    "say",
    "show",
    "show_traceback",
    "show_written",
    "visible",
]

output = Screen(1)
errors = Screen(2)

_NARROWEST = 20
_HANGING = 2


def json_text(data: Any, indent: int | None = None) -> str:
    """The data as JSON that is also safe on a terminal."""
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def show(as_json: bool, data: Any, pretty: Callable[[], None], *, recorded: bool = False) -> None:
    """Print the data as JSON if asked to, else what people read.

    Args:
        as_json: Whether it is asked for.
        data: The data.
        pretty: Prints it for people.
        recorded: Whether it reports what is in the registry now, because the command wrote it.
    """
    Done.recorded, Done.shown = recorded, True
    if as_json:
        typer.echo(json_text(data, indent=2))
    else:
        pretty()


def say(text: object) -> None:
    """Print a text. On a terminal its lines break between words."""
    output.print(_fitting(visible(text), output))


def report(text: object, rows: Iterable[Sequence[object]]) -> None:
    """Print the same in two forms: a text for people; where nobody looks, a line for each thing, its cells by tabs."""
    if output.is_terminal:
        return say(text)
    for row in rows:
        line(*row)


def show_written(as_json: bool, data: Any, text: object, rows: Iterable[Sequence[object]], registry: Registry) -> None:
    """Print what was written, in one of the forms of `report` or as JSON, and in which registry."""
    where = place(registry.target) + ("" if registry.env == "PROD" else f" ({registry.env})")
    show(as_json, data, lambda: report(f"{text}\nin {where}", [*rows, ("in", where)]), recorded=True)


def place(target: str) -> str:
    """Where a registry is kept. If a file that was found says so, so does this: nobody typed it."""
    return f"{target}, set in {Done.project}" if Done.project else target


def plain(value: object) -> str:
    """A value as programs read it, in one cell of a line: moments in ISO 8601, numbers without separators."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
        case Enum():
            return str(value.value)
        case dict():
            return json_text(value)
        case tuple() | list():
            return ", ".join(map(plain, cast("Iterable[object]", value)))
        case _:
            return " ".join(visible(value).split())


def pretty(value: object) -> str:
    """A value as people read it on a terminal."""
    return visible(value_text(value))


def line(*cells: object, width: int = 0) -> None:
    """Print cells in one line: the first of them padded on a terminal, else separated by tabs."""
    if output.is_terminal:
        first, *rest = map(visible, cells)
        say("  ".join([first.ljust(width), *rest]))
    else:
        typer.echo("	".join(map(plain, cells)))


def facts(rows: Mapping[str, object]) -> None:
    """Print names and values, without those that have no value. Each line of a text is a fact of its own."""
    found = [(name, part) for name, value in rows.items() for part in _parts(value)]
    if not output.is_terminal:
        for name, part in found:
            line(name, part)
        return
    width = max((len(name) for name, _ in found), default=0)
    for name, part in found:
        first, *rest = folded_text(pretty(part), max(_NARROWEST, output.width - width - 2))
        output.print(f"{output.styled(name.ljust(width), dim=True)}  {first}")
        for more in rest:
            output.print(" " * (width + 2) + more)


def _parts(value: object) -> list[object]:
    if isinstance(value, str):
        return [text for text in value.splitlines() if text.strip()]
    return [] if value is None or value == () else [value]


def _fitting(text: str, screen: Screen, taken: int = 0) -> str:
    """A text whose lines fit a terminal, of whose first line some characters are taken; unchanged elsewhere."""
    if not screen.is_terminal:
        return text
    first, *rest = f"{' ' * taken}{text}".split("\n")
    lines = _folded(first, screen.width, 0 if taken else _HANGING)
    return "\n".join([*lines, *(part for each in rest for part in _folded(each, screen.width, _HANGING))])[taken:]


def _folded(text: str, width: int, hanging: int) -> list[str]:
    """A line in lines that fit: what continues it is indented below it."""
    indent = len(text) - len(text.lstrip())
    if len(text) <= width:
        return [text]
    return textwrap.wrap(
        text.lstrip(),
        max(width, _NARROWEST),
        initial_indent=" " * indent,
        subsequent_indent=" " * (indent + hanging),
        break_long_words=False,
        break_on_hyphens=False,
    )


def folded_text(text: str, width: int) -> list[str]:
    """A text in lines that break between words only: what is longer, such as a location, stays whole."""
    return textwrap.wrap(text, max(width, 1), break_long_words=False, break_on_hyphens=False) or [""]


def note(text: str) -> None:
    """Print a remark to stderr, apart from what a program reads."""
    _remark("note ", text, fg="yellow")


def explain(error: Exception) -> None:
    """Print an error to stderr in one message; for an unexpected one also how to report it."""
    _remark("error ", f"{type(error).__name__}: {error}", fg="red", bold=True)
    if not isinstance(error, RegistryError):
        errors.print("This is a bug. Run feature-registry --debug COMMAND to see where it is, and please report it.")


def _remark(word: str, text: str, **style: Any) -> None:
    errors.print(errors.styled(word, **style) + _fitting(visible(text), errors, len(word)))


def show_traceback(error: Exception) -> None:
    """Print where an error arose to stderr."""
    errors.print(visible("".join(traceback.format_exception(error))))


@contextmanager
def progress(what: str, total: int) -> Generator[Callable[[int], None], None, None]:
    """A progress bar, if there is a terminal. Call what it yields with how many more are done."""
    Done.shown = True
    if not errors.is_terminal:
        yield lambda more: None
        return
    from rich.progress import Progress

    with Progress(console=errors.moving(), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda more: bar.advance(task, more)

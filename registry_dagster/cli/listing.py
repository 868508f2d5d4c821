"""Lists: aligned columns on a terminal; elsewhere one row a line, its cells separated by tabs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Generic, NamedTuple, TypeVar

import typer

from registry_dagster.cli.output import folded_text, note, output, plain, pretty
from registry_dagster.errors import RegistryError
from registry_dagster.model.text import suggestion

__all__ = ["HEADINGS", "Heading", "Listing"]

R = TypeVar("R")

_GAP = 2
_NARROWEST = 16
_LONGEST_WORD = 40


class Heading(NamedTuple):
    """How a column is shown on a terminal.

    Args:
        rank: Of the columns that do not fit, that with the highest rank is left out first; one with 0 never is.
        wraps: Whether its texts continue on the next line. Names do not: they are copied.
        if_any: Whether it is shown only where a row has something in it.
    """

    rank: int
    wraps: bool = False
    if_any: bool = False


HEADINGS: Mapping[str, Heading] = {
    "dataset": Heading(0),
    "version": Heading(0),
    "column": Heading(0),
    "setting": Heading(0),
    "current": Heading(1),
    "value": Heading(0),
    "from": Heading(0, wraps=True),
    "label": Heading(3, if_any=True),
    "layout": Heading(2, if_any=True),
    "title": Heading(5, wraps=True),
    "made against": Heading(2, wraps=True),
    "source": Heading(4),
    "timestamp": Heading(3),
    "lifecycle": Heading(1),
    "expires": Heading(1, if_any=True),
    "also known as": Heading(6, wraps=True, if_any=True),
    "type": Heading(2),
    "nullable": Heading(2),
    "meaning": Heading(1, wraps=True),
    "format": Heading(6),
    "rows": Heading(7),
    "published": Heading(4),
    "publisher": Heading(8),
    "why": Heading(7, wraps=True),
    "how": Heading(1, wraps=True),
    "location": Heading(9),
    "owners": Heading(7, wraps=True),
    "tags": Heading(9, wraps=True, if_any=True),
    "description": Heading(8, wraps=True, if_any=True),
    "state": Heading(1, wraps=True, if_any=True),
    "passed over": Heading(2, wraps=True, if_any=True),
}
"""Every column that a command lists: in the order in which it is shown, with the one name that it has everywhere."""


@dataclass(frozen=True)
class Listing(Generic[R]):
    """The columns in which things of one kind are listed.

    Args:
        values: Heading → what a thing has there. The first is its name.
        shown: The headings that are shown if none are asked for.
    """

    values: Mapping[str, Callable[[R], object]]
    shown: Sequence[str]

    @property
    def headings(self) -> list[str]:
        """The headings that there are, in the order of all lists."""
        return [heading for heading in HEADINGS if heading in self.values]

    def show(self, rows: Sequence[R], columns: str | None = None, *, quiet: bool = False) -> None:
        """Print the rows.

        Args:
            rows: Things of the kind.
            columns: The headings to show, separated by commas.
            quiet: Whether to print names only.

        Raises:
            RegistryError: there is no such column.
        """
        headings = self._chosen(columns)
        if quiet:
            _print_lines([[self._name(row)] for row in rows])
        elif not output.is_terminal:
            _print_lines([[plain(self.values[heading](row)) for heading in headings] for row in rows])
        elif rows:
            cells = [[pretty(self.values[heading](row)) for heading in headings] for row in rows]
            _print_table(headings, cells, all_of_them=columns is not None)

    def _name(self, row: R) -> str:
        return plain(next(iter(self.values.values()))(row))

    def _chosen(self, columns: str | None) -> list[str]:
        if columns is None:
            return [heading for heading in self.headings if heading in self.shown]
        if columns == "all":
            return self.headings
        names = [" ".join(name.replace("_", " ").replace("-", " ").split()).lower() for name in columns.split(",")]
        for name in names:
            if name not in self.values:
                raise RegistryError(
                    f"--columns: no column {name!r}{suggestion(name, self.headings)} Use some of "
                    f"{', '.join(self.headings)}"
                )
        return names


def _print_lines(lines: Iterable[Sequence[str]]) -> None:
    for cells in lines:
        typer.echo("\t".join(cells))


def _print_table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, all_of_them: bool) -> None:
    places = [place for place, name in enumerate(headings) if all_of_them or _has_something(name, place, rows)]
    kept = places if all_of_them else _fitting(headings, rows, places)
    cells = [[row[place] for place in kept] for row in rows]
    if len(kept) == 1:
        _print_lines(cells)
    else:
        _print_aligned([headings[place] for place in kept], cells)
    if left_out := [headings[place] for place in places if place not in kept]:
        note(f"the terminal is too narrow for {', '.join(left_out)}; --columns chooses, --json prints all")


def _has_something(heading: str, place: int, rows: Sequence[Sequence[str]]) -> bool:
    return not HEADINGS[heading].if_any or any(row[place] for row in rows)


def _fitting(headings: Sequence[str], rows: Sequence[Sequence[str]], places: Sequence[int]) -> list[int]:
    """The columns that fit beside each other."""
    needed = {place: _needed(headings[place], [row[place] for row in rows]) for place in places}
    kept = list(places)
    while sum(needed[place] + _GAP for place in kept) - _GAP > output.width:
        last = max(kept, key=lambda place: (HEADINGS[headings[place]].rank, place))
        if HEADINGS[headings[last]].rank == 0:
            break
        kept.remove(last)
    return kept


def _needed(heading: str, cells: Sequence[str]) -> int:
    """The width below which a column breaks a name or a word."""
    longest = max(len(text) for text in (heading, *cells))
    if not HEADINGS[heading].wraps:
        return longest
    word = max(len(word) for text in (heading, *cells) for word in text.split() or [""])
    return max(min(longest, _NARROWEST), min(word, _LONGEST_WORD))


def _print_aligned(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = _widths(headings, rows)
    output.print(output.styled(_aligned(headings, widths), bold=True))
    for row in rows:
        folded = [folded_text(text, width) for text, width in zip(row, widths, strict=True)]
        for cells in zip_longest(*folded, fillvalue=""):
            output.print(_aligned(cells, widths))


def _aligned(cells: Iterable[str], widths: Sequence[int]) -> str:
    return (" " * _GAP).join(text.ljust(width) for text, width in zip(cells, widths, strict=True)).rstrip()


def _widths(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[int]:
    """What each column needs, and of what is left as much as its texts fill, from left to right."""
    columns = [(heading, *(row[place] for row in rows)) for place, heading in enumerate(headings)]
    widths = [_needed(heading, cells) for heading, *cells in columns]
    left = output.width - sum(widths) - _GAP * (len(widths) - 1)
    for place, column in enumerate(columns):
        more = max(0, min(left, max(map(len, column)) - widths[place]))
        widths[place] += more
        left -= more
    return widths

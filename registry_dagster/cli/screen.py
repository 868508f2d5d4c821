"""Standard output and standard error: whether people look at them, how wide they are, and text in a style."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Screen"]

_WIDTH = 80


class Screen:
    """One of both streams.

    Attributes:
        forced: Whether it is taken for a terminal, whatever it is.
        columns: How wide it is taken to be.
    """

    forced: bool | None = None
    columns: int | None = None

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    @property
    def is_terminal(self) -> bool:
        """Whether people look at it. FORCE_COLOR says so of a pipe that ends on a terminal."""
        if self.forced is not None:
            return self.forced
        asked = os.environ.get("FORCE_COLOR")
        return self._stream.isatty() if asked is None else asked != ""

    @property
    def width(self) -> int:
        """How many characters fit a line."""
        if self.columns is not None:
            return self.columns
        asked = os.environ.get("COLUMNS", "")
        if asked.isdigit():
            return int(asked)
        try:
            return os.get_terminal_size(self._descriptor).columns or _WIDTH
        except OSError:
            return _WIDTH

    def print(self, text: str = "") -> None:
        """Print lines."""
        typer.echo(text, self._stream, color=self._has_colours)

    def styled(self, text: str, **style: Any) -> str:
        """A text in one of `typer.style`'s styles, where there are colours."""
        return typer.style(text, **style) if self._has_colours else text

    def moving(self) -> Console:
        """What draws bars and spinners on it."""
        from rich.console import Console

        return Console(stderr=self._descriptor == 2, highlight=False, soft_wrap=True, force_terminal=self.is_terminal)

    @property
    def _stream(self) -> TextIO:
        """As it is now: a progress bar takes it over, and prints above itself what is written to it."""
        return sys.stderr if self._descriptor == 2 else sys.stdout

    @property
    def _has_colours(self) -> bool:
        plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") in ("dumb", "unknown")
        return self.is_terminal and not plain

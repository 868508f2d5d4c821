"""How tables lie in a bucket or folder: `{system}/v{version}/{table}/{layout}`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion

__all__ = ["CAVE_PATTERN", "Matched", "Pattern"]

CAVE_PATTERN = "{system}/v{version}/{table}/{layout}"
"""Where CAVE exports tables to, below a bucket."""

_NAMES = ("system", "version", "table", "layout")
_FIELD = re.compile(r"\{(\w*)\}|(\*)")
_ENDING = re.compile(r"\.(parquet|parq|pq|feather|arrow|ipc|csv|csv\.gz)$", re.IGNORECASE)


class Matched(NamedTuple):
    """What the path of a table says. None for what the pattern does not name."""

    table: str
    system: str | None = None
    version: str | None = None
    layout: str | None = None


class Pattern:
    """A pattern of paths, one name or glob for each level.

    Args:
        text: Levels with `/` between them; `{system}`, `{version}`, `{table}`, `{layout}` and `*` for anything.

    Raises:
        InvalidDeclaration: it does not name the table, or has another name in braces.
    """

    def __init__(self, text: str) -> None:
        self.text = text.strip("/")
        _refuse_wrong_names(text, [found[1] for found in _FIELD.finditer(self.text) if not found[2]])
        self._levels = self.text.split("/")
        self._expression = re.compile("/".join(map(_expression, self._levels)))
        # A directory that is named by its layout holds a table; a file there is a part of something.
        self._takes_files = "{table}" in self._levels[-1] or "." in self._levels[-1]
        self._keeps_endings = "." in self._levels[-1]

    @property
    def depth(self) -> int:
        """How many levels it has."""
        return len(self._levels)

    def match(self, parts: Sequence[str], *, is_file: bool) -> Matched | None:
        """What a path says, if it fits.

        Args:
            parts: The names along it.
            is_file: Whether it is that of a file; then its ending is not part of a name.
        """
        if len(parts) != self.depth or (is_file and not self._takes_files):
            return None
        path = "/".join(parts)
        if is_file and not self._keeps_endings:
            path = _ENDING.sub("", path)
        found = self._expression.fullmatch(path)
        return Matched(**found.groupdict()) if found else None


def _refuse_wrong_names(text: str, names: Sequence[str]) -> None:
    if unknown := [name for name in names if name not in _NAMES]:
        raise InvalidDeclaration(f"layout {text!r}: {{{unknown[0]}}} is unknown{suggestion(unknown[0], _NAMES)}")
    if "table" not in names or len(set(names)) != len(names):
        raise InvalidDeclaration(f"layout {text!r}: write {{table}}, and each name once, e.g. {CAVE_PATTERN}")


def _expression(level: str) -> str:
    """One level as a regular expression."""
    pieces: list[str] = []
    end = 0
    for found in _FIELD.finditer(level):
        pieces.append(re.escape(level[end : found.start()]))
        pieces.append(f"(?P<{found[1]}>[^/]+?)" if found[1] else "[^/]*")
        end = found.end()
    return "".join([*pieces, re.escape(level[end:])])

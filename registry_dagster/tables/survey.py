"""Which of the places in a listing are tables, by the marks of the formats. One pass; no file is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from registry_dagster.tables.detect import is_visible, table_above
from registry_dagster.tables.formats import FORMATS, Format

__all__ = ["Place", "file_format", "is_header"]

_HEADER = "_header.csv"


@dataclass
class Place:
    """What a listing shows of a place where a table may be: a file, or all that is below a directory.

    Args:
        is_file: Whether it is a file.
        formats: The formats whose marks it has, strong ones apart from weak ones.
        inside: A table of another place that is below it.
    """

    is_file: bool = False
    strong: set[str] = field(default_factory=set[str])
    weak: set[str] = field(default_factory=set[str])
    inside: str | None = None

    def add(self, path: str) -> None:
        """Take note of a file, by its path below the place; empty for the place itself."""
        if not path:
            self.is_file = True
            return
        above = table_above(f"/{path}")
        if above is None:
            self.weak.update(_weak_formats(path))
        elif above[0]:
            self.inside = above[0].lstrip("/")
        else:
            self.strong.update(_strong_formats(path))

    @property
    def format(self) -> str | None:
        """The one format whose marks a directory has; None for a file, or if there are several or none."""
        found = self.strong or self.weak
        return next(iter(found)) if len(found) == 1 else None

    def problem(self) -> str | None:
        """Why it is not one table; None if it is one."""
        if self.is_file:
            return None
        found = self.strong or self.weak
        if self.inside and not self.strong:
            return f"a table is deeper in it, at {self.inside}"
        if len(found) > 1:
            return f"it could be {' or '.join(sorted(found))}"
        return None if found else "it holds no table"


def file_format(name: str) -> str | None:
    """The format that a file of this name is a table of; None if it is none, or describes another file."""
    lower = name.lower()
    if is_header(name) or not is_visible(name):
        return None
    return next((format.name for format in FORMATS.values() if _is_named(lower, format)), None)


def is_header(name: str) -> bool:
    """Whether a file of this name holds the names and types of the columns of a CSV file, as CAVE writes them."""
    return name.lower().endswith(_HEADER)


def _is_named(name: str, format: Format) -> bool:
    marks = format.marks
    # A metadata file is the table that it is in, not one of its own.
    return not marks.directory and _fits(name, (*marks.itself, *marks.files))


def _weak_formats(path: str) -> Iterator[str]:
    weak = (format for format in FORMATS.values() if format.marks.is_weak)
    return (format.name for format in weak if is_visible(path) and _fits(path.lower(), format.marks.files))


def _strong_formats(path: str) -> Iterator[str]:
    marked = (format for format in FORMATS.values() if path.startswith(format.marks.prefix or "/"))
    return (format.name for format in marked if _fits(path.removeprefix(format.marks.prefix), format.marks.files))


def _fits(name: str, globs: Iterable[str]) -> bool:
    return any(fnmatchcase(name, glob) for glob in globs)

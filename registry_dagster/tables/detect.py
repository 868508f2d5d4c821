"""Which format a table has, from what is stored at its location."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import islice

from registry_dagster.errors import UnknownFormat
from registry_dagster.tables.formats import FORMATS, Format, Marks
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["detect_format", "first_entries", "is_visible", "table_above"]

_SHOWN = 5


def detect_format(storage: Storage) -> Format:
    """The one format that fits what is stored there, by the marks in `FORMATS`.

    Raises:
        UnknownFormat: no format fits, or several do.
    """
    if storage.is_object():
        return _format_of_file(storage)
    # Delta, Iceberg and Lance tables keep data files in formats of their own, such as Parquet, whose weak marks
    # count only where no other mark is found.
    for weak in (False, True):
        marks = {name: each.marks for name, each in FORMATS.items() if (not each.marks.directory) == weak}
        found = {name: mark for name, each in marks.items() if (mark := _mark_in(storage, each))}
        if len(found) == 1:
            return FORMATS[next(iter(found))]
        if found:
            raise UnknownFormat(
                f"{storage.location} holds {' and '.join(found.values())}, so it could be {' or '.join(found)}. "
                "Say which with format=."
            )
    raise UnknownFormat(
        f"{storage.location} holds no table: nothing in it is named like {', '.join(_first_marks())}. "
        f"It holds {first_entries(storage)}. Give the table's own location."
    )


def table_above(path: str) -> tuple[str, str] | None:
    """The directory of a table that a file marks as one, and the directory with the mark; None for any other file."""
    for format in FORMATS.values():
        marks = format.marks
        table, mark, name = path.partition(f"/{marks.directory}/")
        if marks.directory and mark and _glob_of(name, marks):
            return table, marks.directory
    return None


def is_visible(path: str) -> bool:
    """Whether no name on a path is hidden.

    Names that start with `.` or `_` are hidden, except partitions such as `_day=1`, which is Spark's rule too.
    """
    directory, _, name = path.rpartition("/")
    return not _is_hidden(name) and not _is_below_hidden(directory)


def first_entries(storage: Storage) -> str:
    """The first few names stored at a location, for messages."""
    names: dict[str, None] = {}
    for stored in islice(storage.list(), 1000):
        directory, slash, _ = stored.path.partition("/")
        names[directory + slash] = None
    if not names:
        return "nothing"
    more = " and more" if len(names) > _SHOWN else ""
    return ", ".join(list(names)[:_SHOWN]) + more


def _format_of_file(storage: Storage) -> Format:
    name = storage.location.rpartition("/")[2]
    for format in FORMATS.values():
        if any(fnmatchcase(name, glob) for glob in format.marks.itself):
            return format
    head = storage.read("", 0, 4)
    for format in FORMATS.values():
        if head.startswith(format.marks.magic):
            return format
    what = "an empty file" if not head else f"a file that starts with {head!r}"
    raise UnknownFormat(
        f"{storage.location} is {what}. A table in one file is {' or '.join(_single_files())}; other tables are "
        "directories. Give the table's own location."
    )


def _single_files() -> Iterator[str]:
    for name, format in FORMATS.items():
        signs = [*format.marks.itself[:1], *(magic.decode() for magic in format.marks.magic[:1])]
        if signs:
            yield f"{name} ({' or '.join(signs)})"


def _first_marks() -> Iterator[str]:
    for format in FORMATS.values():
        yield from (_shown(format.marks, glob) for glob in format.marks.files[:1])


def _mark_in(storage: Storage, marks: Marks) -> str | None:
    """The mark that is stored there; the listing is left at the first."""
    prefix = f"{marks.directory}/" if marks.directory else ""
    for stored in storage.list(prefix):
        if glob := _glob_of(stored.path.removeprefix(prefix), marks):
            return _shown(marks, glob)
    return None


def _glob_of(path: str, marks: Marks) -> str | None:
    """The glob that a path below the directory of marks fits."""
    if not marks.directory:
        path = path.lower() if is_visible(path) else ""
    return next((glob for glob in marks.files if fnmatchcase(path, glob)), None)


def _shown(marks: Marks, glob: str) -> str:
    return f"{marks.directory}/{glob}" if marks.directory else glob


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


@lru_cache(maxsize=16)
def _is_below_hidden(directory: str) -> bool:
    """Kept for the next file, since a listing goes directory by directory."""
    return any(_is_hidden(name) for name in directory.split("/"))

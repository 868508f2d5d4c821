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
    found = _marks_in(storage, weak=False) or _marks_in(storage, weak=True)
    if not found:
        raise UnknownFormat(
            f"{storage.location} holds no table: nothing in it is named like {', '.join(_first_marks())}. "
            f"It holds {first_entries(storage)}. Give the table's own location."
        )
    if len(found) > 1:
        raise UnknownFormat(
            f"{storage.location} holds {' and '.join(found.values())}, so it could be {' or '.join(found)}. "
            "Say which with format=."
        )
    return FORMATS[next(iter(found))]


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
    names = dict.fromkeys("".join(stored.path.partition("/")[:2]) for stored in islice(storage.list(), 1000))
    more = " and more" if len(names) > _SHOWN else ""
    return (", ".join(list(names)[:_SHOWN]) or "nothing") + more


def _format_of_file(storage: Storage) -> Format:
    if named := _format_named(storage.location.rpartition("/")[2]):
        return named
    head = storage.read("", 0, 8)
    if begun := _format_begun(head):
        return begun
    what = "an empty file" if not head else f"a file that starts with {head[:4]!r}"
    raise UnknownFormat(
        f"{storage.location} is {what}. A table in one file is {' or '.join(_single_files())}; other tables are "
        "directories. Give the table's own location."
    )


def _format_named(name: str) -> Format | None:
    globs = ((glob, format) for format in FORMATS.values() for glob in format.marks.itself)
    return next((format for glob, format in globs if fnmatchcase(name, glob)), None)


def _format_begun(head: bytes) -> Format | None:
    return next((format for format in FORMATS.values() if head.startswith(format.marks.magic)), None)


def _single_files() -> Iterator[str]:
    for name, format in FORMATS.items():
        signs = [*format.marks.itself[:1], *(magic.decode() for magic in format.marks.magic[:1])]
        if signs:
            yield f"{name} ({' or '.join(signs)})"


def _first_marks() -> Iterator[str]:
    for format in FORMATS.values():
        yield from (format.marks.prefix + glob for glob in format.marks.files[:1])


def _marks_in(storage: Storage, *, weak: bool) -> dict[str, str]:
    """Format → its mark that is stored there, among the weak marks or among the others."""
    marks = {name: format.marks for name, format in FORMATS.items() if format.marks.is_weak == weak}
    return {name: mark for name, each in marks.items() if (mark := _mark_in(storage, each))}


def _mark_in(storage: Storage, marks: Marks) -> str | None:
    """The mark that is stored there; the listing is left at the first."""
    if not marks.files:
        # Known by the file alone. A directory without such a mark would be listed to its end for nothing.
        return None
    paths = (stored.path.removeprefix(marks.prefix) for stored in storage.list(marks.prefix))
    return next((marks.prefix + glob for path in paths if (glob := _glob_of(path, marks))), None)


def _glob_of(path: str, marks: Marks) -> str | None:
    """The glob that a path below the directory of marks fits."""
    if marks.is_weak:
        path = path.lower() if is_visible(path) else ""
    return next((glob for glob in marks.files if fnmatchcase(path, glob)), None)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


@lru_cache(maxsize=16)
def _is_below_hidden(directory: str) -> bool:
    """Kept for the next file, since a listing goes directory by directory."""
    return any(_is_hidden(name) for name in directory.split("/"))

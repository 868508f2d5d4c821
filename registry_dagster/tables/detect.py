"""Which format a table has, from what is stored at its location."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import islice

from registry_dagster.errors import UnknownFormat
from registry_dagster.model.table import TableFormat
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["detect_format", "first_entries", "is_data_file", "is_iceberg_metadata", "is_parquet"]

_SHOWN = 5


def detect_format(storage: Storage) -> TableFormat:
    """The one format that fits what is stored there.

    Delta is told by its `_delta_log`, Iceberg by a metadata file, Lance by its `_versions`, Parquet by
    the magic bytes of a file or, where none of the others is, by `.parquet` files in a directory.

    Raises:
        UnknownFormat: no format fits, or several do.
    """
    if storage.is_object():
        return _file_format(storage)
    found = _marks(storage)
    if len(found) > 1:
        raise UnknownFormat(
            f"{storage.location} holds {' and '.join(found.values())}, so it could be {' or '.join(found)}. "
            "Say which with format=."
        )
    if found:
        return next(iter(found))
    if any(is_data_file(stored.path) for stored in storage.list()):
        return "parquet"
    raise UnknownFormat(
        f"{storage.location} holds no table: no _delta_log, no Iceberg metadata/*.metadata.json, no Lance "
        f"_versions, no .parquet file. It holds {first_entries(storage)}. Give the table's own location."
    )


def is_data_file(path: str) -> bool:
    """Whether a path is a Parquet data file: the extension fits, and no name on it is hidden.

    Names that start with `.` or `_` are hidden, except partitions such as `_day=1`, as Spark has it.
    """
    directory, _, name = path.rpartition("/")
    return name.lower().endswith(".parquet") and not _is_hidden(name) and not _is_below_hidden(directory)


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or (name.startswith("_") and "=" not in name)


@lru_cache(maxsize=16)
def _is_below_hidden(directory: str) -> bool:
    """Kept for the next file, since a listing goes directory by directory."""
    return any(_is_hidden(name) for name in directory.split("/"))


def is_parquet(head: bytes) -> bool:
    """Whether a file's first bytes are Parquet's magic, with a plain or an encrypted footer."""
    return head[:4] in {b"PAR1", b"PARE"}


def is_iceberg_metadata(name: str) -> bool:
    """Whether a file is named as an Iceberg table's metadata."""
    return name.endswith((".metadata.json", ".metadata.json.gz"))


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


def _file_format(storage: Storage) -> TableFormat:
    if is_iceberg_metadata(storage.location):
        return "iceberg"
    head = storage.read("", 0, 4)
    if is_parquet(head):
        return "parquet"
    what = "an empty file" if not head else f"a file that starts with {head!r}"
    raise UnknownFormat(
        f"{storage.location} is {what}: neither Parquet (PAR1) nor an Iceberg *.metadata.json. "
        "Delta, Iceberg and Lance tables are directories; give the directory."
    )


def _marks(storage: Storage) -> dict[TableFormat, str]:
    marks: dict[TableFormat, str] = {}
    if _any(storage, "_delta_log/", _is_log_file):
        marks["delta"] = "_delta_log/"
    if _any(storage, "metadata/", lambda stored: is_iceberg_metadata(stored.path)):
        marks["iceberg"] = "metadata/*.metadata.json"
    if _any(storage, "_versions/", lambda stored: stored.path.endswith(".manifest")):
        marks["lance"] = "_versions/"
    return marks


def _any(storage: Storage, prefix: str, test: Callable[[StoredObject], bool]) -> bool:
    return any(test(stored) for stored in storage.list(prefix))


def _is_log_file(stored: StoredObject) -> bool:
    return stored.path.endswith((".json", ".checkpoint.parquet", "/_last_checkpoint"))

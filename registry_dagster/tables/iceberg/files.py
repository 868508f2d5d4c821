"""The metadata files of an Iceberg table without a catalog: which is current, and which is the newest."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.tables.iceberg.metadata import MOST_BYTES, Metadata, is_metadata_file
from registry_dagster.tables.storage.locations import below
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["current_metadata", "newest_metadata", "read_metadata"]

_HINT = "metadata/version-hint.text"
_MOST_HINT_BYTES = 1024
_MOST_AFTER_HINT = 1000
_NUMBER = re.compile(r"[0-9]{1,18}")
_NAME = re.compile(r"[\w-][\w.-]{0,250}", re.ASCII)
"""No slash: what a hint names is in the table's own directory."""


def current_metadata(storage: Storage) -> StoredObject:
    """The metadata file that is current in a table's directory.

    `version-hint.text` says which it is. Without it there must be only one: the highest of several may be from a
    commit that never succeeded.

    Raises:
        TableNotFound: there is none, or the hint points nowhere.
        TableError: there are several and no hint.
    """
    hint = _hint(storage)
    return _only(storage) if hint is None else _newest_after(storage, hint, _hinted(storage, hint))


def read_metadata(storage: Storage, stored: StoredObject) -> Metadata:
    """What a metadata file says.

    Raises:
        UnsupportedTable: it is damaged, or too long.
    """
    where = below(storage.location, stored.path)
    if stored.size > MOST_BYTES:
        raise UnsupportedTable(f"{where} is too long for Iceberg metadata: {stored.size:,} bytes. Expire snapshots.")
    return Metadata.parse(storage.read(stored.path, 0, stored.size), where)


def _newest_after(storage: Storage, hint: str, found: StoredObject) -> StoredObject:
    """The last of the metadata files that are numbered on from the hinted one.

    Writers commit a file and then the hint, which may fail; readers go on to the next number while there is one.
    """
    if not _NUMBER.fullmatch(hint):
        return found
    for number in range(int(hint) + 1, int(hint) + _MOST_AFTER_HINT):
        if (later := _numbered(storage, number)) is None:
            break
        found = later
    return found


def _numbered(storage: Storage, number: int) -> StoredObject | None:
    """The metadata file of a number, in one listing whatever its spelling."""
    named = (each for each in storage.list(f"metadata/v{number}.") if is_metadata_file(each.path))
    return next(named, None)


def _hinted(storage: Storage, hint: str) -> StoredObject:
    if not _NAME.fullmatch(hint):
        raise TableNotFound(f"{storage.location}/{_HINT} says {hint[:100]!r}, which is neither a number nor a name.")
    names = _spellings(hint)
    for name in names:
        with suppress(TableNotFound):
            return storage.head(f"metadata/{name}")
    raise TableNotFound(f"{storage.location}/{_HINT} says {hint[:100]!r}, but there is no metadata/{names[0]}.")


def _only(storage: Storage) -> StoredObject:
    found = [stored for stored in storage.list("metadata/") if is_metadata_file(stored.path)]
    if len(found) == 1:
        return found[0]
    if not found:
        raise TableNotFound(f"{storage.location} has no Iceberg metadata: no metadata/*.metadata.json in it.")
    raise TableError(
        f"{storage.location} has {len(found)} metadata files and no version-hint.text, so it is not known which is "
        "current: the newest may be from a commit that failed. Give the table by its catalog "
        f"(iceberg://CATALOG/namespace.table), or name the file, e.g. {storage.location}/{found[-1].path}."
    )


def newest_metadata(storage: Storage) -> StoredObject | None:
    """The newest metadata file in a directory of them; None if there is none.

    It may be of a commit that failed, so it does not show which snapshot is current; but it lists those that the
    table had by then.
    """
    found = [each for each in storage.list() if is_metadata_file(each.path)]
    return max(found, key=_age, default=None)


def _hint(storage: Storage) -> str | None:
    try:
        return storage.read(_HINT, 0, _MOST_HINT_BYTES).decode("utf-8", "replace").strip()
    except TableNotFound:
        return None


def _spellings(hint: str) -> list[str]:
    """The names that a hint may mean: it is a number, or a file's name with or without its extension.

    Hadoop's tables write the number of `v12.metadata.json`; a compressed file is spelled in either of two ways.
    """
    stem = f"v{hint}" if hint.isdecimal() else hint
    if is_metadata_file(stem):
        return [stem]
    return [f"{stem}.metadata.json", f"{stem}.gz.metadata.json", f"{stem}.metadata.json.gz"]


def _age(stored: StoredObject) -> tuple[datetime, int]:
    """Some stores keep whole seconds; files are numbered, as in `00012-….metadata.json` and `v12.metadata.json`."""
    number = re.match(r"v?(\d{1,18})", stored.path)
    return stored.modified, int(number[1]) if number else 0

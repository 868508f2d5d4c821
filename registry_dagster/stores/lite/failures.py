"""What SQLite's errors mean for the person who reads or publishes."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable

__all__ = ["as_registry_error"]

_NO_RIGHT = ("readonly database", "unable to open database", "permission denied")
_MADE_BY_SQLITE = ("-wal", "-shm", "-journal")


def as_registry_error(error: sqlite3.DatabaseError | PermissionError, path: Path) -> RegistryError:
    """An error of SQLite as ours: which may pass, which stays until somebody gives a right, and which is the file's."""
    target, text = f"lite://{path}", str(error)
    if isinstance(error, PermissionError) or any(words in text for words in _NO_RIGHT):
        return AccessDenied(f"{target}: {text}. Nothing was written; {_what_is_missing(path)}")
    if not isinstance(error, sqlite3.OperationalError):
        return RegistryError(f"{target}: {text}. Use a DataHub Lite SQLite file or a new path")
    return RegistryUnavailable(
        f"{target}: {text}. This step wrote nothing; check that the disk has room and that no other program locks the "
        "file, then run it again"
    )


def _what_is_missing(path: Path) -> str:
    missing = list(_closed_to_us(path))
    if missing:
        return f"you may not use {', '.join(missing)}. Ask the owner, or use an account that may"
    return "check that you may write the file and its folder, and read what SQLite keeps beside it (-wal, -shm)"


def _closed_to_us(path: Path) -> Iterator[str]:
    """The files, or the folder, that this user may not read and write, each with its owner and mode."""
    file = path.resolve()
    for each in (file, *(Path(f"{file}{suffix}") for suffix in _MADE_BY_SQLITE), file.parent):
        if os.path.exists(each) and not os.access(each, os.R_OK | os.W_OK):
            yield f"{each} ({_owner(each)}, mode {each.stat().st_mode & 0o777:04o})"


def _owner(path: Path) -> str:
    try:
        return f"of {path.owner()}"
    except (KeyError, OSError, NotImplementedError):
        return "of an unknown user"

"""A copy of the embedded store's file that is whole, made while others read and write."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from registry_dagster.errors import RegistryError
from registry_dagster.stores.lite.file import LiteFile

__all__ = ["BackUp", "back_up"]


class BackUp(NamedTuple):
    """A copy that was read back.

    Attributes:
        path: Where it is.
        size: Bytes.
        entities: How many entities it holds.
    """

    path: Path
    size: int
    entities: int


def back_up(file: LiteFile, to: Path) -> BackUp:
    """Copy a store's file with SQLite's own backup, and check the copy.

    Args:
        file: The store's file.
        to: A path where nothing is yet.

    Raises:
        RegistryError: something lies there, there is no registry to copy, or the copy does not read back.
    """
    if to.exists():
        raise RegistryError(f"{to} exists already, and a backup replaces nothing; name another file")
    # The copy gets its name when it is whole, so that a name is never half a backup.
    partial = to.with_name(f".{to.name}.{os.getpid()}.partial")
    try:
        entities = file.read(lambda connection: _copy(connection, partial), None)
        if entities is None:
            raise RegistryError(f"{file.target} does not exist or holds nothing, so there is nothing to back up")
        os.link(partial, to)
    except FileExistsError:
        raise RegistryError(f"{to} was made by somebody else just now; name another file") from None
    except OSError as error:
        raise RegistryError(f"{to} cannot be written: {error.strerror}; name a file in a folder that can") from error
    finally:
        partial.unlink(missing_ok=True)
    return BackUp(to, to.stat().st_size, entities)


def _copy(source: sqlite3.Connection, to: Path) -> int:
    """Copy all pages in one go, and count the entities of the copy."""
    to.touch()
    with closing(sqlite3.connect(to, isolation_level=None)) as copy:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        (verdict,) = copy.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise RegistryError(f"the copy does not read back: {verdict}. Check the file that was copied, and the disk")
        (entities,) = copy.execute("SELECT count(DISTINCT urn) FROM metadata_aspect_v2").fetchone()
        return entities

"""Writing small files where tables are read: to a disk, or to a store that fsspec writes to."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.fsspec import FsspecStorage
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["write_file"]


def write_file(storage: Storage, path: str, content: bytes) -> None:
    """Write a file whole, whatever was there before.

    Raises:
        TableError: it cannot be written there.
    """
    if isinstance(storage, LocalStorage):
        return _write_local(storage.root / path, content)
    if isinstance(storage, FsspecStorage):
        return storage.write(path, content)
    raise TableError(f"{storage.location}: nothing can be written to a web server. Give a folder or an object store.")


def _write_local(path: Path, content: bytes) -> None:
    part = path.with_name(f".{uuid.uuid4().hex}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            part.write_bytes(content)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror}. Name another folder.") from error

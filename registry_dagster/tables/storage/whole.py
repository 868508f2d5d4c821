"""Reading whole files that others wrote, up to a size."""

from __future__ import annotations

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.http import HttpStorage
from registry_dagster.tables.storage.locations import below
from registry_dagster.tables.storage.protocol import Storage

__all__ = ["read_whole"]

_FIRST_READ = 1 << 20
_NEXT_READ = 8 << 20


def read_whole(storage: Storage, path: str, most: int) -> bytes:
    """All of a file, read part by part. Of a larger one, little more than `most` bytes are ever held.

    Raises:
        TableNotFound: there is no such file.
        TableError: it has more than `most` bytes, or cannot be read.
    """
    content = bytearray()
    # A web server may send whole files only. Others answer sooner if they are first asked for little.
    wanted = most + 1 if isinstance(storage, HttpStorage) else _FIRST_READ
    while True:
        asked = min(wanted, most + 1 - len(content))
        part = storage.read(path, len(content), asked)
        content += part
        if len(content) > most:
            raise TableError(f"{below(storage.location, path)} is larger than {most:,} bytes, so it is not read")
        if len(part) < asked:
            return bytes(content)
        wanted = _NEXT_READ

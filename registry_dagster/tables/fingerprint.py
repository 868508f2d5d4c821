"""The fingerprint of files, for formats that keep no versions of their own."""

from __future__ import annotations

import hashlib
import os

from registry_dagster.tables.storage.protocol import StoredObject

__all__ = ["Fingerprint"]


class Fingerprint:
    """The state of files, from what a listing says of each. `FingerprintPin` defines its text.

    The order is part of it: files are added in key order, which every store lists in.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, stored: StoredObject, name: str | None = None) -> None:
        """Adds a file by its path, or by another name where the path is empty."""
        # The line must never change: published fingerprints were made with it.
        self._digest.update(os.fsencode(f"{name or stored.path}\0{stored.size}\0{stored.token}\n"))

    def __str__(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

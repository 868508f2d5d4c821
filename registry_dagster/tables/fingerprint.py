"""The fingerprint of files, for formats that keep no versions of their own."""

from __future__ import annotations

import hashlib
from urllib.parse import unquote

from registry_dagster.tables.storage.object_page import ObjectPage, joined_texts
from registry_dagster.tables.storage.protocol import Storage, StoredObject

__all__ = ["Fingerprint"]


class Fingerprint:
    """The state of files, from what a listing says of each. `FingerprintPin` defines its text.

    The order is part of it: files are added in key order, which every store lists in.
    """

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def add(self, page: ObjectPage) -> None:
        """Adds the files of a page by their paths."""
        # The line must never change: published fingerprints were made with it.
        self._digest.update(joined_texts(page.paths, "\0", page.size_texts, "\0", page.tokens, "\n"))

    def add_file(self, storage: Storage, stored: StoredObject) -> None:
        """Adds the file that is the table, by its name."""
        self.add(ObjectPage.of([stored._replace(path=unquote(storage.location.rpartition("/")[2]))]))

    def __str__(self) -> str:
        return f"sha256:{self._digest.hexdigest()}"

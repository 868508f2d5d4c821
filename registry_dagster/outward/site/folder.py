"""The folder that a site is written to: only one that is empty or holds a site, and only what changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from registry_dagster.errors import RegistryError

__all__ = ["MARKER", "SiteFolder"]

MARKER = ".feature-registry-site"
"""A file that says that the folder was made here."""

_NOTE = "Made by feature-registry site. The folders beside this file are written again by each build.\n"
_OWN = ("assets", "data", "datasets", "materializations")
"""The folders of a site. What is in them and not written by a build is removed by it."""


class SiteFolder:
    """Writes the files of one build.

    Args:
        path: The folder; made if it is absent.

    Raises:
        RegistryError: it holds other files, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._written: set[Path] = set()
        try:
            self._check()
            path.mkdir(parents=True, exist_ok=True)
            (path / MARKER).write_text(_NOTE, encoding="utf-8")
        except OSError as error:
            raise RegistryError(f"{path} cannot be written: {error.strerror}; name another folder") from error

    def _check(self) -> None:
        if self.path.exists() and not (self.path / MARKER).is_file() and any(self.path.iterdir()):
            raise RegistryError(f"{self.path} holds other files, and no site; name a new or empty folder")
        for name in _OWN:
            if (self.path / name).is_symlink():
                raise RegistryError(f"{self.path / name} is a link to elsewhere; remove it, or name another folder")

    def write(self, path: str, text: str) -> None:
        """Write a file, unless it is there with the very same text.

        Args:
            path: Within the folder, with `/`.
            text: Its content.
        """
        file, content = self.path / path, text.encode()
        self._written.add(file)
        if not file.is_symlink() and file.is_file() and file.read_bytes() == content:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        file.write_bytes(content)

    def finish(self) -> int:
        """Remove the pages of earlier builds that this one did not write. Returns how many."""
        stale = [file for file in self._files() if file not in self._written]
        for file in stale:
            file.unlink()
        for name in _OWN:
            _remove_empty(self.path / name)
        return len(stale)

    def _files(self) -> Iterator[Path]:
        """The files of builds: all in the folders of a site, and the pages beside them."""
        yield from self.path.glob("datasets-*.html")
        for name in _OWN:
            for folder, _, files in os.walk(self.path / name):
                yield from (Path(folder, file) for file in files)


def _remove_empty(folder: Path) -> None:
    for inner, _, _ in os.walk(folder, topdown=False):
        if not any(Path(inner).iterdir()):
            Path(inner).rmdir()

"""Which commit of which repository a file is from, as git says. Reads the work tree alone, and no network."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.source_code import SourceCode, address_of_remote

__all__ = ["CommittedFiles", "code_at", "code_given"]

_SECONDS = 20
_ELSEWHERE = {"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"}
"""What makes git answer for another work tree than that of the folder, as in a hook."""


def code_given(text: str) -> SourceCode:
    """The code that people name: `REPOSITORY@COMMIT:PATH`, or a file or folder of a git work tree.

    Raises:
        InvalidDeclaration: it is neither.
    """
    place = Path(text).expanduser()
    if not place.exists():
        return SourceCode.parse(text)
    if (code := code_at(place)) is None:
        raise InvalidDeclaration(
            f"{text} is not in a git work tree, is not kept there, or there is no commit yet; "
            "write REPOSITORY@COMMIT instead"
        )
    return code


def code_at(place: Path) -> SourceCode | None:
    """The commit that a file or folder is from; None if git does not keep it, or is not installed.

    Changes to files that git keeps, anywhere in the work tree, make it dirty; files that it does not keep do not.
    """
    folder = place if place.is_dir() else place.parent
    name = "." if place.is_dir() else place.name
    above = _git(folder, "rev-parse", "--show-prefix")
    if above is None or _git(folder, "ls-files", "--error-unmatch", "--", name) is None:
        return None
    lines = (_git(folder, "status", "--porcelain=v2", "--branch", "--untracked-files=no") or "").splitlines()
    commit = next((line.split()[2] for line in lines if line.startswith("# branch.oid ")), "(initial)")
    if commit == "(initial)":
        return None
    path = above.strip() + ("" if place.is_dir() else place.name)
    return SourceCode(
        repository=address_of_remote(_git(folder, "config", "--get", "remote.origin.url") or ""),
        commit=commit,
        path=path.rstrip("/") or None,
        dirty=any(not line.startswith("#") for line in lines),
    )


class CommittedFiles:
    """The commits that files are from, where nothing in their work trees was changed since.

    Git is asked once for each folder, so an instance is for one command.
    """

    def __init__(self) -> None:
        self._folders: dict[Path, tuple[SourceCode | None, frozenset[str]]] = {}

    def code(self, file: str) -> SourceCode | None:
        """The code of a file; None if there is no such file, git does not keep it, or the work tree was changed."""
        path = Path(file)
        if not path.is_file():
            return None
        folder = path.parent.resolve()
        if folder not in self._folders:
            self._folders[folder] = _committed(folder)
        code, names = self._folders[folder]
        if code is None or path.name not in names:
            return None
        return code.model_copy(update={"path": f"{code.path}/{path.name}" if code.path else path.name})


def _committed(folder: Path) -> tuple[SourceCode | None, frozenset[str]]:
    """The commit of a folder without changes, and the names that git keeps in it."""
    code = code_at(folder)
    if code is None or code.dirty:
        return None, frozenset()
    return code, frozenset((_git(folder, "ls-files", "-z", "--", ".") or "").split("\0"))


def _git(folder: Path, *words: str) -> str | None:
    """What git prints; None if it fails. It takes no lock, asks nothing and runs no monitor of files."""
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    try:
        done = subprocess.run(
            ["git", "--literal-pathspecs", "-c", "core.fsmonitor=false", "-C", str(folder), *words],
            env={**environment, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None

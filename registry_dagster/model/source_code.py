"""The code that made a table: a repository's commit. Part of who published, why and from what; never of the content."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator
from typing_extensions import Self

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.recorded import is_recorded
from registry_dagster.model.secrets import credential_in
from registry_dagster.model.text import Text, shown

__all__ = ["CodePath", "Commit", "Repository", "SourceCode", "address_of_remote"]

_COMMIT = r"[0-9a-f]{40}|[0-9a-f]{64}"
_TEXT = rf"(?i)(?:(?P<repository>\S+)@)?(?P<commit>{_COMMIT})(?::(?P<path>.+))?"
_REMOTE = r"(?i)(?P<scheme>https?|ssh|git)://(?P<place>[^?#\s]+)"
_SHORT_REMOTE = r"(?:[^@:/\s]+@)?(?P<host>[A-Za-z0-9.-]{2,}):(?P<path>[^/\s:][^?#\s:]*)"
_ON_THE_WEB = {"github.com", "gitlab.com", "bitbucket.org", "codeberg.org"}
"""Hosts that serve a repository's pages under the path that git uses."""

_EXAMPLE = "https://github.com/lab/pipeline"


def _commit(text: str) -> str:
    if not re.fullmatch(_COMMIT, text.lower()):
        raise ValueError(
            f"{shown(text)} is not a whole commit hash; write its 40 hexadecimal digits, as git rev-parse HEAD does"
        )
    return text.lower()


def _repository(text: str) -> str:
    if is_recorded():
        return text
    if text.lower().startswith("http") and (credential := credential_in(text)):
        raise ValueError(f"the repository has {credential.what} in it, which is not repeated here; leave it out")
    address = address_of_remote(text)
    if address is None:
        raise ValueError(f"{shown(text)} is not the address of a repository; write e.g. {_EXAMPLE}")
    return address


def _path(text: str) -> str:
    path = PurePosixPath(text)
    if not is_recorded() and (path.is_absolute() or ".." in path.parts):
        raise ValueError(f"{shown(text)} must be a path inside the repository, such as pipeline/embeddings.py")
    return text


Commit = Annotated[Text, AfterValidator(_commit)]
"""A whole commit hash: 40 or 64 hexadecimal digits."""

Repository = Annotated[Text, AfterValidator(_repository)]
"""The address of a repository, without user and credentials."""

CodePath = Annotated[Text, AfterValidator(_path)]
"""A path inside a repository."""


class SourceCode(Model):
    """The code that made a table.

    Args:
        commit: The whole commit hash.
        repository: Its address; None if it is not known, or is a folder of one machine.
        path: The file or folder inside the repository.
        dirty: Whether files that git keeps were changed since that commit, so that it is not exactly what ran.
    """

    repository: Repository | None = None
    commit: Commit
    path: CodePath | None = None
    dirty: bool = False

    def __str__(self) -> str:
        where = f"{self.repository}@{self.commit}" if self.repository else self.commit
        path = f":{self.path}" if self.path else ""
        return f"{where}{path}{' (with changes that were not committed)' if self.dirty else ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code that `REPOSITORY@COMMIT:PATH` names; repository and path may be left out.

        Raises:
            InvalidDeclaration: it is not written so, the commit is not a whole hash, or there is a credential in it.
        """
        found = re.fullmatch(_TEXT, text.strip())
        if found is None:
            raise InvalidDeclaration(
                f"the code must be REPOSITORY@COMMIT, with the whole commit hash, e.g. {_EXAMPLE}@{'0123456789' * 4}"
            )
        return cls.from_json({name: value for name, value in found.groupdict().items() if value})


def address_of_remote(remote: str) -> str | None:
    """The address of a repository, as git names a remote, without user, password, query and fragment.

    None for a folder of one machine, and for what may hold a secret that cannot be separated from it.
    """
    text = remote.strip()
    if short := re.fullmatch(_SHORT_REMOTE, text):
        text = f"ssh://{short['host']}/{short['path']}"
    found = re.match(_REMOTE, text)
    if found is None:
        return None
    authority, _, path = found["place"].partition("/")
    host = authority.rpartition("@")[2]
    if host.lower() in _ON_THE_WEB:
        address = f"https://{host.lower()}/{path.rstrip('/').removesuffix('.git')}"
    else:
        address = f"{found['scheme'].lower()}://{host}/{path}".rstrip("/")
    return address if urlsplit(address).hostname and credential_in(address) is None else None

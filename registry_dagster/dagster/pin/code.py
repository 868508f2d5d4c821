"""The code that made a table, as far as Dagster knows it: by the run, Dagster+, or the asset's code references."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import dagster as dg

from registry_dagster.dagster.names import (
    CODE_REFERENCES,
    GIT_COMMIT_TAG,
    GIT_COMMIT_VARIABLE,
    GIT_PROJECT_TAG,
    GIT_URL_VARIABLE,
)
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.source_code import SourceCode, address_of_remote
from registry_dagster.registry.work_tree import code_at

__all__ = ["code_known"]

_PAGE = re.compile(
    # GitLab has projects in groups of groups, and ends their path by /-/.
    r"(?P<repository>https?://[^/?#]+/(?:[^?#]+(?=/-/)|[^/?#]+/[^/?#]+))(?:/-)?/(?:tree|blob|commit)"
    r"/(?P<ref>[^/?#]+)(?:/(?P<path>[^?#]+))?(?:[?#].*)?"
)
"""The web page of a file, a folder or a commit, as `dg.link_code_references_to_git` and Dagster+ write it."""


def code_known(tags: Mapping[str, str], metadata: Mapping[str, Any]) -> SourceCode | None:
    """The code that runs now; None if Dagster does not know a whole commit.

    The commit is that of the run's tags, else of Dagster+'s variables, else of the asset's code references: of a link,
    if it names a commit and no branch; of a local file, if git keeps it and nothing was changed since.

    Args:
        tags: Of the run.
        metadata: Of the asset.
    """
    deployed, linked = _deployed(tags), _linked(metadata)
    if deployed is None or linked is None:
        return deployed or linked
    # What a link says of the same commit says also which file.
    is_same = linked.commit == deployed.commit and deployed.repository in (None, linked.repository)
    return linked if is_same else deployed


def _deployed(tags: Mapping[str, str]) -> SourceCode | None:
    if commit := tags.get(GIT_COMMIT_TAG):
        return _known(commit, tags.get(GIT_PROJECT_TAG))
    return _known(os.environ.get(GIT_COMMIT_VARIABLE), os.environ.get(GIT_URL_VARIABLE))


def _linked(metadata: Mapping[str, Any]) -> SourceCode | None:
    value = metadata.get(CODE_REFERENCES)
    if not isinstance(value, dg.CodeReferencesMetadataValue):
        return None
    return next(filter(None, map(_of_reference, value.code_references)), None)


def _of_reference(reference: dg.UrlCodeReference | dg.LocalFileCodeReference) -> SourceCode | None:
    if isinstance(reference, dg.LocalFileCodeReference):
        code = code_at(Path(reference.file_path))
        return None if code is None or code.dirty else code
    page = _PAGE.fullmatch(reference.url)
    return _known(page["ref"], page["repository"], page["path"]) if page else None


def _known(commit: str | None, url: str | None, path: str | None = None) -> SourceCode | None:
    """The code, if its commit is whole. Of an address what may be a secret is taken off, else all is left out."""
    if not commit:
        return None
    page = _PAGE.fullmatch(url or "")
    address = address_of_remote(page["repository"] if page else url or "")
    try:
        return SourceCode(commit=commit, repository=address, path=unquote(path) if path else None)
    except InvalidDeclaration:
        return None

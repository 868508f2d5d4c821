"""Who reviewed a declaration file, and what they read: written into the file, checked, and emptied by a change."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import yaml
from pydantic_core import to_jsonable_python

from registry_dagster.adopt.declaration_file import DeclarationFile, ReadFile, read_file
from registry_dagster.adopt.files import write_whole
from registry_dagster.adopt.yaml_text import scalar
from registry_dagster.errors import InvalidDeclaration, Problem, PublishRefused
from registry_dagster.model.canonical_json import is_json_object, json_text
from registry_dagster.model.spelling import read_declared
from registry_dagster.yaml_document import Document

__all__ = ["check_reviewed", "content_digest", "review", "with_review"]

_BY, _WHAT = "reviewed_by", "reviewed"


def content_digest(document: Document) -> str:
    """`sha256:<hex>` over what a file declares. Comments, order of keys and the review itself take no part."""
    content = {name: value for name, value in document.data.items() if name not in (_BY, _WHAT)}
    # Not canonical JSON, which has no moments and no integers above 2^53.
    text = json_text(to_jsonable_python(content, inf_nan_mode="strings"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def check_reviewed(file: ReadFile) -> None:
    """Refuse a draft that nobody has reviewed, and a file that says something else than what was reviewed.

    A file with neither key is somebody's own declaration, not a draft. A name without a digest was written by hand
    and counts for the file as it is.

    Raises:
        PublishRefused: says on which line, and what to do.
    """
    data = file.document.data
    if file.reviewed_by is None and (_BY in data or _WHAT in data):
        problem = Problem((_BY,), "nobody has reviewed this draft; read it and write your name here")
        raise PublishRefused(file.document.located([problem], "draft"))
    if file.reviewed is not None and file.reviewed != content_digest(file.document):
        changed = f"what the file declares was changed after {file.reviewed_by} had reviewed it; read it again, then "
        problem = Problem((_WHAT,), f"{changed}run feature-registry review {file.name}")
        raise PublishRefused(file.document.located([problem], "draft"))


def review(path: Path, by: str) -> bool:
    """Write into a file who reviewed it, and the digest of what it declares. Nothing else in it changes.

    Returns:
        Whether something was written; not if the same person had reviewed the same.

    Raises:
        InvalidDeclaration: the file is not a declaration, still has a TODO, or is not written line by line, as JSON
            is not.
    """
    file = read_file(path)
    root, digest = file.document.root, content_digest(file.document)
    if root is None or (file.reviewed_by, file.reviewed) == (by, digest):
        return False
    lines = path.read_text(encoding="utf-8").split("\n")
    text = "\n".join(with_review(lines, root, [f"{_BY}: {scalar(by)}", f"{_WHAT}: {digest}"]))
    if _review_in(text) != (by, digest, digest):
        by_hand = f"write the keys {_BY} ({by}) and {_WHAT} ({digest}) into it by hand"
        raise InvalidDeclaration(f"{path} does not have one key a line; {by_hand}")
    write_whole(path, text)
    return True


def with_review(lines: Sequence[str], root: yaml.Node, review: Sequence[str]) -> list[str]:
    """The lines of a file, with a review in place of the one that it has, or else above its first key."""
    own = [at for at, line in enumerate(lines) if line.startswith((f"{_BY}:", f"{_WHAT}:"))]
    first = own[0] if own else root.start_mark.line
    return [*lines[:first], *review, *(line for at, line in enumerate(lines) if at >= first and at not in own)]


def _review_in(text: str) -> tuple[object, ...] | None:
    """The name, the digest beside it, and the digest of what a text declares; None if it declares nothing."""
    try:
        document = read_declared(text, DeclarationFile)
    except InvalidDeclaration:
        return None
    data = document.data
    return (data.get(_BY), data.get(_WHAT), content_digest(document)) if is_json_object(data) else None

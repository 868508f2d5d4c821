"""What a draft leaves to people: values that begin with TODO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, cast

from registry_dagster.errors import Problem
from registry_dagster.yaml_document import Document

__all__ = ["TODO", "todo_problems"]

TODO = "TODO"
"""A value that names alone do not say. A person replaces it, or deletes what it is part of."""

_TODO = re.compile(r"TODO\b")


def todo_problems(document: Document) -> list[Problem]:
    """Each TODO among the keys and values of a document. Comments do not count."""
    return [Problem(path, _words(path, value)) for path, value in _todos(document.data, ())]


def _todos(value: Any, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str) and _TODO.match(value):
        yield path, value
    for name, inner in _inner(value):
        yield from _todos(inner, (*path, name))


def _inner(value: Any) -> Iterable[tuple[Any, Any]]:
    if isinstance(value, dict):
        return cast("dict[Any, Any]", value).items()
    return enumerate(cast("list[Any]", value)) if isinstance(value, list) else ()


def _words(path: tuple[str | int, ...], value: str) -> str:
    rest = value.removeprefix(TODO).lstrip(": ")
    fix = "choose a semantic, or delete the column" if path[-1:] == ("semantic",) else "replace it"
    return f"{TODO}; {rest or fix}"

"""What is wrong with declared values, in the words of who declares them: fields, lists and texts, not a validator's."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.model.text import shown

__all__ = ["problems_of"]

_LIST = "must be a list, e.g. [a, b]"
_WORDS: Mapping[str, str] = {
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "dict_type": "must be a mapping of names to values",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "is_instance_of": _LIST,
    "iterable_type": _LIST,
    "list_type": _LIST,
    "mapping_type": "must be a mapping of names to values",
    "sequence_str": _LIST,
    "string_type": "must be text",
    "string_unicode": "must be text in Unicode",
    "tuple_type": _LIST,
}


def problems_of(title: str, error: ValidationError) -> Iterator[Problem]:
    """Each problem that a validator found; those of a value inside another by their whole path.

    Args:
        title: What was declared.
        error: What the validator found.
    """
    for found in error.errors(include_url=False):
        path, raised = found["loc"], found.get("ctx", {}).get("error")
        if isinstance(raised, InvalidDeclaration):
            yield from (Problem((*path, *inner.path), inner.text) for inner in raised.problems)
        elif raised is not None:
            yield Problem(path, str(raised))
        else:
            yield Problem(path, _words(title, found))


def _words(title: str, found: ErrorDetails) -> str:
    if found["type"] == "missing":
        return "required, but missing"
    if found["type"] == "extra_forbidden":
        return f"unknown field; {title} does not have it"
    # "Input should be …", "String should have …": the subject is the field, which is named before.
    said = re.sub(r"^\w+ should ", "must ", found["msg"].partition(" after validation")[0])
    return f"{_WORDS.get(found['type'], said)}, got {shown(found['input'])}"

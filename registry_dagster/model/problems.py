"""What is wrong with declared values, in the words of who declares them: fields, lists and texts, not a validator's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from registry_dagster.errors import InvalidDeclaration, Problem
from registry_dagster.model.text import given, nearest_word, suggestion

__all__ = ["problems_of", "unknown_key"]

_LIST = "must be a list, e.g. [a, b]"
_FIELDS = "must be a mapping of keys to values"
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
    "model_attributes_type": _FIELDS,
    "model_type": _FIELDS,
    "mapping_type": "must be a mapping of names to values",
    "sequence_str": _LIST,
    "string_type": "must be text",
    "string_unicode": "must be text in Unicode",
    "tuple_type": _LIST,
}


def problems_of(error: ValidationError, known: Collection[str] = ()) -> Iterator[Problem]:
    """Each problem that a validator found; those of a value inside another by their whole path.

    Args:
        error: What the validator found.
        known: The fields that it has.
    """
    all_found = error.errors(include_url=False)
    misspelt = {(*each["loc"][:-1], nearest_word(str(each["loc"][-1]), known)) for each in all_found if _is_extra(each)}
    for found in all_found:
        path, raised = _place(found), found.get("ctx", {}).get("error")
        if found["type"] == "missing" and path in misspelt:
            # It is there under another name, and that is said already.
            continue
        if isinstance(raised, InvalidDeclaration):
            yield from (Problem((*path, *inner.path), inner.text) for inner in raised.problems)
        elif raised is not None:
            yield Problem(path, str(raised))
        else:
            yield Problem(path, _words(found, known))


def unknown_key(name: str, known: Collection[str]) -> str:
    """Words for a field that is none of those known."""
    return f"unknown key{suggestion(name, known)} Its keys are {', '.join(known)}"


def _is_extra(found: ErrorDetails) -> bool:
    return found["type"] == "extra_forbidden"


def _place(found: ErrorDetails) -> tuple[str | int, ...]:
    """Where a problem is in what was written: a wrong key is at the key, and a list that is too short at the list."""
    path = found["loc"]
    is_inside = path[-1:] == ("[key]",) or (found["type"] == "missing" and isinstance(path[-1], int))
    return path[:-1] if is_inside else path


def _words(found: ErrorDetails, known: Collection[str]) -> str:
    if found["type"] == "missing":
        last = found["loc"][-1]
        few = isinstance(last, int)
        return f"must have {last + 1} values, got {given(found['input'])}" if few else "required, but missing"
    if _is_extra(found):
        return unknown_key(str(found["loc"][-1]), known)
    if found["type"] == "literal_error":
        return _one_of(str(found.get("ctx", {}).get("expected", "")), found["input"])
    # "Input should be …", "String should have …": the subject is the field, which is named before.
    said = re.sub(r"^\w+ should ", "must ", found["msg"].partition(" after validation")[0])
    words = _WORDS.get(found["type"], said)
    if words is _LIST and isinstance(found["input"], str):
        return f"must be a list; write [{given(found['input'])}]"
    return f"{words}, got {given(found['input'])}"


def _one_of(expected: str, value: object) -> str:
    """Words for a value that is none of a few: they may be meant all the same."""
    meant = suggestion(str(value), re.findall(r"'([^']*)'", expected)).rstrip(".")
    return f"must be {expected}, got {given(value)}{meant}"

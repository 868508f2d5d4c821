"""JSON that others wrote: whatever is wrong with it is one error."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

import orjson

from registry_dagster.model.canonical_json import is_json_object

__all__ = ["json_object", "json_value", "strict_json_value"]


def json_value(text: str | bytes) -> object:
    """The value of a JSON text. A whole number of more than 64 bits becomes a float.

    Raises:
        ValueError: it is not JSON, or is nested too deeply to be read.
    """
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        # Python's own reader takes a little more, such as NaN, and says what is wrong in words that people know.
        return _json_value(text)


def _json_value(text: str | bytes) -> object:
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def strict_json_value(text: str | bytes) -> object:
    """As `json_value`, of a text that every reader takes alike: no key twice in an object, and only finite numbers.

    Raises:
        ValueError: it is not such a text.
    """
    try:
        return json.loads(text, object_pairs_hook=_each_key_once, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def _each_key_once(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"it has the key {twice[:80]!r} twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has {name}, which is not a number of JSON")


def json_object(text: str | bytes) -> dict[str, object]:
    """A JSON object; empty for anything else, for files that are only hints."""
    try:
        value = json_value(text)
    except ValueError:
        return {}
    return value if is_json_object(value) else {}

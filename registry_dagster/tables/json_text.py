"""JSON that others wrote: whatever is wrong with it is one error."""

from __future__ import annotations

import json

from registry_dagster.model.canonical_json import is_json_object

__all__ = ["json_object", "json_value"]


def json_value(text: str | bytes) -> object:
    """The value of a JSON text.

    Raises:
        ValueError: it is not JSON, or is nested too deeply to be read.
    """
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("its values are nested too deeply") from None


def json_object(text: str | bytes) -> dict[str, object]:
    """A JSON object; empty for anything else, for files that are only hints."""
    try:
        value = json_value(text)
    except ValueError:
        return {}
    return value if is_json_object(value) else {}

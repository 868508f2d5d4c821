"""What search sees of what is stored: a large aspect has no change event, and a long text takes its entity out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

__all__ = ["seen_by_search"]

_LARGEST_EVENT = 5_242_880
_LONGEST_TERM = 32_766


def seen_by_search(entity: Mapping[str, Mapping[str, Any]]) -> dict[str, Mapping[str, Any]] | None:
    """An entity's aspects as they are indexed; None if the index refuses the entity, as before 1.7."""
    sent = {name: value for name, value in entity.items() if len(json.dumps(value).encode()) <= _LARGEST_EVENT}
    long = any(len(text.encode()) > _LONGEST_TERM for value in sent.values() for text in _texts(value))
    return None if long else sent


def _texts(value: object, name: str = "") -> Iterator[str]:
    """The texts that are indexed whole. Of custom properties only short values are; of JSON and schemas none."""
    if isinstance(value, Mapping):
        for inner, part in cast("Mapping[str, object]", value).items():
            if inner != "customProperties":
                yield from _texts(part, inner)
    elif isinstance(value, list):
        for part in cast("list[object]", value):
            yield from _texts(part, name)
    elif isinstance(value, str) and name in ("description", "comment", "string"):
        yield value

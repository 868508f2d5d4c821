"""JSON values: what is one, its canonical bytes, and the digest over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

import orjson
import rfc8785

__all__ = [
    "PLAIN_VALUES",
    "canonical_array",
    "canonical_json",
    "canonical_object",
    "canonical_text",
    "is_json_object",
    "json_text",
    "sha256_digest",
    "sha256_of",
]

JsonValue = Any
_HOLDERS = frozenset({dict, list, tuple})
PLAIN_VALUES = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
"""orjson's options for JSON values alone: it refuses what it would else write as the JSON value it takes it for."""
_SORTED = PLAIN_VALUES | orjson.OPT_SORT_KEYS
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def is_json_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a mapping with text keys."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in cast("dict[Any, Any]", value))


def canonical_json(value: JsonValue) -> bytes:
    """The one byte form of a JSON value: the JSON Canonicalization Scheme, RFC 8785."""
    return canonical_text(value).encode()


def canonical_text(value: JsonValue) -> str:
    """The canonical form as text."""
    text = _by_orjson(value)
    return text if text is not None and _are_ordered_alike(text) else rfc8785.dumps(value).decode()


def canonical_object(members: Mapping[str, str]) -> str:
    """The canonical text of an object, from those of its members. Their names are in ASCII and need no escapes."""
    return "{" + ",".join(f'"{name}":{members[name]}' for name in sorted(members)) + "}"


def canonical_array(items: Iterable[str]) -> str:
    """The canonical text of an array, from those of its items."""
    return f"[{','.join(items)}]"


def _by_orjson(value: JsonValue) -> str | None:
    """Compact JSON with sorted keys, which orjson writes many times faster; None where it writes it in its own way."""
    try:
        text = orjson.dumps(value, option=_SORTED).decode()
    except TypeError:
        return None
    return text if _are_numbers_alike([value]) else None


def _are_ordered_alike(text: str) -> bool:
    """Whether code points order names as the scheme does, by UTF-16 units: all below the surrogates."""
    return text.isascii() or max(text) < "\ud800"


def _are_numbers_alike(values: Iterable[Any]) -> bool:
    """Whether no number is among these and in them that another encoder or the scheme writes otherwise, or refuses."""
    # A loop over exact types: a record has thousands of values.
    for each in values:
        kind = each.__class__
        if kind is str:
            continue
        if kind is float or (kind is int and not -(2**53) < each < 2**53):
            return False
        if kind in _HOLDERS and not _are_numbers_alike(each.values() if kind is dict else each):
            return False
    return True


def json_text(value: JsonValue) -> str:
    """Compact JSON with sorted keys, for texts that hold JSON but are not hashed."""
    text = _by_orjson(value)
    return _ENCODER.encode(value) if text is None else text


def sha256_digest(value: JsonValue) -> str:
    """`sha256:<hex>` over the canonical JSON of a value."""
    return sha256_of(canonical_text(value))


def sha256_of(text: str) -> str:
    """`sha256:<hex>` over a text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

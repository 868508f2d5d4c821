"""JSON values: what is one, its canonical bytes, and the digest over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard, cast

import rfc8785

__all__ = [
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
_PLAIN = frozenset({str, bool, type(None)})
_ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def is_json_object(value: object) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a mapping with text keys."""
    return isinstance(value, dict) and all(isinstance(key, str) for key in cast("dict[Any, Any]", value))


def canonical_json(value: JsonValue) -> bytes:
    """The one byte form of a JSON value: the JSON Canonicalization Scheme, RFC 8785."""
    return canonical_text(value).encode()


def canonical_text(value: JsonValue) -> str:
    """The canonical form as text."""
    # Where the standard library's encoder gives the same text, it gives it several times faster.
    return json_text(value) if _encoders_agree(value) else rfc8785.dumps(value).decode()


def canonical_object(members: Mapping[str, str]) -> str:
    """The canonical text of an object, from those of its members. Their names are in ASCII and need no escapes."""
    return "{" + ",".join(f'"{name}":{members[name]}' for name in sorted(members)) + "}"


def canonical_array(items: Iterable[str]) -> str:
    """The canonical text of an array, from those of its items."""
    return f"[{','.join(items)}]"


def _encoders_agree(value: JsonValue) -> bool:
    """Whether a value is free of what the scheme writes or orders in its own way, or refuses."""
    # A loop over exact types: a record has thousands of values, and each is looked at several times.
    waiting: list[Any] = [value]
    while waiting:
        each = waiting.pop()
        kind = each.__class__
        if kind is dict and _are_ordered_alike(each):
            waiting += each.values()
        elif kind is list or kind is tuple:
            waiting += each
        elif kind not in _PLAIN and not (kind is int and -(2**53) < each < 2**53):
            return False
    return True


def _are_ordered_alike(keys: Iterable[object]) -> bool:
    """Whether keys are texts that code points order as the scheme does, by UTF-16 units: all below the surrogates."""
    try:
        text = "".join(cast("Iterable[str]", keys))
    except TypeError:
        return False
    return text.isascii() or max(text) < "\ud800"


def json_text(value: JsonValue) -> str:
    """Compact JSON with sorted keys, for texts that hold JSON but are not hashed."""
    return _ENCODER.encode(value)


def sha256_digest(value: JsonValue) -> str:
    """`sha256:<hex>` over the canonical JSON of a value."""
    return sha256_of(canonical_text(value))


def sha256_of(text: str) -> str:
    """`sha256:<hex>` over a text in UTF-8."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()

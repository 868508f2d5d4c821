"""Arrow types as text, and what the rules need to know of them.

A type is written with Arrow's own names: `int64`, `float32`, `timestamp[us, tz=UTC]`,
`fixed_size_list<float32>[32]`, `dictionary<values=string, indices=int32>`, `extension<name, storage>`.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "is_boolean",
    "is_float",
    "is_integer",
    "is_number",
    "is_text",
    "is_timestamp",
    "list_of",
    "storage",
]

_LIST = re.compile(r"(?:fixed_size_|large_)?list(?:_view)?<(?P<element>.+)>(?:\[(?P<width>\d+)\])?")
_DICTIONARY = re.compile(r"dictionary<values=(?P<values>.+), indices=[^,]+>")
_RUNS = re.compile(r"run_end_encoded<run_ends=[^,]+, values=(?P<values>.+)>")
_EXTENSION = re.compile(r"extension<[^,]*, (?P<storage>.+)>")


@lru_cache(maxsize=1024)
def storage(dtype: str) -> str:
    """The type of the values themselves: dictionary and run-end encoding and extension types taken off."""
    for pattern, group in ((_DICTIONARY, "values"), (_RUNS, "values"), (_EXTENSION, "storage")):
        if match := pattern.fullmatch(dtype):
            return storage(match[group])
    return dtype


def is_integer(dtype: str) -> bool:
    return re.fullmatch(r"u?int(8|16|32|64)", storage(dtype)) is not None


def is_float(dtype: str) -> bool:
    return storage(dtype) in {"float16", "float32", "float64"}


def is_number(dtype: str) -> bool:
    return is_integer(dtype) or is_float(dtype) or storage(dtype).startswith("decimal")


def is_text(dtype: str) -> bool:
    return storage(dtype) in {"string", "large_string", "string_view"}


def is_boolean(dtype: str) -> bool:
    return storage(dtype) == "bool"


def is_timestamp(dtype: str) -> bool:
    return storage(dtype).startswith(("timestamp", "date"))


def list_of(dtype: str) -> tuple[str, int | None] | None:
    """Element type and, for fixed-size lists, the width; None if the type is not a list."""
    if match := _LIST.fullmatch(storage(dtype)):
        width = match["width"]
        return match["element"].removesuffix(" not null"), int(width) if width else None
    return None

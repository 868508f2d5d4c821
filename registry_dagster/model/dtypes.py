"""Arrow types as text, and what the rules need to know of them.

A type is written with Arrow's own names: `int64`, `float32`, `timestamp[us, tz=UTC]`,
`fixed_size_list<float32>[32]`, `dictionary<values=string, indices=int32>`, `extension<name, storage>`.
"""

from __future__ import annotations

import re
from functools import lru_cache

__all__ = [
    "element",
    "exact_up_to",
    "is_bfloat16",
    "is_binary",
    "is_boolean",
    "is_decimal",
    "is_float",
    "is_integer",
    "is_nested",
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
_BFLOAT16 = re.compile(r"bfloat16|extension<[^,]*bfloat16, .+>")
_BINARY = re.compile(r"(large_)?binary(_view)?|fixed_size_binary\[\d+\]")
_NESTED = re.compile(r"struct|map<|(dense|sparse)_union<")
_INTEGER = re.compile(r"u?int(8|16|32|64)")


@lru_cache(maxsize=1024)
def storage(dtype: str) -> str:
    """The type of the values themselves: dictionary and run-end encoding and extension types taken off."""
    for pattern, group in ((_DICTIONARY, "values"), (_RUNS, "values"), (_EXTENSION, "storage")):
        if match := pattern.fullmatch(dtype):
            return storage(match[group])
    return dtype


def is_bfloat16(dtype: str) -> bool:
    """Whether a type is a half of the range of a float32, which Arrow itself does not have."""
    return _BFLOAT16.fullmatch(dtype) is not None


def is_decimal(dtype: str) -> bool:
    return storage(dtype).startswith("decimal")


def is_binary(dtype: str) -> bool:
    return _BINARY.fullmatch(storage(dtype)) is not None


def is_nested(dtype: str) -> bool:
    """Whether a type holds fields of its own, and no single value."""
    return _NESTED.match(storage(dtype)) is not None


def element(dtype: str) -> str:
    """The type of one value: that of a list's elements, else the type itself."""
    found = list_of(dtype)
    return dtype if found is None else found[0]


def exact_up_to(dtype: str) -> int | None:
    """The power of two up to which a float keeps every whole number; None if it is not a float."""
    return {"float64": 53, "float32": 24, "float16": 11}.get(storage(dtype), 8 if is_bfloat16(dtype) else None)


def is_integer(dtype: str) -> bool:
    return _INTEGER.fullmatch(storage(dtype)) is not None


def is_float(dtype: str) -> bool:
    return storage(dtype) in {"float16", "float32", "float64"} or is_bfloat16(dtype)


def is_number(dtype: str) -> bool:
    return is_integer(dtype) or is_float(dtype) or is_decimal(dtype)


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

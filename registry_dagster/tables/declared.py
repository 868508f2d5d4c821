"""What people say of a table whose files do not say it themselves: its columns, and how to read it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import shown

__all__ = ["Declared", "type_of"]

_NAMES = frozenset(
    {"bool", "string", "binary", "large_string", "large_binary", "date32", "date64", "float16", "float32", "float64"}
    | {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}
)
_UNIT = r"(?P<unit>s|ms|us|ns)"
_LONGEST = 200
_DEEPEST = 10


@dataclass(frozen=True)
class Declared:
    """What people say of a table.

    Args:
        schema: Column → Arrow type as text, in the order of the columns.
        how_to_read: In words.
    """

    schema: Mapping[str, str] | None = None
    how_to_read: str | None = None


def type_of(column: str, text: object, depth: int = 0) -> Any:
    """The `pyarrow.DataType` that a text names, as `model.dtypes` defines it.

    Args:
        column: Whose type it is, for messages.
        text: Such as `int64`, `timestamp[us, tz=UTC]`, `decimal128(10, 2)` or `fixed_size_list<float32>[64]`.
        depth: How many lists it is in.

    Raises:
        InvalidDeclaration: the text does not name a type that can be declared.
    """
    import pyarrow

    pa: Any = pyarrow
    if not isinstance(text, str) or len(text) > _LONGEST or depth > _DEEPEST:
        raise _unknown(column, text)
    if text in _NAMES:
        return pa.type_for_alias(text)
    for pattern, make in _PATTERNS.items():
        if match := re.fullmatch(pattern, text):
            return make(pa, match, lambda inner: type_of(column, inner, depth + 1))
    raise _unknown(column, text)


def _unknown(column: str, text: object) -> InvalidDeclaration:
    return InvalidDeclaration.at(
        ["schema", column],
        f"unknown type {shown(text)}; use int64, uint64, float32, string, bool, timestamp[us, tz=UTC], "
        "fixed_size_list<float32>[64] or another of Arrow's",
    )


_PATTERNS: Mapping[str, Callable[[Any, re.Match[str], Callable[[str], Any]], Any]] = {
    rf"timestamp\[{_UNIT}(, tz=(?P<tz>[A-Za-z0-9_+:/-]+))?\]": lambda pa, found, _: pa.timestamp(
        found["unit"], found["tz"]
    ),
    rf"duration\[{_UNIT}\]": lambda pa, found, _: pa.duration(found["unit"]),
    r"decimal128\((?P<digits>[1-9]|[12]\d|3[0-8]), (?P<scale>\d|[12]\d|3[0-8])\)": lambda pa, found, _: pa.decimal128(
        int(found["digits"]), int(found["scale"])
    ),
    r"list<(?P<inner>.+)>": lambda pa, found, inner: pa.list_(inner(found["inner"])),
    r"fixed_size_list<(?P<inner>.+)>\[(?P<width>\d{1,6})\]": lambda pa, found, inner: pa.list_(
        inner(found["inner"]), int(found["width"])
    ),
}
"""How a type is written → what makes it, from pyarrow, what was found, and what makes the type inside."""

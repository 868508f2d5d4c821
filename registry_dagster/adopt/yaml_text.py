"""YAML as a person would write it, read by us and by others as the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["flow", "printable", "scalar"]

_PLAIN = re.compile(r"[A-Za-z_/][\w./@+\\-]*(?::[\w./@+-]+)*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
"""What YAML 1.1 reads as something other than text."""


def scalar(value: object) -> str:
    """One value: text without quotes where every reader takes it as that text."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    return printable(json.dumps(value, ensure_ascii=False))


def printable(text: str) -> str:
    """The text with what YAML takes for a line break, or does not read at all, as its escapes in double quotes."""
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\U{code:08x}" if code > 0xFFFF else f"\\u{code:04x}"


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return "{" + ", ".join(f"{scalar(name)}: {flow(inner)}" for name, inner in pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, cast("Sequence[Any]", value))) + "]"
    return scalar(value)

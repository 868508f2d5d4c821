"""YAML as a person would write it, read by us and by others as the same values."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

__all__ = ["flow", "scalar"]

_PLAIN = re.compile(r"[A-Za-z_/][\w./@+\\-]*(?::[\w./@+-]+)*")
_WORDS = {"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"}
"""What YAML 1.1 reads as something other than text."""


def scalar(value: object) -> str:
    """One value: text without quotes where every reader takes it as that text."""
    if isinstance(value, str):
        return (
            value if _PLAIN.fullmatch(value) and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)
        )
    return json.dumps(value)


def flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, Mapping):
        pairs = cast("Mapping[str, Any]", value).items()
        return "{" + ", ".join(f"{scalar(name)}: {flow(inner)}" for name, inner in pairs) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, cast("Sequence[Any]", value))) + "]"
    return scalar(value)

"""Others' text within Markdown: shown as it was written, so that it makes no link, image or HTML."""

from __future__ import annotations

import re

__all__ = ["code", "plain"]

_SPECIAL = re.compile(r"[\\`*\[\]<>~]|(?<!\w)_|_(?!\w)|^#")
_BREAKS = re.compile(r"\s*[\r\n]\s*")


def plain(text: object) -> str:
    """The text in one line, without meaning in Markdown or HTML."""
    return _SPECIAL.sub(r"\\\g<0>", _BREAKS.sub(" ", str(text)))


def code(text: object) -> str:
    """The text in one line, as code. A back-tick in it does not end it."""
    line = _BREAKS.sub(" ", str(text))
    if "`" not in line:
        return f"`{line}`"
    fence = "`" * (1 + max(map(len, re.findall("`+", line))))
    return f"{fence} {line} {fence}"

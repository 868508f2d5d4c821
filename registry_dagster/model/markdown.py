"""Others' text within Markdown: shown as it was written, so that it makes no link, image or HTML."""

from __future__ import annotations

import re

from registry_dagster.model.visible import visible

__all__ = ["code", "plain"]

_SPECIAL = re.compile(r"[\\`*\[\]~]|(?<=\])\(|(?<!\w)_|_(?!\w)|^#")
_BREAKS = re.compile(r"\s*[\r\n]\s*")
_ENTITY = re.compile(r"&(?=#|\w+;)")


def plain(text: object) -> str:
    """The text in one line, without meaning in Markdown or HTML."""
    escaped = _SPECIAL.sub(r"\\\g<0>", _line(text))
    return _ENTITY.sub("&amp;", escaped).replace("<", "&lt;").replace(">", "&gt;")


def code(text: object) -> str:
    """The text in one line, as code. A back-tick in it does not end it."""
    line = _line(text)
    if "`" not in line:
        return f"`{line}`"
    fence = "`" * (1 + max(map(len, re.findall("`+", line))))
    return f"{fence} {line} {fence}"


def _line(text: object) -> str:
    """One line; what steers a terminal, should the page be printed on one, is shown as an escape."""
    return visible(_BREAKS.sub(" ", str(text)))

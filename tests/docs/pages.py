"""The pages for people, and the code that they show."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

__all__ = ["DOCS", "PAGES", "ROOT", "Block", "blocks"]

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]

_FENCED = re.compile(r"^( *)```(\S*)[^\n]*\n(.*?)^\1```$", flags=re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block.

    Args:
        language: What stands behind the fence; empty when nothing does.
        text: Its content, not indented.
        line: Where its content begins in the page.
    """

    language: str
    text: str
    line: int


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in order, all or those in some languages."""
    text = page.read_text(encoding="utf-8")
    found = [
        Block(each[2], textwrap.dedent(each[3]), text.count("\n", 0, each.start()) + 2)
        for each in _FENCED.finditer(text)
    ]
    return [block for block in found if not languages or block.language in languages]

"""Others' text, shown so that nothing in it steers a terminal or reorders a page."""

from __future__ import annotations

import re

__all__ = ["UNSEEN", "visible"]

UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
"""What steers a terminal, reorders what is read, or cannot be written."""


def visible(text: object) -> str:
    """A text as people see it: what would steer a terminal or reorder a page is shown as an escape, such as \\x1b."""
    return UNSEEN.sub(lambda found: ascii(found[0])[1:-1], str(text))

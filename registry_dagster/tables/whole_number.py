"""A version that people give by its number."""

from __future__ import annotations

__all__ = ["whole_number"]


def whole_number(version: int | str | None) -> int | None:
    """The number that a version is given by; None for a name, and for no version."""
    text = str(version)
    # Other scripts have digits too, but no format numbers its versions with them.
    return int(text) if text.isascii() and text.isdecimal() else None

"""One run of the program: what it was given, and what it did so far."""

from __future__ import annotations

__all__ = ["Done", "Given"]


class Given:
    """What the program itself was given, before the command's name."""

    debug = False
    registry: str | None = None
    command: str | None = None


class Done:
    """What the command did so far, should its output be lost."""

    recorded = False
    shown = False
    """Whether anything was shown: a list, a progress bar."""
    project: str | None = None
    """The project file, if it says where the registry is kept."""

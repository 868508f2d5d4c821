"""What may be read or written by another user than the one who made it."""

from __future__ import annotations

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["another_user"]

_NOBODY = 65534


@contextmanager
def another_user(folder: Path, mode: int) -> Generator[None, None, None]:
    """A while as a user with these rights to a folder. What is imported meanwhile may be out of that user's reach.

    Args:
        folder: In a directory that pytest made.
        mode: Such as 0o555, to read it and not to write it.
    """
    before, root = folder.stat().st_mode, os.geteuid() == 0
    folder.chmod(mode)
    if root:
        for parent in list(folder.parents)[:3]:
            parent.chmod(parent.stat().st_mode | 0o055)
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
        folder.chmod(before)

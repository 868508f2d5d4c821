"""Real git work trees."""

from __future__ import annotations

import subprocess
from pathlib import Path

__all__ = ["commit_all"]


def commit_all(folder: Path, remote: str | None = None) -> str:
    """Make a folder a work tree of which everything is committed. Gives the commit."""
    for words in (
        ("init", "-q"),
        *([("remote", "add", "origin", remote)] if remote else []),
        ("add", "."),
        ("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "first"),
    ):
        subprocess.run(["git", "-C", folder, *words], check=True)
    head = subprocess.run(["git", "-C", folder, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return head.stdout.strip()

"""`feature-registry`: the registry from a terminal.

One module for each group of commands. It parses options, calls the registry and prints; it decides nothing.
"""

from __future__ import annotations

try:
    from registry_dagster.cli.app import app, main
except KeyboardInterrupt:
    # Loading takes a moment; who stops the program by then wants no traceback.
    raise SystemExit(130) from None

__all__ = ["app", "main"]

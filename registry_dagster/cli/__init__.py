"""`feature-registry`: the registry from a terminal.

One module for each group of commands. It parses options, calls the registry and prints; it decides nothing.
"""

from __future__ import annotations

try:
    from registry_dagster.cli import (
        acts,
        adopt,
        cite,
        config,
        doctor,
        export,
        find,
        init,
        inspect,
        join,
        materializations,
        mcp,
        mirror,
        places,
        publish,
        push,
        review,
        show,
        site,
        verify,
    )
    from registry_dagster.cli.app import app, main
except KeyboardInterrupt:
    # Loading takes a second; who stops the program by then wants no traceback.
    raise SystemExit(130) from None

__all__ = [
    "acts",
    "adopt",
    "app",
    "cite",
    "config",
    "doctor",
    "export",
    "find",
    "init",
    "inspect",
    "join",
    "main",
    "materializations",
    "mcp",
    "mirror",
    "places",
    "publish",
    "push",
    "review",
    "show",
    "site",
    "verify",
]

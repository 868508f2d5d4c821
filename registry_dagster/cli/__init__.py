"""`feature-registry`: the registry from a terminal.

One module for each group of commands. It parses options, calls the registry and prints; it decides nothing.
"""

from __future__ import annotations

from registry_dagster.cli import (
    acts,
    adopt,
    doctor,
    find,
    init,
    inspect,
    join,
    materializations,
    publish,
    push,
    show,
    verify,
)
from registry_dagster.cli.app import app, main

__all__ = [
    "acts",
    "adopt",
    "app",
    "doctor",
    "find",
    "init",
    "inspect",
    "join",
    "main",
    "materializations",
    "publish",
    "push",
    "show",
    "verify",
]

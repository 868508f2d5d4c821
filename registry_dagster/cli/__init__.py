"""`feature-registry`: the registry from a terminal.

One module for each group of commands. It parses options, calls the registry and prints; it decides nothing.
"""

from __future__ import annotations

import gc
import os

__all__ = ["main"]

_OBJECTS = 100_000
"""How many are made before unused ones are looked for."""


def main() -> None:
    """Run the command line. `feature-registry --help` explains the exit codes."""
    # What is loaded is no garbage, and looking for some between takes a sixth of the time in which a command starts.
    gc.set_threshold(_OBJECTS)
    # Pydantic would read the metadata of every installed package, in search of plug-ins for its validators.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")
    try:
        from registry_dagster.cli.app import run
    except KeyboardInterrupt:
        # Loading takes a moment; who stops the program by then wants no traceback.
        raise SystemExit(130) from None
    run()

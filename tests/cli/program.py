"""The command, run as its entry point runs it, but in this process.

`test_streams.py` runs real processes.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from unittest import mock

from registry_dagster.cli import main
from registry_dagster.cli.run import Done, Given
from tests.in_process import run_in_process

__all__ = ["Run", "run_command"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_command(
    words: tuple[str, ...], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """What the command prints in a folder and an environment, and its exit code."""
    with (
        mock.patch.multiple(Done, recorded=False, shown=False, project=None),
        mock.patch.multiple(Given, debug=False, registry=None, command=None),
    ):
        return run_in_process(main, ["feature-registry", *words], environment, folder)

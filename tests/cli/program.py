"""The command, run as its entry point runs it, but in this process: a process of its own takes a second to start.

`test_streams.py` runs real processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from unittest import mock

from registry_dagster.cli.app import main
from registry_dagster.cli.run import Done, Given

__all__ = ["Run", "run_command"]

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def run_command(
    words: tuple[str, ...], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """What the command prints in a folder and an environment, and its exit code."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", ["feature-registry", *words]),
        mock.patch.multiple(Done, recorded=False, shown=False, project=None),
        mock.patch.multiple(Given, debug=False, registry=None, command=None),
        # The program takes over both streams by their descriptors.
        mock.patch.multiple(sys, stdout=sys.__stdout__, stderr=sys.__stderr__),
        _in_folder(folder),
    ):
        with _descriptor(1, out), _descriptor(2, err):
            code = _exit_code()
        return subprocess.CompletedProcess(words, code, _text(out), _text(err))


def _exit_code() -> int:
    try:
        main()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@contextmanager
def _descriptor(number: int, file: IO[bytes]) -> Iterator[None]:
    """Let a descriptor lead to a file."""
    before = os.dup(number)
    os.dup2(file.fileno(), number)
    try:
        yield
    finally:
        os.dup2(before, number)
        os.close(before)


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """As contextlib.chdir, which Python 3.10 lacks."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)

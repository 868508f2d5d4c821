"""A program, run as its entry point runs it, but in this process: one of its own takes a second or more to start."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO
from unittest import mock

__all__ = ["run_in_process"]


def run_in_process(
    main: Callable[[], object], command: Sequence[str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    """What a program prints in a folder and an environment, and its exit code."""
    with (
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as err,
        mock.patch.dict(os.environ, environment, clear=True),
        mock.patch.object(sys, "argv", list(command)),
        # The program may take over both streams by their descriptors.
        mock.patch.multiple(sys, stdout=sys.__stdout__, stderr=sys.__stderr__),
        _in_folder(folder),
    ):
        with _descriptor(1, out), _descriptor(2, err):
            code = _exit_code(main)
        return subprocess.CompletedProcess(command, code, _text(out), _text(err))


def _exit_code(main: Callable[[], object]) -> int:
    try:
        main()
    except SystemExit as end:
        if end.code is None:
            return 0
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

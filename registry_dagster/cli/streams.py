"""The program's standard streams: output that cannot be written ends no command, and its exit code stays its own."""

from __future__ import annotations

import errno
import io
import logging
import os
import sys
from typing import TextIO

from typing_extensions import Buffer

from registry_dagster.model.visible import visible

__all__ = ["Kept", "VisibleFormatter", "keep_writable"]

_NOBODY_READS = {errno.EPIPE, errno.EBADF}


class Kept(io.FileIO):
    """A file descriptor that takes whatever is written, and remembers why the first of it was lost."""

    _lost: OSError | None = None

    def write(self, b: Buffer, /) -> int | None:
        """Write bytes; after a failure drop them."""
        if self._lost is None:
            try:
                return super().write(b)
            except OSError as error:
                self._lost = error
        return memoryview(b).nbytes

    @property
    def lost(self) -> str | None:
        """Why output was lost, if somebody wanted it: who closes a pipe, as `head` does, has seen enough."""
        if self._lost is None or self._lost.errno in _NOBODY_READS:
            return None
        return self._lost.strerror


class VisibleFormatter(logging.Formatter):
    """Log messages may repeat others' text too."""

    def format(self, record: logging.LogRecord) -> str:
        """The message as `visible` shows it."""
        return visible(super().format(record))


def keep_writable() -> Kept:
    """Take over stdout and stderr. Gives what stdout writes to."""
    sys.stderr, _ = _kept(sys.stderr, 2)
    sys.stdout, stdout = _kept(sys.stdout, 1)
    return stdout


def _kept(stream: TextIO | None, descriptor: int) -> tuple[TextIO, Kept]:
    if stream is None:
        # Closed by who started the program. Python gives no stream then, and the next file opened takes its number.
        descriptor = os.open(os.devnull, os.O_WRONLY)
    kept = Kept(descriptor, "w", closefd=False)
    text = io.TextIOWrapper(
        io.BufferedWriter(kept),
        encoding=stream.encoding if stream else "utf-8",
        errors=(stream.errors if stream else None) or "strict",
        line_buffering=kept.isatty() or descriptor == 2,
    )
    return text, kept

"""A JSON file that a command is given."""

from __future__ import annotations

import sys
from pathlib import Path

from registry_dagster.errors import RegistryError
from registry_dagster.tables.json_text import strict_json_value

__all__ = ["json_file"]

_MOST_BYTES = 64 * 1024 * 1024


def json_file(file: str) -> object:
    """The JSON in a file, or in standard input for `-`.

    Raises:
        RegistryError: it cannot be read, is too large, or is not JSON.
    """
    try:
        text = sys.stdin.buffer.read(_MOST_BYTES + 1) if file == "-" else _read(Path(file).expanduser())
        if len(text) > _MOST_BYTES:
            raise RegistryError(f"{file} is larger than {_MOST_BYTES:,} bytes; give less at once")
        return strict_json_value(text)
    except (OSError, ValueError) as error:
        raise RegistryError(f"{file} cannot be read as JSON: {error}") from error


def _read(path: Path) -> bytes:
    with path.open("rb") as opened_file:
        return opened_file.read(_MOST_BYTES + 1)

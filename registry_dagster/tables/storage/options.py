"""Storage options by fsspec's names: credentials and the like, which are used and never recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry_dagster.errors import TableError

__all__ = [
    "AZURE",
    "GCS",
    "HTTP",
    "S3",
    "OptionsOf",
    "StorageOptions",
    "options_of",
    "prepared",
    "scheme_of",
]

StorageOptions = Mapping[str, Any]
"""Options of a store by fsspec's names, `timeout`: seconds to wait for one answer, and `follow`: see `places`."""

OptionsOf = StorageOptions | Callable[[str], StorageOptions | None]
"""Storage options of every table, or a function that gives them for a location."""

S3 = {"s3", "s3a"}
GCS = {"gs", "gcs"}
AZURE = {"abfs", "abfss", "az"}
HTTP = {"http", "https"}
_SECONDS = 10.0
_SWITCHES = {"anon", "requester_pays", "use_ssl"}


def options_of(options: OptionsOf | None, location: str) -> StorageOptions | None:
    """The options of the store of a location."""
    return options(location) if callable(options) else options


def scheme_of(location: str) -> str:
    """The scheme of a URI, in lower case; that of a plain path is `file`."""
    scheme, separator, _ = location.partition("://")
    return scheme.lower() if separator else "file"


def prepared(options: StorageOptions | None) -> tuple[dict[str, Any], float]:
    """The options without `timeout` and `follow`, with switches given as text made booleans; and the timeout.

    Raises:
        TableError: the timeout is not a positive number.
    """
    own = dict(options or {})
    own.pop("follow", None)
    for name in own.keys() & _SWITCHES:
        own[name] = _switch(own[name])
    seconds = _number(own.pop("timeout", None) or _SECONDS)
    if not 0 < seconds < float("inf"):
        raise TableError("storage_options: timeout must be a number of seconds above 0.")
    return own, seconds


def _switch(value: Any) -> Any:
    return value.strip().lower() in {"1", "on", "true", "yes"} if isinstance(value, str) else value


def _number(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        return 0.0

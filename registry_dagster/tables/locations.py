"""Where a table is, as one URI: absolute, without credentials."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from registry_dagster.errors import TableError, UnsafeLocation

__all__ = ["local_path", "normalise", "plain_text"]

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_CONTAINER_BEFORE_AT = {"abfs", "abfss", "wasb", "wasbs"}


def normalise(uri: str | os.PathLike[str]) -> str:
    """The location of a table: a `file://` URI for a local path, any other URI as it stands.

    Local paths become absolute, their symbolic links resolved. A trailing slash is dropped.

    Raises:
        UnsafeLocation: the URI carries a credential, or parts that could hold one.
        TableError: it is no location.
    """
    text = os.fspath(uri)
    if not text or "\0" in text:
        raise TableError("The table's location is empty or holds a NUL; give a path or a URI.")
    if not _URI.match(text):
        if "://" in text:
            raise TableError(
                "A table's location must be a path or one plain URI such as s3://bucket/table. "
                "A chain of URIs (a::b://c) is not read; name the inner one."
            )
        return Path(text).resolve().as_uri()
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise TableError("The table's location is no well-formed URI; write it as s3://bucket/table.") from error
    _refuse_credentials(text, parts)
    if parts.scheme == "file":
        if parts.netloc not in {"", "localhost"}:
            raise TableError(f"{text} names the host {parts.netloc!r}; write file:///absolute/path (three slashes).")
        return Path(unquote(parts.path)).resolve().as_uri()
    return text.rstrip("/")


def local_path(location: str) -> Path | None:
    """The path of a `file://` location; None for any other."""
    parts = urlsplit(location)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def plain_text(error: BaseException) -> str:
    """The first line of another library's error, without terminal colours or source positions."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", str(error)).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return re.sub(r"(, )?/\S+\.rs:\d+:\d+", "", first)[:300]


def _refuse_credentials(text: str, parts: SplitResult) -> None:
    user, at, host = parts.netloc.rpartition("@")
    port = host.rpartition(":")[2] if ":" in host else ""
    secret_user = bool(at) and (":" in user or parts.scheme not in _CONTAINER_BEFORE_AT)
    if secret_user or not re.fullmatch(r"\d*\]?", port):
        _, slashed_secret, path = parts.path.rpartition("@")
        clean = f"{host}{parts.path}" if at else path if slashed_secret else "…"
        raise UnsafeLocation(_message("a user name or password before the bucket or host", f"{parts.scheme}://{clean}"))
    if "?" in text or "#" in text:
        clean = text.partition("?")[0].partition("#")[0]
        raise UnsafeLocation(_message("a query string or fragment, which may hold a signature or token", clean))


def _message(what: str, clean: str) -> str:
    return (
        f"The table's location carries {what} (not repeated here). Locations are published, so write it "
        f"as {clean} and give credentials through storage_options or the environment."
    )

"""Where a table is, as one URI: absolute, without credentials."""

from __future__ import annotations

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from registry_dagster.errors import TableError, TableUnreachable, UnsafeLocation
from registry_dagster.model.secrets import credential_in
from registry_dagster.tables.storage.deadline import within

__all__ = [
    "below",
    "local_path",
    "normalise",
    "nothing_stored",
    "plain_text",
]

_URI = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_CHAIN = re.compile(r"::[A-Za-z][A-Za-z0-9+.-]+://")
_SECONDS = 10.0
_LONGEST = 4000
"""Characters of a location, or of another library's error, that a pattern is tried on."""

_ONE_SLASH = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/(?!/)")


def normalise(uri: str | os.PathLike[str]) -> str:
    """The location of a table: a `file://` URI for a local path, any other URI as it was given.

    Local paths become absolute, their symbolic links resolved. A trailing slash is dropped, and the scheme
    is written in lower case.

    Raises:
        UnsafeLocation: the URI carries a credential, or parts that could hold one.
        TableError: it is not a location.
    """
    text = os.fspath(uri)
    _refuse_other_forms(text)
    if (scheme := _URI.match(text)) is not None:
        return _uri(text, len(scheme[1]))
    _refuse_credentials(text)
    return _file(Path(text))


def _refuse_other_forms(text: str) -> None:
    """Refuse what is neither a path nor one URI. No message repeats it: it may hold a credential."""
    if len(text) > _LONGEST:
        raise TableError(f"The table's location is {len(text):,} characters long; {_LONGEST:,} are the most.")
    if not text or "\0" in text:
        raise TableError("The table's location is empty or contains a NUL character; give a path or a URI.")
    if _has_uri_inside(text):
        raise TableError(
            "A table's location must be a path or one plain URI such as s3://bucket/table. "
            "Chains of URIs (a::b://c) are not supported; give the inner one, without credentials."
        )
    if _ONE_SLASH.match(text):
        raise TableError(
            "The table's location starts like a URI with one slash. Write a URI with two, such as "
            "s3://bucket/table, or a path with ./ before it."
        )


_ODD_PATHS = {
    re.compile(r"/~[^/]*(/|$)"): "; only a shell replaces ~, so write the path in full",
    re.compile(r"/[A-Za-z]:\\|/\\\\"): "; it is a path of Windows, so write it as this machine sees that folder",
    re.compile(r"[*?]|\[.*\]"): "; a pattern is not a table, so name its folder, or one file",
}
"""How a path looks that nobody can have meant → what to do."""


def _has_uri_inside(text: str) -> bool:
    """Whether a URI begins anywhere but at the start."""
    return _CHAIN.search(text) is not None or ("://" in text and not _URI.match(text))


def local_path(location: str) -> Path | None:
    """The path of a `file://` location, or of one that was recorded as a plain path; None for any other."""
    if "://" not in location:
        return Path(location)
    parts = urlsplit(location)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def nothing_stored(location: str) -> str:
    """Words for a location where nothing is; for a path that is written for a shell or for Windows, what to write."""
    path = unquote(location)
    found = next((hint for form, hint in _ODD_PATHS.items() if form.search(path)), "")
    return f"Nothing is stored at {location}. Check the location{found}."


def below(location: str, path: str) -> str:
    """The place of what is stored below a location; the location itself for an empty path."""
    return f"{location}/{path}" if path else location


def plain_text(error: BaseException) -> str:
    """The first line of another library's error, without terminal colours or source positions."""
    text = re.sub(r"\x1b\[[0-9;]{0,20}m", "", str(error)[:_LONGEST]).strip()
    first = text.splitlines()[0] if text else type(error).__name__
    return re.sub(r"(, )?/\S+\.rs:\d+:\d+", "", first)[:300]


def _uri(text: str, scheme_length: int) -> str:
    if not text.isprintable():
        raise TableError("The table's location contains a line break or another unprintable character; remove it.")
    _refuse_credentials(text)
    try:
        parts = urlsplit(text)
    except ValueError:
        raise TableError("The table's location is not a well-formed URI; write it as s3://bucket/table.") from None
    if parts.scheme != "file":
        # Nothing but the scheme's case is touched: `//` or `%20` in a key may be what the store knows it by.
        return f"{parts.scheme}{text[scheme_length:]}".rstrip("/")
    if parts.netloc not in {"", "localhost"}:
        raise TableError(f"{text} names the host {parts.netloc!r}; write file:///absolute/path (three slashes).")
    return _file(Path(unquote(parts.path)))


def _file(path: Path) -> str:
    try:
        location = within(_SECONDS, path.resolve).as_uri()
    except TimeoutError:
        raise TableUnreachable(
            f"{path}: the disk gave no answer within {_SECONDS:g} s. If it is a network mount, check its server."
        ) from None
    except (OSError, RuntimeError) as error:
        raise TableError(f"{path} cannot be resolved ({type(error).__name__}). Check its symbolic links.") from error
    _refuse_credentials(location)
    return location


def _refuse_credentials(location: str) -> None:
    if found := credential_in(location):
        raise UnsafeLocation(
            f"The table's location carries {found.what} (not repeated here). Locations are published, so write it "
            f"as {found.clean} and give credentials through storage_options or the environment."
        )

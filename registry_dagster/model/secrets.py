"""What a published location must never contain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple
from urllib.parse import unquote

from registry_dagster.model.secret_forms import decodings, first_secret

__all__ = ["Credential", "credential_in", "secret_in"]

_URI = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]+)://(?P<authority>[^/?#]*)(?P<rest>.*)", re.IGNORECASE | re.DOTALL)
_CONTAINER_BEFORE_AT = {"abfs", "abfss", "az", "wasb", "wasbs"}
_CONTAINER = re.compile(r"\$?[a-z0-9-]+")
_HOST = re.compile(r"(\[[^\]]*\]|[^:]*)(:\d+)?")
_HOST_AND_PORT = re.compile(r"[^:]*:\d{1,5}")


class Credential(NamedTuple):
    """What in a location is, or may hold, a credential.

    Args:
        what: In words that do not repeat it.
        clean: The location without it; `…` replaces what cannot be separated from it.
    """

    what: str
    clean: str


def credential_in(location: str, *, recorded: bool = False) -> Credential | None:
    """What in a location is a credential, or could hold one; None if nothing does.

    It refuses a user or password before the host, query strings and fragments, and in the path the
    parameters of signed links (AWS, Google, Azure, CloudFront), connection strings, access key ids, JSON
    web tokens and the tokens of well-known services, also when they are percent-encoded.

    Args:
        location: Measured by the caller.
        recorded: Whether it was published before: forms that became known later are then taken.
    """
    what = _what(location, recorded)
    if what is None:
        return None
    return Credential(what, next(form for form in _clean_forms(location) if _what(form, recorded=False) is None))


def _what(location: str, recorded: bool) -> str | None:
    uri = _URI.fullmatch(location)
    return (_what_in_uri(uri) if uri else None) or secret_in(location, recorded=recorded)


def _what_in_uri(uri: re.Match[str]) -> str | None:
    user, at, host = uri["authority"].rpartition("@")
    if (at and not _is_container(user, uri["scheme"])) or not _HOST.fullmatch(host):
        return "a user name or password before the bucket or host"
    if re.search(r"[?#]", uri["rest"]):
        return "a query string or fragment, which may hold a signature or token"
    return None


def _is_container(user: str, scheme: str) -> bool:
    """Whether what comes before the @ is a container, as Azure writes it."""
    return scheme.lower() in _CONTAINER_BEFORE_AT and _CONTAINER.fullmatch(user) is not None


def secret_in(text: str, *, recorded: bool = False) -> str | None:
    """What in a text is a credential by its form, also percent-encoded; None if nothing is."""
    found = (first_secret(form, recorded=recorded) for form in decodings(text))
    return next((secret[1] for secret in found if secret), None)


def _before_it(location: str) -> str:
    """What comes before the first credential, decoded as far as it takes to see that one."""
    text = location
    for text in decodings(location):
        if secret := first_secret(text):
            return text[: secret[0]]
    return text


def _without_user(uri: re.Match[str]) -> str:
    """What comes after the scheme, without a user and password."""
    user, at, host = uri["authority"].rpartition("@")
    if at and _HOST_AND_PORT.fullmatch(user):
        # Host and secret are the wrong way round.
        return "…"
    if at or _HOST.fullmatch(host):
        kept = f"{user}@" if _is_container(user, uri["scheme"]) else ""
        return f"{kept}{host}{uri['rest']}"
    # A secret may hold a slash, and then the host comes after it.
    return uri["rest"].rpartition("@")[2] if "@" in uri["rest"] else "…"


def _clean_forms(location: str) -> Iterator[str]:
    """The location with less and less of it."""
    uri = _URI.fullmatch(location)
    if uri is None:
        yield "…"
        return
    scheme, place = uri["scheme"], _without_user(uri)
    yield f"{scheme}://{re.split(r'[?#]', place)[0]}"
    decoded = f"{scheme}://{re.split(r'[?&;#]', unquote(place))[0]}"
    if unquote(_before_it(f"{scheme}://{place}")).startswith(decoded):
        # Else decoding may have made it unrecognisable.
        yield decoded
    yield f"{scheme}://…"

"""Addresses of servers and tokens for them: what may be sent where, before anything is sent."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import NamedTuple
from urllib.parse import SplitResult, urlsplit

from registry_dagster.errors import RegistryError, RegistryUnavailable

__all__ = ["ALLOW_HTTP", "Service", "checked_token", "is_safe", "is_token", "server_address"]

ALLOW_HTTP = "FEATURE_REGISTRY_ALLOW_HTTP"


@dataclass(frozen=True)
class Service:
    """The kind of server that a client talks to, for its messages and errors.

    Args:
        name: With its article, e.g. `a DataHub server`.
        secret: What must not go in the clear.
        set_as: Where people set it, e.g. the name of an environment variable.
        refused: The error for an address or a token that must be corrected.
        unavailable: The error where trying again may help.
    """

    name: str = "a server"
    secret: str = "the token"
    set_as: str = "an argument"
    refused: type[RegistryError] = RegistryError
    unavailable: type[RegistryError] = RegistryUnavailable


class _Place(NamedTuple):
    scheme: str
    host: str
    port: int | None

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{f':{self.port}' if self.port else ''}"


def server_address(text: str, service: Service, *, sends_secret: bool) -> str:
    """An address without a slash at its end.

    Args:
        text: `https://host:port`, perhaps with a path.
        service: The kind of server.
        sends_secret: Whether requests will carry a token or password.

    Raises:
        RegistryError: `service.refused`: it is not an address, has a user, password, query or fragment, or would
            send a secret in the clear. No part that may be secret is repeated.
    """
    parts, place = _split(text, service)
    if _has_more_than_a_server(parts):
        raise service.refused(
            f"the address of {service.name} has more than a server in it, which is not repeated here: "
            f"write {place}{parts.path} and give {service.secret} as {service.set_as}"
        )
    if sends_secret:
        _refuse_clear_text(place, service)
    return text.rstrip("/")


def is_token(text: str) -> bool:
    """Whether a text can be sent as a token: visible ASCII characters without blanks."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def _split(text: str, service: Service) -> tuple[SplitResult, _Place]:
    problem = f"the address of {service.name} must be https://host or https://host:port"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise service.refused(problem) from None
    if parts.scheme not in ("http", "https") or not host:
        raise service.refused(problem)
    return parts, _Place(parts.scheme, host, port)


def _has_more_than_a_server(parts: SplitResult) -> bool:
    """Whether an address has a user, a password, a query or a fragment, also an empty user."""
    return "@" in parts.netloc or bool(parts.query or parts.fragment)


def checked_token(token: str | None, service: Service) -> str | None:
    text = (token or "").strip()
    if text and not is_token(text):
        raise service.refused("the token has blanks, line breaks or other characters that no token has; copy it again")
    return text or None


def _refuse_clear_text(place: _Place, service: Service) -> None:
    if not is_safe(place.scheme, place.host):
        raise service.refused(
            f"{place} would send {service.secret} in the clear; write {place._replace(scheme='https')}, or set "
            f"{ALLOW_HTTP}={place.host} if you trust the network between"
        )


def is_safe(scheme: str, host: str) -> bool:
    """Whether a secret may be sent there."""
    allowed = {name.strip().lower() for name in os.environ.get(ALLOW_HTTP, "").split(",")}
    return scheme == "https" or (scheme == "http" and (host in allowed or _is_this_machine(host)))


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"

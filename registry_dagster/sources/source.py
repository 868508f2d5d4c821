"""What every source is and tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import urlsplit

from registry_dagster.errors import InvalidDeclaration, SourceError
from registry_dagster.model.materialization import MaterializationVersion

__all__ = ["Told", "Upstream", "server_address", "version_or_note"]


@dataclass(frozen=True)
class Told:
    """What a source tells.

    Args:
        versions: Its materialization versions.
        notes: What was left out, and why; for people.
    """

    versions: tuple[MaterializationVersion, ...]
    notes: tuple[str, ...] = ()


class Upstream(Protocol):
    """A source of materialization versions."""

    @property
    def name(self) -> tuple[str, ...]:
        """What it is called, from the general to the particular, such as `("cave", "minnie65_public")`."""
        ...

    def ask(self) -> Told:
        """Ask for the versions as they are now.

        Raises:
            SourceError: it does not tell.
            SourceUnavailable: it cannot be reached.
        """
        ...


_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def server_address(server: str) -> str:
    """`https://host` of a server; https is added where nothing is said.

    Raises:
        SourceError: the address carries more than a server, or a token would travel in the clear.
    """
    address = server if "://" in server else f"https://{server}"
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise SourceError("the address of a server is written https://host, https://host:port or host")
    clean = f"{host}:{port}" if port else host
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise SourceError(f"the address of {clean} carries more than a server; leave the token to the environment")
    if parts.scheme == "http" and host not in _LOOPBACK:
        raise SourceError(f"http://{clean} would send the token in the clear; write https://{clean}")
    return address.rstrip("/")


def version_or_note(facts: Mapping[str, Any]) -> MaterializationVersion | str:
    """A version of its facts; or, where they make none, what is wrong with them in one line."""
    try:
        return MaterializationVersion(**facts)
    except InvalidDeclaration as error:
        problem = str(error).removeprefix("MaterializationVersion:").replace("\n", " ").strip()
        return f"{facts.get('system')}@{facts.get('version')}: left out; {problem}"

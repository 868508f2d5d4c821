"""The service that signs links to published tables, if a lab runs one. The registry only names it."""

from __future__ import annotations

from urllib.parse import urlsplit

from registry_dagster.cli.given import settings_for
from registry_dagster.errors import RegistryError
from registry_dagster.model.secrets import credential_in
from registry_dagster.registry.settings import SIGNING_VARIABLE

__all__ = ["signing_service"]


def signing_service() -> str | None:
    """Address of the signing service, from the environment variable FEATURE_REGISTRY_SIGNING or the project file.

    Raises:
        RegistryError: it is not an http:// or https:// address, or it holds a credential.
    """
    address, origin = settings_for().signing_service
    if not address:
        return None
    if not _is_plain(address):
        raise RegistryError(
            f"{_name(origin)} is not an address that can be shown: set it to e.g. https://sign.lab.org/links, "
            "without a user name, password or token"
        )
    return address


def _name(origin: str) -> str:
    return origin if origin == SIGNING_VARIABLE else f"signing_service in {origin}"


def _is_plain(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname is not None and credential_in(address) is None

"""The service that signs links to published tables, if a lab runs one. The registry only names it."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from registry_dagster.errors import RegistryError
from registry_dagster.model.secrets import credential_in

__all__ = ["SIGNING_VARIABLE", "signing_service"]

SIGNING_VARIABLE = "FEATURE_REGISTRY_SIGNING"


def signing_service() -> str | None:
    """Address of the signing service, from the environment variable FEATURE_REGISTRY_SIGNING.

    Raises:
        RegistryError: it is not an http:// or https:// address, or it holds a credential.
    """
    address = os.environ.get(SIGNING_VARIABLE)
    if not address:
        return None
    if not _is_plain(address):
        raise RegistryError(
            f"{SIGNING_VARIABLE} is not an address that can be shown: set it to e.g. https://sign.lab.org/links, "
            "without a user name, password or token"
        )
    return address


def _is_plain(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.hostname is not None and credential_in(address) is None

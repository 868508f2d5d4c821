"""The service that signs links to published tables, where a lab runs one. The registry only names it."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from registry_dagster.errors import RegistryError

__all__ = ["SIGNING_VARIABLE", "signing_service"]

SIGNING_VARIABLE = "FEATURE_REGISTRY_SIGNING"


def signing_service() -> str | None:
    """Address of the signing service, from the environment variable FEATURE_REGISTRY_SIGNING.

    Raises:
        RegistryError: it is no plain http:// or https:// address, or carries a credential.
    """
    address = os.environ.get(SIGNING_VARIABLE)
    if not address:
        return None
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc or parts.query:
        raise RegistryError(
            f"{SIGNING_VARIABLE} is no address to show: write it as https://sign.lab.org/links, without a user name, "
            "password or token"
        )
    return address

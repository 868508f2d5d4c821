"""The address of a DataHub server and the token for it: from the caller, the environment or DataHub's own settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import yaml

from registry_dagster.errors import RegistryError
from registry_dagster.model.canonical_json import is_json_object

__all__ = ["server_and_token"]

_TOKEN_VARIABLE = "DATAHUB_GMS_TOKEN"


def server_and_token(target: str, token: str | None) -> tuple[str, str | None]:
    """The address of the server and the token to send to it.

    Args:
        target: An address, or `datahub` for the server named in `~/.datahubenv`.
        token: The caller's. Default: DATAHUB_GMS_TOKEN, else the token in `~/.datahubenv` if it is for this server.

    Raises:
        RegistryError: the target is `datahub`, and `~/.datahubenv` does not give a server.
    """
    address = _default_server() if target == "datahub" else target.rstrip("/")
    return address, token or os.environ.get(_TOKEN_VARIABLE) or _token_for(address)


def _default_server() -> str:
    server = _server_in(_settings())
    if not server:
        raise RegistryError("~/.datahubenv does not give a server; run `datahub init`, or give the address itself")
    return server


def _token_for(address: str) -> str | None:
    settings = _settings()
    token = settings.get("token") if address == _server_in(settings) else None
    return str(token) if token else None


def _server_in(settings: dict[str, Any]) -> str:
    return str(settings.get("server") or "").rstrip("/")


def _settings() -> dict[str, Any]:
    path = Path.home() / ".datahubenv"
    try:
        settings: object = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RegistryError(f"{path} cannot be read ({type(error).__name__}); run `datahub init` again") from None
    gms: object = settings.get("gms") if is_json_object(settings) else None
    return gms if is_json_object(gms) else {}

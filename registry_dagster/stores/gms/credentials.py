"""The connection to a DataHub server: from the caller, the environment or the settings of DataHub's own clients.

`~/.datahubenv` is for the server that it names: nothing of it is used for another one.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml

from registry_dagster.errors import RegistryError
from registry_dagster.http import Connection, HttpClient, Service
from registry_dagster.model.canonical_json import is_json_object
from registry_dagster.stores.targets import server_in_environment

__all__ = ["DATAHUB", "client_for"]

DATAHUB = Service("a DataHub server", set_as="DATAHUB_GMS_TOKEN")

_log = logging.getLogger(__name__)
_N = TypeVar("_N", int, float)

_TOKEN_VARIABLE = "DATAHUB_GMS_TOKEN"
_FILE = "~/.datahubenv"
_TIMEOUT = (5.0, 60.0)
_RETRIES = 4


def client_for(target: str, token: str | None) -> HttpClient:
    """A client of the server.

    Args:
        target: An address, or `datahub` for the server that DataHub's own clients would take: that of the
            environment, else that of `~/.datahubenv`.
        token: The caller's. Default: DATAHUB_GMS_TOKEN, else the token in `~/.datahubenv` if it is for this server.

    Raises:
        RegistryError: no server is given, or the settings cannot be used.
    """
    address = _default_server() if target == "datahub" else target.rstrip("/")
    given = token or os.environ.get(_TOKEN_VARIABLE)
    # Settings that are not needed need not be readable, as on a machine where another program wrote them.
    settings = _settings_for(address, needed=not given)
    return HttpClient(
        address,
        given or _token_in(settings),
        service=DATAHUB,
        connection=_connection(settings),
        timeout=_timeout(settings),
        retries=_number(settings, "retry_max_times", int, _RETRIES),
    )


def _default_server() -> str:
    server = server_in_environment() or _server_in(_settings())
    if not server:
        raise RegistryError(
            f"{_FILE} does not give a server; run `datahub init`, set DATAHUB_GMS_URL, or give the address itself"
        )
    return server.rstrip("/")


def _server_in(settings: Mapping[str, Any]) -> str:
    return str(settings.get("server") or "").rstrip("/")


def _settings_for(address: str, needed: bool) -> Mapping[str, Any]:
    """What the file says of this server; nothing if it is for another."""
    try:
        settings = _settings()
    except RegistryError:
        if needed:
            raise
        return {}
    return settings if address == _server_in(settings) else {}


def _settings() -> Mapping[str, Any]:
    path = Path.home() / ".datahubenv"
    if os.environ.get("DATAHUB_SKIP_CONFIG", "").lower() == "true":
        return {}
    try:
        settings: object = yaml.safe_load(path.read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise RegistryError(f"{path} cannot be read ({type(error).__name__}); run `datahub init` again") from None
    gms: object = settings.get("gms") if is_json_object(settings) else None
    return gms if is_json_object(gms) else {}


def _token_in(settings: Mapping[str, Any]) -> str | None:
    if settings.get("auth"):
        raise RegistryError(
            f"{_FILE} signs in by `auth`, which is not supported here; set DATAHUB_GMS_TOKEN to a personal access token"
        )
    return str(settings["token"]) if settings.get("token") else None


def _connection(settings: Mapping[str, Any]) -> Connection:
    return Connection(_headers(settings), _verify(settings), _certificate(settings))


def _headers(settings: Mapping[str, Any]) -> dict[str, str]:
    headers: object = settings.get("extra_headers") or {}
    if not is_json_object(headers):
        raise RegistryError(f"extra_headers in {_FILE} must be names with values, e.g. X-Gateway-Key: abc")
    return {name: str(value) for name, value in headers.items()}


def _verify(settings: Mapping[str, Any]) -> bool | str | None:
    if settings.get("disable_ssl_verification") is True:
        _log.warning("%s turns the check of the server's certificate off: anybody in between can read the token", _FILE)
        return False
    return _file(settings.get("ca_certificate_path"), "ca_certificate_path")


def _certificate(settings: Mapping[str, Any]) -> str | tuple[str, str] | None:
    certificate = _client_file(settings, "client_certificate_path", "DATAHUB_CLIENT_CERT_PATH")
    key = _client_file(settings, "client_key_path", "DATAHUB_CLIENT_KEY_PATH")
    return (certificate, key) if certificate and key else certificate


def _client_file(settings: Mapping[str, Any], name: str, variable: str) -> str | None:
    return _file(settings.get(name), name) or _file(os.environ.get(variable), variable)


def _file(path: object, name: str) -> str | None:
    """A file that is named in the settings or the environment. Checked here, since requests does not say which."""
    if not path:
        return None
    file = Path(str(path)).expanduser()
    if not file.exists():
        raise RegistryError(f"{name} is {path}, which does not exist; correct it in {_FILE} or in the environment")
    return str(file)


def _timeout(settings: Mapping[str, Any]) -> tuple[float, float]:
    seconds = _number(settings, "timeout_sec", float, 0.0)
    return (seconds, seconds) if seconds else _TIMEOUT


def _number(settings: Mapping[str, Any], name: str, kind: type[_N], default: _N) -> _N:
    value = settings.get(name)
    if value is None:
        return default
    try:
        return kind(value)
    except (TypeError, ValueError):
        raise RegistryError(f"{name} in {_FILE} must be a number, got {value!r}") from None

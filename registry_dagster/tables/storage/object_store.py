"""Storage options by the names of the object_store crate, which obstore and the lance package are built on."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any

from registry_dagster.tables.storage.credentials import (
    aws_credentials,
    aws_session,
    google_credentials_file,
    google_token,
)
from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["AZURE_NAMES", "SOME_REGION", "endpoint_in_environment", "for_azure", "for_gcs", "for_s3"]

AZURE_NAMES = ("account_name", "account_key", "sas_token", "tenant_id", "client_id", "client_secret")
_AZURE_SCOPE = "https://storage.azure.com/.default"
_CONNECTION_STRING = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_token",
    "BlobEndpoint": "endpoint",
}
SOME_REGION = "us-east-1"
"""For endpoints other than AWS, which need a region for the signature and take any."""


def for_s3(options: StorageOptions, seconds: float) -> dict[str, str]:
    """Options of S3; credentials are looked up here.

    Args:
        options: As `options.prepared` returns them.
        seconds: How long the lookup may take.

    Raises:
        NoCredentialsError: of botocore; there are none.
    """
    client: Mapping[str, Any] = options.get("client_kwargs") or {}
    endpoint = _s3_endpoint(options, client)
    key, secret, token = (None, None, None) if options.get("anon") else aws_credentials(options, seconds)
    named = {
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        "aws_session_token": token,
        "aws_region": _s3_region(options, client, endpoint),
        "aws_endpoint": endpoint,
    }
    known = {name: str(value) for name, value in named.items() if value}
    return known | dict.fromkeys(_s3_flags(options, client, endpoint), "true")


def _s3_endpoint(options: StorageOptions, client: Mapping[str, Any]) -> str | None:
    return options.get("endpoint_url") or client.get("endpoint_url") or endpoint_in_environment()


def _s3_region(options: StorageOptions, client: Mapping[str, Any], endpoint: str | None) -> str | None:
    region = client.get("region_name") or aws_session(options).get_config_variable("region")
    return region or (endpoint and SOME_REGION)


def _s3_flags(options: StorageOptions, client: Mapping[str, Any], endpoint: str | None) -> Iterator[str]:
    """The names of the flags that are set."""
    config: dict[str, Any] = options.get("config_kwargs") or {}
    s3: dict[str, Any] = config.get("s3") or {}
    flags = {
        "aws_skip_signature": options.get("anon"),
        "allow_http": str(endpoint).startswith("http://"),
        "allow_invalid_certificates": client.get("verify") is False,
        "aws_virtual_hosted_style_request": s3.get("addressing_style") == "virtual",
        "aws_request_payer": options.get("requester_pays"),
    }
    return (name for name, on in flags.items() if on)


def endpoint_in_environment() -> str | None:
    """The S3 endpoint that the environment names, if any."""
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def for_gcs(options: StorageOptions) -> dict[str, str]:
    """Options of Google Cloud Storage."""
    own = _google_credentials(google_token(options))
    if endpoint := options.get("endpoint_url"):
        own["google_base_url"] = endpoint
        own["allow_http"] = str(endpoint.startswith("http://")).lower()
    return own


def _google_credentials(token: Any) -> dict[str, str]:
    """What gcsfs's `token` means, by its kind."""
    if token == "anon":
        return {"google_skip_signature": "true"}
    if token == "google_default":
        return {"google_application_credentials": google_credentials_file() or ""}
    if isinstance(token, dict):
        return {"google_service_account_key": json.dumps(token)}
    return _google_text(token) if isinstance(token, str) else {}


def _google_text(token: str) -> dict[str, str]:
    if os.path.exists(token):
        return {"google_application_credentials": token}
    return {} if token == "cloud" else {"google_storage_token": token}


def for_azure(rest: str, options: StorageOptions) -> tuple[str, dict[str, str]]:
    """The URI by which the crate knows a place in Azure, and its options.

    Args:
        rest: The location after its scheme: `container/path`, or `container@account…/path`.
        options: As `options.prepared` returns them.
    """
    place, _, path = rest.partition("/")
    container, _, host = place.partition("@")
    own = _azure_account(host, options)
    named = {f"azure_storage_{name}": str(value) for name, value in own.items()}
    named |= _azure_login(own, options)
    if own.get("endpoint", "").startswith("http://"):
        named["allow_http"] = "true"
    return f"az://{container}/{path}", named


def _azure_login(own: Mapping[str, Any], options: StorageOptions) -> dict[str, str]:
    """How to log in, unless the account comes with a secret."""
    if options.get("anon"):
        return {"azure_skip_signature": "true"}
    has_secret = not own.keys().isdisjoint({"account_key", "sas_token", "client_secret"})
    return {} if has_secret else {"azure_storage_token": _azure_token(options)}


def _azure_account(host: str, options: StorageOptions) -> dict[str, Any]:
    """The account and its credentials: the options, over them a connection string, over both what the URI names."""
    own = {name: value for name in AZURE_NAMES if (value := _azure_value(options, name))}
    own |= _in_connection_string(_azure_value(options, "connection_string") or "")
    if endpoint := options.get("account_host"):
        own["endpoint"] = f"https://{endpoint}"
    if host:
        own["account_name"] = host.partition(".")[0]
    return own


def _in_connection_string(connection: str) -> dict[str, str]:
    parts = {name: value for name, _, value in (part.partition("=") for part in connection.split(";"))}
    return {name: parts[theirs] for theirs, name in _CONNECTION_STRING.items() if theirs in parts}


def _azure_value(options: StorageOptions, name: str) -> Any:
    """An option, or the environment variable from which adlfs would take it."""
    return options.get(name) or os.environ.get(f"AZURE_STORAGE_{name.upper()}")


def _azure_token(options: StorageOptions) -> str:
    from azure.identity import DefaultAzureCredential

    without = {"exclude_managed_identity_credential": options.get("exclude_managed_identity_credential", True)}
    with DefaultAzureCredential(**without) as credential:
        return credential.get_token(_AZURE_SCOPE).token

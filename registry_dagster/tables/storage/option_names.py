"""The same storage options by the names of the libraries that open tables themselves: lance and pyiceberg."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from registry_dagster.errors import TableError
from registry_dagster.tables.storage.credentials import (
    aws_credentials,
    aws_session,
    google_credentials_file,
    google_token,
)
from registry_dagster.tables.storage.failures import reading
from registry_dagster.tables.storage.options import AZURE, GCS, S3, StorageOptions, prepared, scheme_of

__all__ = ["for_lance", "for_pyiceberg", "for_s3", "for_store"]

_AZURE_NAMES = ("account_name", "account_key", "sas_token", "tenant_id", "client_id", "client_secret")
_AZURE_SCOPE = "https://storage.azure.com/.default"
_CONNECTION_STRING = {
    "AccountName": "account_name",
    "AccountKey": "account_key",
    "SharedAccessSignature": "sas_token",
    "BlobEndpoint": "endpoint",
}
_PYICEBERG = {
    "key": ("s3.access-key-id",),
    "secret": ("s3.secret-access-key",),
    "endpoint_url": ("s3.endpoint", "gcs.service.host"),
    "anon": ("s3.anonymous", "adls.anon"),
    "profile": ("s3.profile-name",),
    "project": ("gcs.project-id",),
    "connection_string": ("adls.connection-string",),
    **{name: (f"adls.{name.replace('_', '-')}",) for name in _AZURE_NAMES},
}
_OF_CATALOGS = {"type", "uri", "warehouse", "credential", "scope", "prefix"}
_PYICEBERG_CREDENTIALS = {
    "s3.access-key-id",
    "s3.anonymous",
    "s3.role-arn",
    "client.access-key-id",
    "client.role-arn",
}
"""Where one of them is given, pyiceberg has its credentials."""

_SOME_REGION = "us-east-1"


def for_lance(location: str, storage_options: StorageOptions | None) -> tuple[str, dict[str, str]]:
    """A location and options as the lance package takes them: names of the object_store crate.

    Credentials are looked up here, as for our own reads, since object_store would ask the
    instance-metadata address where it is given none.

    Raises:
        TableAccessDenied: there are no credentials.
        TableError: lance does not read the location's scheme.
    """
    options, seconds = prepared(storage_options)
    scheme, _, rest = location.partition("://")
    with reading(location, seconds):
        if scheme_of(location) in S3:
            uri, own = f"s3://{rest}", for_s3(options, seconds)
        elif scheme_of(location) in GCS:
            uri, own = f"gs://{rest}", _gcs(options)
        elif scheme_of(location) in AZURE:
            uri, own = _azure(rest, options)
        else:
            raise TableError(
                f"{location}: Lance datasets are read from local disks, s3://, gs:// and az:// only, "
                f"not through {scheme}://."
            )
    limits = {
        "timeout": f"{seconds:g}s",
        "connect_timeout": f"{min(5.0, seconds):g}s",
        "client_max_retries": "2",
        "client_retry_timeout": str(max(1, int(seconds))),
    }
    return uri, {**limits, **own}


def for_pyiceberg(storage_options: StorageOptions | None, catalog: str | None = None) -> tuple[dict[str, Any], float]:
    """Properties of a pyiceberg catalog and its files; and the timeout.

    What is already named as pyiceberg names it stays, and so does `token`, which is a REST catalog's own. Of
    other catalogs it is the session token beside `key` and `secret`; their metadata files are read from S3 with
    credentials that are looked up here, since pyarrow would ask the instance-metadata address.

    Args:
        storage_options: Options of the store by fsspec's names, and properties of the catalog.
        catalog: Its name, for what pyiceberg's own configuration says of it.

    Raises:
        TableError: the options are not well formed, or the credentials cannot be looked up.
    """
    options, seconds = prepared(storage_options)
    client: dict[str, Any] = options.pop("client_kwargs", None) or {}
    properties: dict[str, Any] = {}
    for name, value in options.items():
        for theirs in _PYICEBERG.get(name, (name,)):
            properties[theirs] = str(value).lower() if isinstance(value, bool) else value
    known = {**_configured(catalog), **properties}
    if region := client.get("region_name"):
        properties["s3.region"] = region
    elif not known.keys() & {"s3.region", "client.region"} and (known.get("s3.endpoint") or _endpoint_in_environment()):
        # Without one, pyiceberg asks AWS where the bucket is.
        properties["s3.region"] = _SOME_REGION
    if _is_rest(known):
        return properties, seconds
    if {"key", "secret", "token"} <= options.keys():
        properties["s3.session-token"] = properties.pop("token")
    elif not known.keys() & _PYICEBERG_CREDENTIALS and scheme_of(known.get("warehouse", "s3://")) in S3:
        with reading(f"iceberg://{catalog}", seconds):
            properties |= _s3_of_catalog(known, seconds)
    return properties, seconds


def for_store(storage_options: StorageOptions | None, catalog: str | None) -> dict[str, Any]:
    """Of options that are given for a catalog and its tables' store together, those of the store.

    A REST catalog's `token` is for it alone, so that no store is sent it.

    Args:
        storage_options: As of `for_pyiceberg`.
        catalog: Its name; None for a table without one.
    """
    options = dict(storage_options or {})
    if "token" in options and _is_rest({**_configured(catalog), **options}):
        del options["token"]
    return {name: value for name, value in options.items() if not _is_of_catalog(name)}


def _is_rest(properties: Mapping[str, Any]) -> bool:
    return properties.get("type") == "rest" or str(properties.get("uri", "")).startswith("http")


def _is_of_catalog(name: str) -> bool:
    return name in _OF_CATALOGS or "." in name or "-" in name


def _configured(catalog: str | None) -> Mapping[str, Any]:
    """What pyiceberg's own configuration says of a catalog."""
    if find_spec("pyiceberg") is None:
        return {}
    from pyiceberg.utils.config import Config

    return (Config().get_catalog_config(catalog) if catalog else None) or {}


def _s3_of_catalog(known: Mapping[str, Any], seconds: float) -> dict[str, str]:
    """Credentials of the environment, or of the profile that a catalog names; anonymous where there are none."""
    if find_spec("aiobotocore") is None:
        return {}
    from botocore.exceptions import NoCredentialsError

    profile = known.get("s3.profile-name") or known.get("client.profile-name")
    try:
        key, secret, token = aws_credentials({"profile": profile}, seconds)
    except NoCredentialsError:
        return {"s3.anonymous": "true"}
    found = {"client.access-key-id": key, "client.secret-access-key": secret, "client.session-token": token}
    return {name: value for name, value in found.items() if value}


def for_s3(options: StorageOptions, seconds: float) -> dict[str, str]:
    """Options by the names of the object_store crate; credentials are looked up here."""
    client: Mapping[str, Any] = options.get("client_kwargs") or {}
    config: dict[str, Any] = options.get("config_kwargs") or {}
    s3: dict[str, Any] = config.get("s3") or {}
    region = client.get("region_name") or aws_session(options).get_config_variable("region")
    endpoint = options.get("endpoint_url") or client.get("endpoint_url") or _endpoint_in_environment()
    key, secret, token = (None, None, None) if options.get("anon") else aws_credentials(options, seconds)
    named = {
        "aws_access_key_id": key,
        "aws_secret_access_key": secret,
        "aws_session_token": token,
        "aws_skip_signature": "true" if options.get("anon") else None,
        "aws_region": region or (endpoint and _SOME_REGION),
        "aws_endpoint": endpoint,
        "allow_http": "true" if str(endpoint).startswith("http://") else None,
        "allow_invalid_certificates": "true" if client.get("verify") is False else None,
        "aws_virtual_hosted_style_request": "true" if s3.get("addressing_style") == "virtual" else None,
        "aws_request_payer": "true" if options.get("requester_pays") else None,
    }
    return {name: str(value) for name, value in named.items() if value}


def _endpoint_in_environment() -> str | None:
    return os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")


def _gcs(options: StorageOptions) -> dict[str, str]:
    token = google_token(options)
    own: dict[str, str] = {}
    if token == "anon":
        own["google_skip_signature"] = "true"
    elif token == "google_default":
        own["google_application_credentials"] = google_credentials_file() or ""
    elif isinstance(token, dict):
        own["google_service_account_key"] = json.dumps(token)
    elif isinstance(token, str) and os.path.exists(token):
        own["google_application_credentials"] = token
    elif isinstance(token, str) and token != "cloud":
        own["google_storage_token"] = token
    if endpoint := options.get("endpoint_url"):
        own["google_base_url"] = endpoint
        own["allow_http"] = str(endpoint.startswith("http://")).lower()
    return own


def _azure(rest: str, options: StorageOptions) -> tuple[str, dict[str, str]]:
    place, _, path = rest.partition("/")
    container, _, host = place.partition("@")
    own = {name: value for name in _AZURE_NAMES if (value := _azure_value(options, name))}
    if connection := _azure_value(options, "connection_string"):
        parts = dict(part.partition("=")[::2] for part in connection.split(";") if part)
        own |= {name: parts[theirs] for theirs, name in _CONNECTION_STRING.items() if theirs in parts}
    if endpoint := options.get("account_host"):
        own["endpoint"] = f"https://{endpoint}"
    if host:
        own["account_name"] = host.partition(".")[0]
    if options.get("anon"):
        own["skip_signature"] = "true"
    named = {name if name == "skip_signature" else f"storage_{name}": value for name, value in own.items()}
    named = {f"azure_{name}": str(value) for name, value in named.items()}
    if not own.keys() & {"account_key", "sas_token", "client_secret", "skip_signature"}:
        named["azure_storage_token"] = _azure_token(options)
    if own.get("endpoint", "").startswith("http://"):
        named["allow_http"] = "true"
    return f"az://{container}/{path}", named


def _azure_value(options: StorageOptions, name: str) -> Any:
    """As adlfs looks for it."""
    return options.get(name) or os.environ.get(f"AZURE_STORAGE_{name.upper()}")


def _azure_token(options: StorageOptions) -> str:
    from azure.identity import DefaultAzureCredential

    without = {"exclude_managed_identity_credential": options.get("exclude_managed_identity_credential", True)}
    with DefaultAzureCredential(**without) as credential:
        return credential.get_token(_AZURE_SCOPE).token

"""Storage options by the names that pyiceberg takes, for catalogs and for their tables' stores."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from registry_dagster.tables.storage.credentials import aws_credentials
from registry_dagster.tables.storage.failures import reading
from registry_dagster.tables.storage.object_store import AZURE_NAMES, SOME_REGION, endpoint_in_environment
from registry_dagster.tables.storage.options import S3, StorageOptions, prepared, scheme_of

__all__ = ["for_pyiceberg", "for_store"]

_PYICEBERG = {
    "key": ("s3.access-key-id",),
    "secret": ("s3.secret-access-key",),
    "endpoint_url": ("s3.endpoint", "gcs.service.host"),
    "anon": ("s3.anonymous", "adls.anon"),
    "profile": ("s3.profile-name",),
    "project": ("gcs.project-id",),
    "connection_string": ("adls.connection-string",),
    **{name: (f"adls.{name.replace('_', '-')}",) for name in AZURE_NAMES},
}
_OF_CATALOGS = {"type", "uri", "warehouse", "credential", "scope", "prefix"}
_PYICEBERG_CREDENTIALS = {
    "s3.access-key-id",
    "s3.anonymous",
    "s3.role-arn",
    "client.access-key-id",
    "client.role-arn",
}
"""If one of them is given, pyiceberg has its credentials."""


def for_pyiceberg(storage_options: StorageOptions | None, catalog: str | None = None) -> tuple[dict[str, Any], float]:
    """Properties of a pyiceberg catalog and its files; and the timeout.

    Properties that already have pyiceberg's names are kept, and so is a REST catalog's own `token`. For other
    catalogs `token` is the session token beside `key` and `secret`, and their metadata files are read from S3 with
    credentials that are looked up here: without any, pyarrow would ask the instance-metadata address.

    Args:
        storage_options: Options of the store by fsspec's names, and properties of the catalog.
        catalog: Its name, by which pyiceberg's own configuration is looked up.

    Raises:
        TableError: the options are not well formed, or the credentials cannot be looked up.
    """
    options, seconds = prepared(storage_options)
    client: dict[str, Any] = options.pop("client_kwargs", None) or {}
    properties = _by_their_names(options)
    known = {**_configured(catalog), **properties}
    properties |= _region(client, known)
    if _is_rest(known):
        return properties, seconds
    if {"key", "secret", "token"} <= options.keys():
        properties["s3.session-token"] = properties.pop("token")
    elif _needs_s3_credentials(known):
        with reading(f"iceberg://{catalog}", seconds):
            properties |= _s3_of_catalog(known, seconds)
    return properties, seconds


def for_store(storage_options: StorageOptions | None, catalog: str | None) -> dict[str, Any]:
    """The options of the store, among those given for a catalog and its tables' store together.

    A REST catalog's `token` is for the catalog alone, so it is never sent to a store.

    Args:
        storage_options: See `for_pyiceberg`.
        catalog: Its name; None for a table without one.
    """
    options = dict(storage_options or {})
    if "token" in options and _is_rest({**_configured(catalog), **options}):
        del options["token"]
    return {name: value for name, value in options.items() if not _is_of_catalog(name)}


def _by_their_names(options: Mapping[str, Any]) -> dict[str, Any]:
    names = ((name, theirs) for name in options for theirs in _PYICEBERG.get(name, (name,)))
    return {theirs: _spelled(options[name]) for name, theirs in names}


def _spelled(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _needs_s3_credentials(known: Mapping[str, Any]) -> bool:
    return not known.keys() & _PYICEBERG_CREDENTIALS and scheme_of(known.get("warehouse", "s3://")) in S3


def _profile(known: Mapping[str, Any]) -> str | None:
    return known.get("s3.profile-name") or known.get("client.profile-name")


def _region(client: Mapping[str, Any], known: Mapping[str, Any]) -> dict[str, str]:
    """The region, if it is given; any for an endpoint other than AWS, where pyiceberg would ask AWS otherwise."""
    if region := client.get("region_name"):
        return {"s3.region": region}
    if known.keys() & {"s3.region", "client.region"}:
        return {}
    return {"s3.region": SOME_REGION} if known.get("s3.endpoint") or endpoint_in_environment() else {}


def _is_rest(properties: Mapping[str, Any]) -> bool:
    return properties.get("type") == "rest" or str(properties.get("uri", "")).startswith("http")


def _is_of_catalog(name: str) -> bool:
    return name in _OF_CATALOGS or "." in name or "-" in name


def _configured(catalog: str | None) -> Mapping[str, Any]:
    """What pyiceberg's own configuration says about a catalog."""
    if find_spec("pyiceberg") is None:
        return {}
    from pyiceberg.utils.config import Config

    return (Config().get_catalog_config(catalog) if catalog else None) or {}


def _s3_of_catalog(known: Mapping[str, Any], seconds: float) -> dict[str, str]:
    """Credentials of the environment, or of the profile that a catalog names; anonymous where there are none."""
    if find_spec("aiobotocore") is None:
        return {}
    from botocore.exceptions import NoCredentialsError

    try:
        key, secret, token = aws_credentials({"profile": _profile(known)}, seconds)
    except NoCredentialsError:
        return {"s3.anonymous": "true"}
    found = {"client.access-key-id": key, "client.secret-access-key": secret, "client.session-token": token}
    return {name: value for name, value in found.items() if value}

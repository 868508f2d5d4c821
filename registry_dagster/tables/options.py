"""Storage options by fsspec's names: credentials and the like, which are used and never recorded."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from registry_dagster.errors import TableError

__all__ = [
    "AZURE",
    "GCS",
    "HTTP",
    "S3",
    "StorageOptions",
    "aws_session",
    "google_credentials_file",
    "google_token",
    "prepared",
    "scheme_of",
]

StorageOptions = Mapping[str, Any]
"""Options of a store by fsspec's names, and `timeout`: seconds to wait for one answer."""

S3 = {"s3", "s3a"}
GCS = {"gs", "gcs"}
AZURE = {"abfs", "abfss", "az"}
HTTP = {"http", "https"}
_SECONDS = 10.0
_SWITCHES = ("anon", "requester_pays", "use_ssl")


def scheme_of(location: str) -> str:
    return location.partition("://")[0].lower()


def prepared(options: StorageOptions | None) -> tuple[dict[str, Any], float]:
    """The options without `timeout`, switches that came as text as booleans; and the timeout.

    Raises:
        TableError: the timeout is no positive number.
    """
    own = dict(options or {})
    for name in _SWITCHES:
        if isinstance(value := own.get(name), str):
            own[name] = value.strip().lower() in {"1", "on", "true", "yes"}
    try:
        seconds = float(own.pop("timeout", None) or _SECONDS)
    except (TypeError, ValueError):
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise TableError("storage_options: timeout must be a number of seconds above 0.")
    return own, seconds


def aws_session(options: StorageOptions) -> Any:
    """A session with botocore's credentials: environment, profile, web identity, SSO, container.

    The instance-metadata address is not asked, since where nothing answers there it only costs time.
    `AWS_EC2_METADATA_DISABLED=false`, or a profile with `credential_source = Ec2InstanceMetadata`, asks it.
    """
    from aiobotocore.session import AioSession

    session: Any = AioSession(profile=options.get("profile"))
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "false":
        session.get_component("credential_provider").remove("iam-role")
    return session


def google_token(options: StorageOptions) -> Any:
    """gcsfs's `token`. Left out: the application default credentials in the environment, else anonymous.

    `token="cloud"` asks the metadata server, which is not asked otherwise.
    """
    if options.get("anon"):
        return "anon"
    if options.get("token") is not None:
        return options["token"]
    return "anon" if google_credentials_file() is None else "google_default"


def google_credentials_file() -> str | None:
    """The file of the application default credentials, where there is one."""
    if named := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return named
    home = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    file = Path(home) / "application_default_credentials.json"
    return str(file) if file.is_file() else None

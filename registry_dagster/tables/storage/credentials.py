"""Credentials from the environment, found as each cloud's own library finds them, but not from instance metadata."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any, cast

from registry_dagster.tables.storage.options import StorageOptions

__all__ = ["aws_credentials", "aws_session", "google_credentials_file", "google_token"]


def aws_session(options: StorageOptions) -> Any:
    """A session with botocore's credentials: environment, profile, web identity, SSO, container.

    The instance-metadata address is not asked: where nothing answers there, asking only costs time. To ask it, set
    `AWS_EC2_METADATA_DISABLED=false`, or use a profile with `credential_source = Ec2InstanceMetadata`.
    """
    from aiobotocore.session import AioSession

    session: Any = AioSession(profile=options.get("profile"))
    session.register_component("data_loader", _service_descriptions())
    if os.environ.get("AWS_EC2_METADATA_DISABLED", "").lower() != "false":
        session.get_component("credential_provider").remove("iam-role")
    return session


@cache
def _service_descriptions() -> Any:
    """What botocore knows about each AWS service. Cached: reading it takes most of the time to open a bucket."""
    from botocore.session import Session

    return cast(Any, Session()).get_component("data_loader")


def aws_credentials(options: StorageOptions, seconds: float) -> tuple[str, str, str | None]:
    """Access key id, secret and session token: the options' own, else those that the session finds.

    Raises:
        NoCredentialsError: of botocore; there are none.
    """
    from fsspec import asyn

    key, secret, token = (options.get(name) for name in ("key", "secret", "token"))
    if key and secret:
        return key, secret, token
    return cast(Any, asyn).sync(asyn.get_loop(), _frozen, aws_session(options), timeout=seconds)


async def _frozen(session: Any) -> tuple[str, str, str | None]:
    from botocore.exceptions import NoCredentialsError

    credentials = await session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    frozen = await credentials.get_frozen_credentials()
    return frozen.access_key, frozen.secret_key, frozen.token


def google_token(options: StorageOptions) -> Any:
    """gcsfs's `token`. If left out: the application default credentials in the environment, else anonymous.

    Only `token="cloud"` asks the metadata server.
    """
    if options.get("anon"):
        return "anon"
    if options.get("token") is not None:
        return options["token"]
    return "anon" if google_credentials_file() is None else "google_default"


def google_credentials_file() -> str | None:
    """The file of the application default credentials, if there is one."""
    if named := os.environ.get("GOOGLE_APPLICATION_CREDENTIALS"):
        return named
    home = os.environ.get("CLOUDSDK_CONFIG") or Path.home() / ".config" / "gcloud"
    file = Path(home) / "application_default_credentials.json"
    return str(file) if file.is_file() else None

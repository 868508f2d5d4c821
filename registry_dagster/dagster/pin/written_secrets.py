"""Secrets written into definitions: refused, since Dagster stores and shows all configuration."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import dagster as dg

from registry_dagster.dagster.pin.storage_options import environment_variable
from registry_dagster.errors import RegistryError, TableError
from registry_dagster.model.option_secrets import is_secret_text, secret_options

__all__ = ["refuse_written_address", "refuse_written_secrets", "refuse_written_token"]


def refuse_written_secrets(options: Mapping[str, Any] | None) -> None:
    """Refuse storage options with a secret.

    Raises:
        TableError: an option that has the name of a secret, or a text with one, is not a `dg.EnvVar`.
    """
    for where in secret_options(options or {}, _is_variable):
        raise TableError(
            f"storage_options: {where} is written in the definition, and Dagster stores and shows definitions. "
            'Use dg.EnvVar("NAME"), or leave it out: credentials are then taken from the environment.'
        )


def _is_variable(value: object) -> bool:
    return environment_variable(value) is not None


def refuse_written_token(token: object, *, looked_up: bool = False) -> None:
    """Refuse a token that is not a `dg.EnvVar`.

    Args:
        token: The token.
        looked_up: Whether to refuse the value of an environment variable too; for a run Dagster makes an EnvVar one.

    Raises:
        RegistryError: it is written out. It is not repeated.
    """
    if not token or isinstance(token, dg.EnvVar) or (not looked_up and token in os.environ.values()):
        return
    raise RegistryError(
        'token is written in the definition, and Dagster stores and shows definitions. Use dg.EnvVar("NAME"), or '
        "leave it out: DATAHUB_GMS_TOKEN is then used"
    )


def refuse_written_address(name: str, address: object) -> None:
    """Refuse an address with a password or token.

    Raises:
        RegistryError: it has one. It is not repeated.
    """
    if not isinstance(address, str) or isinstance(address, dg.EnvVar) or address in os.environ.values():
        return
    if is_secret_text(address):
        raise RegistryError(
            f"{name} is an address with a password or token, and Dagster stores and shows definitions. Write it "
            "without, and set token to a dg.EnvVar"
        )

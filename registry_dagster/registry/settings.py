"""What a registry is opened with where nothing is passed: taken from environment variables."""

from __future__ import annotations

import os
from pathlib import Path

from registry_dagster.errors import RegistryError
from registry_dagster.model.text import suggestion
from registry_dagster.stores.targets import server_in_environment

__all__ = [
    "ENV_VARIABLE",
    "PUBLISHER_VARIABLE",
    "checked_env",
    "default_env",
    "default_publisher",
    "default_target",
]

ENV_VARIABLE = "FEATURE_REGISTRY_ENV"
PUBLISHER_VARIABLE = "FEATURE_REGISTRY_PUBLISHER"
_TARGET_VARIABLE = "FEATURE_REGISTRY"
_ENVIRONMENTS = (
    *("CORP", "DEV", "EI", "NON_PROD", "PRD", "PRE", "PROD", "QA"),
    *("RVW", "SANDBOX", "SBX", "SIT", "STG", "TEST", "TST", "UAT"),
)


def default_target() -> str:
    """FEATURE_REGISTRY, else the server of DataHub's own variables, else an embedded file below the home directory."""
    embedded = f"lite://{Path.home() / '.feature-registry' / 'registry.db'}"
    return os.environ.get(_TARGET_VARIABLE) or server_in_environment() or embedded


def default_env() -> str:
    """FEATURE_REGISTRY_ENV, else PROD."""
    return os.environ.get(ENV_VARIABLE) or "PROD"


def default_publisher() -> str | None:
    """FEATURE_REGISTRY_PUBLISHER, if it is set."""
    return os.environ.get(PUBLISHER_VARIABLE)


def checked_env(env: str) -> str:
    """An environment that DataHub has.

    Raises:
        RegistryError: it has no such environment.
    """
    if env not in _ENVIRONMENTS:
        raise RegistryError(
            f"DataHub has no environment {env!r}{suggestion(env, _ENVIRONMENTS)} Use one of {', '.join(_ENVIRONMENTS)}"
        )
    return env

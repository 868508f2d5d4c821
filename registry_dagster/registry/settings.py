"""What a registry is opened with, and where each of it comes from: passed, environment, project file or default."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from registry_dagster.errors import RegistryError
from registry_dagster.model.text import suggestion
from registry_dagster.registry.project_file import Project, find_project, project_options
from registry_dagster.stores.targets import server_in_environment

__all__ = [
    "ENV_VARIABLE",
    "PUBLISHER_VARIABLE",
    "SIGNING_VARIABLE",
    "TABLES_AT_ONCE",
    "Setting",
    "Settings",
    "checked_env",
    "current_settings",
    "default_env",
    "default_publisher",
    "default_target",
    "target_in_environment",
]

ENV_VARIABLE = "FEATURE_REGISTRY_ENV"
PUBLISHER_VARIABLE = "FEATURE_REGISTRY_PUBLISHER"
SIGNING_VARIABLE = "FEATURE_REGISTRY_SIGNING"
TABLES_AT_ONCE = 32
"""Most of the time of a look goes by waiting for the store: 32 hide a delay of 100 ms behind 3 ms of work each, and
are fewer than what stores and servers take from one client."""
_TARGET_VARIABLE = "FEATURE_REGISTRY"
_ENVIRONMENTS = (
    *("CORP", "DEV", "EI", "NON_PROD", "PRD", "PRE", "PROD", "QA"),
    *("RVW", "SANDBOX", "SBX", "SIT", "STG", "TEST", "TST", "UAT"),
)


class Setting(NamedTuple):
    """A value, and where it comes from.

    Args:
        value: None if it is not set.
        origin: `passed`, the name of an environment variable, the path of the project file, or `default`.
    """

    value: str | None
    origin: str


class Settings(NamedTuple):
    """All that a registry is opened with.

    Args:
        registry, env, publisher, signing_service: See `Project`.
        project: The project file, if there is one.
    """

    registry: Setting
    env: Setting
    publisher: Setting
    signing_service: Setting
    project: Project | None

    @property
    def remotes(self) -> Mapping[str, str]:
        """The mirrors of other labs, by the names that the project file gives them."""
        return self.project.mirrors if self.project else {}

    def options_of(self, location: str) -> dict[str, Any]:
        """The storage options that the project file has for a location."""
        return project_options(self.project, location)

    @property
    def target(self) -> str:
        """Where the registry is kept."""
        return self.registry.value or _embedded()

    @property
    def is_from_project(self) -> bool:
        """Whether the project file says where the registry is kept."""
        return self.project is not None and self.registry.origin == str(self.project.path)


def current_settings(target: str | None = None, env: str | None = None, publisher: str | None = None) -> Settings:
    """What holds here: what is passed, else the environment, else the project file, else the default.

    Raises:
        RegistryError: see `find_project`.
    """
    project = find_project()
    return Settings(
        _first([(target, "passed"), *_targets(), *_said(project, "target")], _embedded()),
        _first([(env, "passed"), _variable(ENV_VARIABLE), *_said(project, "env")], "PROD"),
        _first([(publisher, "passed"), _variable(PUBLISHER_VARIABLE), *_said(project, "publisher")]),
        _first([_variable(SIGNING_VARIABLE), *_said(project, "signing_service")]),
        project,
    )


def default_target() -> str:
    """FEATURE_REGISTRY, else the server of DataHub's own variables, else an embedded file below the home directory.

    It reads no project file: a Dagster process has a working directory that nobody chose.
    """
    return target_in_environment() or _embedded()


def target_in_environment() -> str | None:
    """FEATURE_REGISTRY, else the server of DataHub's own variables, if one of them is set."""
    return _first(_targets()).value


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


def _first(choices: Iterable[tuple[str | None, str]], default: str | None = None) -> Setting:
    return next((Setting(value, origin) for value, origin in choices if value), Setting(default, "default"))


def _targets() -> list[tuple[str | None, str]]:
    return [_variable(_TARGET_VARIABLE), (server_in_environment(), "DATAHUB_GMS_*")]


def _variable(name: str) -> tuple[str | None, str]:
    return os.environ.get(name), name


def _said(project: Project | None, name: str) -> list[tuple[str | None, str]]:
    return [(getattr(project, name), str(project.path))] if project else []


def _embedded() -> str:
    return f"lite://{Path.home() / '.feature-registry' / 'registry.db'}"

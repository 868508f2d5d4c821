"""What is given for a command: by its own options, the program's, the environment and the project file."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from registry_dagster.cli.run import Given
from registry_dagster.registry.project_file import find_project, project_options
from registry_dagster.registry.settings import Settings, current_settings

__all__ = ["options_by_location", "options_for", "settings_for"]


def settings_for(registry: str | None = None, env: str | None = None, publisher: str | None = None) -> Settings:
    """What holds for a command with these options."""
    return current_settings(registry or Given.registry, env, publisher)


def options_by_location(given: Mapping[str, Any] | None) -> Callable[[str], dict[str, Any] | None]:
    """The storage options of any location; see `options_for`."""
    project = find_project()
    return lambda location: _over(project_options(project, location), given)


def options_for(location: str, given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The storage options of a location: the project file's, and over them those that are given."""
    return _over(project_options(find_project(), location), given)


def _over(options: Mapping[str, Any], given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Options, and over them those that are given."""
    return {**options, **(given or {})} or None

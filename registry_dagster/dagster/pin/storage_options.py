"""Storage options in a pipeline's configuration. A secret is given as the name of an environment variable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

import dagster as dg

from registry_dagster.errors import TableError

__all__ = ["environment_variable", "resolve_options"]


def resolve_options(options: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The options with the value of each `dg.EnvVar`, and of each `{"env": NAME}` that Dagster made of one.

    Raises:
        TableError: an environment variable is not set.
    """
    return None if options is None else {name: _value(name, value) for name, value in options.items()}


def _value(name: str, value: object) -> Any:
    if (variable := environment_variable(value)) is not None:
        return _from_environment(name, variable)
    if isinstance(value, Mapping):
        return {key: _value(f"{name}.{key}", inner) for key, inner in cast("Mapping[str, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_value(name, each) for each in cast("Sequence[object]", value)]
    return value


def _from_environment(name: str, variable: str) -> str:
    found = dg.EnvVar(variable).get_value()
    if found is None:
        raise TableError(
            f"storage_options: {name} is read from the environment variable {variable}, which is not set in this "
            "process; set it."
        )
    return found


def environment_variable(value: object) -> str | None:
    """The name of the environment variable that a value refers to, if it does."""
    match value:
        case dg.EnvVar():
            return value.env_var_name
        case {"env": str(variable)} if len(cast("Mapping[str, object]", value)) == 1:
            return variable
        case _:
            return None

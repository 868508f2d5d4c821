"""Storage options in a pipeline's configuration. A secret is given as the name of an environment variable."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

import dagster as dg

from registry_dagster.errors import TableError
from registry_dagster.model.secrets import secret_in

__all__ = ["refuse_written_secrets", "resolve_options"]

_SECRET_NAME = re.compile(
    r"(^|[._-])(key|secret|token|password|auth|authorization|credentials?|cookie)($|[._-])"
    r"|connection[._-]?string|(account|api)[._-]?key|sas[._-]?token",
    re.IGNORECASE,
)
_USER_IN_URL = re.compile(r"https?://[^/@\s]+@", re.IGNORECASE)
"""A token in place of the user, which several services accept."""
_NO_SECRETS = {"", "anon", "browser", "cache", "cloud", "google_default"}
"""Words that gcsfs accepts in place of a token."""


def resolve_options(options: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The options with the value of each `dg.EnvVar`, and of each `{"env": NAME}` that Dagster made of one.

    Raises:
        TableError: an environment variable is not set.
    """
    return None if options is None else {name: _value(name, value) for name, value in options.items()}


def _value(name: str, value: object) -> Any:
    if (variable := _variable(value)) is not None:
        found = dg.EnvVar(variable).get_value()
        if found is None:
            raise TableError(
                f"storage_options: {name} is read from the environment variable {variable}, which is not set in this "
                "process; set it."
            )
        return found
    if isinstance(value, Mapping):
        return {key: _value(f"{name}.{key}", inner) for key, inner in cast("Mapping[str, object]", value).items()}
    if isinstance(value, (list, tuple)):
        return [_value(name, each) for each in cast("Sequence[object]", value)]
    return value


def refuse_written_secrets(options: Mapping[str, Any] | None) -> None:
    """Refuse secrets written into a resource: Dagster stores and shows all configuration.

    Raises:
        TableError: an option that has the name of a secret, or a URI with one, is not a `dg.EnvVar`.
    """
    for name, value in (options or {}).items():
        _refuse_written(name, value, secret=_SECRET_NAME.search(name) is not None)


def _refuse_written(name: str, value: object, *, secret: bool) -> None:
    if _variable(value) is not None:
        return
    if isinstance(value, Mapping):
        for key, inner in cast("Mapping[str, object]", value).items():
            _refuse_written(f"{name}.{key}", inner, secret=secret or _SECRET_NAME.search(key) is not None)
    elif isinstance(value, str):
        named_so = secret and value not in _NO_SECRETS and not value.endswith(".json")
        if named_so or secret_in(value) or _USER_IN_URL.search(value):
            raise TableError(
                f"storage_options: {name} is written in the definition, and Dagster stores and shows definitions. "
                'Use dg.EnvVar("NAME"), or leave it out: credentials are then taken from the environment.'
            )
    elif isinstance(value, Sequence):
        *before, last = cast("Sequence[object]", value) or [None]
        for each in before:
            # `auth` is a user, who is not a secret, and a password.
            _refuse_written(name, each, secret=secret and name != "auth")
        _refuse_written(name, last, secret=secret)


def _variable(value: object) -> str | None:
    """The name of the environment variable that a value refers to, if it does."""
    if isinstance(value, dg.EnvVar):
        return value.env_var_name
    named = cast("Mapping[str, object]", value if isinstance(value, Mapping) else {})
    variable = named.get("env") if len(named) == 1 else None
    return variable if isinstance(variable, str) else None

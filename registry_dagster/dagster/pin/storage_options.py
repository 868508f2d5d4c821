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


def refuse_written_secrets(options: Mapping[str, Any] | None) -> None:
    """Refuse secrets written into a resource: Dagster stores and shows all configuration.

    Raises:
        TableError: an option that has the name of a secret, or a URI with one, is not a `dg.EnvVar`.
    """
    for name, value in (options or {}).items():
        _refuse_written(name, value, secret=_has_secret_name(name))


def _has_secret_name(name: str) -> bool:
    return _SECRET_NAME.search(name) is not None


def _refuse_written(name: str, value: object, *, secret: bool) -> None:
    """Refuse a secret in a value. With `secret`, its name says that it is one."""
    if _variable(value) is not None:
        return
    if isinstance(value, Mapping):
        _refuse_in_mapping(name, cast("Mapping[str, object]", value), secret=secret)
    elif isinstance(value, str):
        _refuse_text(name, value, secret=secret)
    elif isinstance(value, Sequence):
        _refuse_in_list(name, cast("Sequence[object]", value), secret=secret)


def _refuse_in_mapping(name: str, values: Mapping[str, object], *, secret: bool) -> None:
    for key, each in values.items():
        _refuse_written(f"{name}.{key}", each, secret=secret or _has_secret_name(key))


def _refuse_in_list(name: str, values: Sequence[object], *, secret: bool) -> None:
    for place, each in enumerate(values, start=1):
        # `auth` is a user, who is not a secret, and a password.
        is_user = name == "auth" and place < len(values)
        _refuse_written(name, each, secret=secret and not is_user)


def _refuse_text(name: str, text: str, *, secret: bool) -> None:
    if (secret and not _is_public(text)) or secret_in(text) or _USER_IN_URL.search(text):
        raise TableError(
            f"storage_options: {name} is written in the definition, and Dagster stores and shows definitions. "
            'Use dg.EnvVar("NAME"), or leave it out: credentials are then taken from the environment.'
        )


def _is_public(text: str) -> bool:
    """Whether a text is harmless, though its option has the name of a secret."""
    return text in _NO_SECRETS or text.endswith(".json")


def _variable(value: object) -> str | None:
    """The name of the environment variable that a value refers to, if it does."""
    match value:
        case dg.EnvVar():
            return value.env_var_name
        case {"env": str(variable)} if len(cast("Mapping[str, object]", value)) == 1:
            return variable
        case _:
            return None

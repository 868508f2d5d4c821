"""The project file: what the people of a project agree on once. It is found upwards from the working directory.

It is `feature-registry.toml`, or the table `[tool.feature-registry]` of a `pyproject.toml`. It never holds a secret,
only the name of an environment variable that does.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import field_validator

from registry_dagster.errors import RegistryError
from registry_dagster.model.base import Model
from registry_dagster.model.option_secrets import is_secret_text, secret_options
from registry_dagster.model.text import Text
from registry_dagster.registry.remote_addresses import checked_remotes

__all__ = ["PROJECT_VARIABLE", "Project", "find_project", "parse_toml", "project_options"]

PROJECT_VARIABLE = "FEATURE_REGISTRY_PROJECT"
"""Names the project file, wherever it is; `none` uses none."""

_OWN_FILE = "feature-registry.toml"
_SHARED_FILE = "pyproject.toml"
_TABLE = "[tool.feature-registry"
_FOLDER_SCHEMES = ("lite:", "file:")
_OTHERS_MAY_WRITE = 0o002
_TOKEN_VARIABLE = "DATAHUB_GMS_TOKEN"
_SERVER_OPTION = re.compile("endpoint|host|url", re.IGNORECASE)


class Project(Model):
    """What a project file says.

    Args:
        path: Where the file is.
        registry: Where the registry is kept. `lite:registry.db` is a file beside the project file.
        env: DataHub's environment.
        publisher: Who publishes, unless somebody is named.
        signing_service: Address of the service that signs links to tables.
        code: `none` if no record is to say the commit of its declaration file, unless somebody names it.
        storage_options: The start of a location → options of its store. A secret is `{env = "NAME"}`.
        remotes: What another lab is called here → the address of its mirror.
    """

    path: Path
    registry: Text | None = None
    env: Text | None = None
    publisher: Text | None = None
    signing_service: Text | None = None
    code: Literal["none"] | None = None
    storage_options: Mapping[str, Mapping[str, Any]] = {}
    remotes: Mapping[str, str] = {}

    @field_validator("registry", "signing_service")
    @classmethod
    def _plain_address(cls, address: str | None) -> str | None:
        if address and is_secret_text(address):
            raise ValueError("an address with a password or token; write it without, and set DATAHUB_GMS_TOKEN")
        return address

    @field_validator("storage_options")
    @classmethod
    def _without_secrets(cls, options: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Mapping[str, Any]]:
        for prefix, each in options.items():
            for name in secret_options(each, _is_variable):
                raise ValueError(
                    f'{name} of {prefix} is a secret in a file that others read; write {{ env = "NAME" }} with the '
                    "name of an environment variable, or leave it out: credentials are then taken from the environment"
                )
        return options

    @field_validator("remotes")
    @classmethod
    def _mirrors(cls, remotes: Mapping[str, str]) -> Mapping[str, str]:
        try:
            return checked_remotes(remotes)
        except RegistryError as error:
            raise ValueError(str(error)) from None

    @property
    def mirrors(self) -> dict[str, str]:
        """The remotes; a path is beside the project file."""
        return {
            name: place if ":" in place else str((self.path.parent / Path(place).expanduser()).absolute())
            for name, place in self.remotes.items()
        }

    @property
    def target(self) -> str | None:
        """Where the registry is kept, with an absolute path."""
        for scheme in _FOLDER_SCHEMES:
            path = (self.registry or "").removeprefix(scheme)
            if path != self.registry and not path.startswith("/"):
                return f"{scheme}//{(self.path.parent / Path(path).expanduser()).resolve()}"
        return self.registry


def find_project() -> Project | None:
    """The project file that holds here, if there is one: that of FEATURE_REGISTRY_PROJECT, else the nearest upwards.

    Raises:
        RegistryError: it cannot be read, or says something wrong; or it is not named, and somebody else may have put
            it in a shared folder, or it says where secrets and credentials of the environment are sent.
    """
    named = os.environ.get(PROJECT_VARIABLE)
    if named == "none":
        return None
    if named:
        return _project(Path(named).expanduser().absolute())
    for path in _candidates():
        if path.name == _OWN_FILE or _TABLE in _text(path):
            _check_owner(path)
            project = _project(path)
            _check_secrets(project)
            return project
    return None


def project_options(project: Project | None, location: str) -> dict[str, Any]:
    """The options of a location's store: those of the longest start that it has, with the values of variables.

    Raises:
        RegistryError: an environment variable is not set.
    """
    if project is None:
        return {}
    starts = [start for start in project.storage_options if f"{location}/".startswith(f"{start.rstrip('/')}/")]
    if not starts:
        return {}
    options = project.storage_options[max(starts, key=len)]
    return {name: _looked_up(name, value) for name, value in options.items()}


def _candidates() -> Iterator[Path]:
    """The files that may be it, nearest first."""
    try:
        here = Path.cwd()
    except OSError:
        return
    for folder in (here, *here.parents):
        yield from (path for name in (_OWN_FILE, _SHARED_FILE) if os.access(path := folder / name, os.R_OK))


def _check_owner(path: Path) -> None:
    """In a folder that many write to, a stranger's file could send what is published, and a token, elsewhere.

    Raises:
        RegistryError: the file is another user's, or everybody may write it.
    """
    if sys.platform == "win32":
        return
    status = path.stat()
    if status.st_uid in (os.getuid(), 0) and not status.st_mode & _OTHERS_MAY_WRITE:
        return
    raise RegistryError(
        f"{path} may be written by others, and it decides where you publish; if you trust it, set "
        f"{PROJECT_VARIABLE}={path}, else set {PROJECT_VARIABLE}=none"
    )


def _check_secrets(project: Project) -> None:
    """The file may have come with a repository that was cloned: it sends no secret before a person has named it.

    Raises:
        RegistryError: it sends the value of an environment variable, or credentials of a store, somewhere.
    """
    sent = set(_variables(project.storage_options))
    if (project.registry or "").partition(":")[0].lower() in ("http", "https"):
        sent.add(_TOKEN_VARIABLE)
    told = [f"where {', '.join(known)} is sent"] if (known := sorted(sent & os.environ.keys())) else []
    # Credentials that an option does not give come from the environment: a bearer token then goes to that server.
    servers = [prefix for prefix, options in project.storage_options.items() if _names_server(options)]
    told += [f"which server your credentials for {', '.join(servers)} are sent to"] if servers else []
    if told:
        raise RegistryError(
            f"{project.path} says {' and '.join(told)}; if you trust it, set "
            f"{PROJECT_VARIABLE}={project.path}, else set {PROJECT_VARIABLE}=none"
        )


def _names_server(options: Mapping[str, Any]) -> bool:
    """Whether an option, at any depth, is the address of a server."""
    return any(
        _names_server(cast("Mapping[str, Any]", value))
        if isinstance(value, Mapping)
        else _SERVER_OPTION.search(name) or str(value).lower().startswith(("http://", "https://"))
        for name, value in options.items()
    )


def _variables(options: Mapping[str, Any]) -> Iterator[str]:
    """The names of all environment variables in options."""
    for value in options.values():
        if isinstance(value, Mapping):
            inner = cast("Mapping[str, Any]", value)
            name = _variable(inner)
            yield from [name] if name is not None else _variables(inner)


def parse_toml(text: str) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        ValueError: it is not one.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)


def _project(path: Path) -> Project:
    text = _text(path)
    try:
        data = parse_toml(text)
    except ValueError as error:
        raise RegistryError(f"{path}: not a TOML file: {error}") from error
    table = data if path.name != _SHARED_FILE else data.get("tool", {}).get("feature-registry", {})
    try:
        return Project.from_json({**table, "path": path})
    except RegistryError as error:
        raise RegistryError(f"{path}: {str(error).removeprefix('Project: ')}") from None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RegistryError(f"{path} cannot be read: {error}; {PROJECT_VARIABLE}=none uses no project file") from error


def _looked_up(name: str, value: object) -> Any:
    if isinstance(value, Mapping):
        inner = cast("Mapping[str, object]", value)
        if (variable := _variable(inner)) is None:
            return {key: _looked_up(f"{name}.{key}", each) for key, each in inner.items()}
        if variable not in os.environ:
            raise RegistryError(f"storage option {name} is read from the environment variable {variable}; set it")
        return os.environ[variable]
    return value


def _is_variable(value: object) -> bool:
    return isinstance(value, Mapping) and _variable(cast("Mapping[str, object]", value)) is not None


def _variable(value: Mapping[str, object]) -> str | None:
    """The name in `{env = "NAME"}`."""
    match value:
        case {"env": str(name)} if len(value) == 1:
            return name
        case _:
            return None

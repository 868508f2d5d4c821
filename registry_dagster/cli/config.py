"""The command that shows what holds here, and where each of it comes from: config."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, cast

import typer

from registry_dagster.cli.given import settings_for
from registry_dagster.cli.listing import Listing
from registry_dagster.cli.options import AsJson, Env, Publisher, Target
from registry_dagster.cli.output import show
from registry_dagster.registry.project_file import PROJECT_VARIABLE, Project
from registry_dagster.registry.settings import Settings

__all__ = ["commands", "config"]

commands = typer.Typer()

_TOKEN_VARIABLE = "DATAHUB_GMS_TOKEN"


class _Row(NamedTuple):
    setting: str
    value: str
    origin: str


_ROWS: Listing[_Row] = Listing(
    {"setting": lambda row: row.setting, "value": lambda row: row.value, "from": lambda row: row.origin},
    shown=("setting", "value", "from"),
)


@commands.command()
def config(registry: Target = None, env: Env = None, publisher: Publisher = None, as_json: AsJson = False) -> None:
    """Show which registry, environment and publisher hold here, and where each was set. Contacts nothing."""
    rows = list(_rows(settings_for(registry, env, publisher)))
    show(as_json, [row._asdict() for row in rows], lambda: _ROWS.show(rows))


def _rows(settings: Settings) -> Iterator[_Row]:
    for name in ("registry", "env", "publisher", "signing_service"):
        value, origin = getattr(settings, name)
        yield _Row(name, value or "not set", "option" if origin == "passed" else origin)
    if _TOKEN_VARIABLE in os.environ:
        yield _Row("token", "set; never shown", _TOKEN_VARIABLE)
    yield from _project_rows(settings.project)


def _project_rows(project: Project | None) -> Iterator[_Row]:
    if project is None:
        yield _Row("project file", "none", PROJECT_VARIABLE if PROJECT_VARIABLE in os.environ else "default")
        return
    for start, options in project.storage_options.items():
        yield _Row(f"storage_options of {start}", ", ".join(_words(options)), str(project.path))
    if project.code:
        yield _Row("code", project.code, str(project.path))
    for name, address in project.mirrors.items():
        yield _Row(f"remote {name}", address, str(project.path))
    how = PROJECT_VARIABLE if PROJECT_VARIABLE in os.environ else "found upwards from here"
    yield _Row("project file", str(project.path), how)


def _words(options: Mapping[str, Any], outer: str = "") -> Iterator[str]:
    """The options, without anything secret: of a secret the project file has only the variable's name."""
    for name, value in options.items():
        match value:
            case {"env": str(variable)} if len(cast("Mapping[str, object]", value)) == 1:
                yield f"{outer}{name} ${variable}"
            case dict():
                yield from _words(cast("Mapping[str, Any]", value), f"{outer}{name}.")
            case _:
                yield f"{outer}{name} {json.dumps(value)}"

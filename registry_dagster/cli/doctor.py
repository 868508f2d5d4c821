"""Commands about the set-up: doctor, backup, schema."""

from __future__ import annotations

import json
import os
import platform
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.adopt.declaration_file import DeclarationFile
from registry_dagster.cli.deep import try_server
from registry_dagster.cli.given import settings_for
from registry_dagster.cli.options import AsJson, Env, Target, opened
from registry_dagster.cli.output import facts as print_facts
from registry_dagster.cli.output import report, show
from registry_dagster.cli.signing import signing_service
from registry_dagster.errors import RegistryError
from registry_dagster.registry.settings import Settings
from registry_dagster.stores.open import back_up

__all__ = ["backup", "commands", "doctor", "schema"]

commands = typer.Typer()

Deep = Annotated[
    bool,
    typer.Option(
        "--deep",
        help="Publish, find, retire and verify a throw-away dataset on a DataHub server, say what works, and clean up.",
    ),
]
_TOKEN_VARIABLE = "DATAHUB_GMS_TOKEN"
Repair = Annotated[
    bool,
    typer.Option("--repair", help="Add what a token was not allowed to write when versions were published."),
]
_LIBRARIES = (
    *("registry-dagster", "dagster", "acryl-datahub", "pydantic", "pyarrow", "deltalake", "pyiceberg", "pylance"),
    *("fsspec", "s3fs", "gcsfs", "adlfs", "caveclient"),
)


@commands.command()
def doctor(
    registry: Target = None, env: Env = None, as_json: AsJson = False, deep: Deep = False, repair: Repair = False
) -> None:
    """Show which registry is used, its release, rights and flags, and which versions are installed here."""
    if deep:
        try_server(registry, env, as_json)
        return
    with opened(registry, env) as opened_registry:
        if repair:
            lines = list(opened_registry.repair())
            show(as_json, lines, lambda: report("\n".join(lines or ["nothing is missing"]), ([each] for each in lines)))
            return
        here = {"registry": opened_registry.target, "environment": opened_registry.env}
        here |= {**_settings(settings_for(registry, env)), **_installed()}
        try:
            facts = {**here, **opened_registry.about()}
        except RegistryError:
            show(as_json, here, lambda: print_facts(here))
            raise
    show(as_json, facts, lambda: print_facts(facts))


@commands.command()
def backup(
    path: Annotated[Path, typer.Argument(help="The copy; nothing may be there yet.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Copy the embedded registry into one file and check the copy, also while others publish."""
    made = back_up(settings_for(registry).target, path)
    facts = {"path": str(made.path), "bytes": made.size, "entities": made.entities}
    words = f"{made.path}: {made.entities:,} entities, {made.size / 1e6:,.1f} MB; reads back"
    show(as_json, facts, lambda: report(words, facts.items()))


def _settings(settings: Settings) -> dict[str, str]:
    return {
        "chosen by": "--registry" if settings.registry.origin == "passed" else settings.registry.origin,
        "project file": str(settings.project.path) if settings.project else "none",
        "publisher": settings.publisher.value or "not set; pass --publisher to publish",
        "token": "set" if os.environ.get(_TOKEN_VARIABLE) else "not set in the environment",
        "signing service": signing_service() or "none",
    }


def _installed() -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, version

    found: dict[str, str] = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found


@commands.command()
def schema() -> None:
    """Print the JSON Schema of declarations."""
    typer.echo(json.dumps(DeclarationFile.model_json_schema(), indent=2))

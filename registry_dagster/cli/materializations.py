"""Commands about materialization versions: import, list."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.cli.answers import answer_rows
from registry_dagster.cli.listing import Listing
from registry_dagster.cli.options import AsJson, ColumnNames, Env, Quiet, Target, opened
from registry_dagster.cli.output import note, report, show, show_written
from registry_dagster.errors import MaterializationConflict
from registry_dagster.registry.rows.listed import MaterializationList, lifecycle_now
from registry_dagster.sources.open import open_source
from registry_dagster.sources.source import Source

__all__ = ["commands", "import_versions", "list_versions"]

_STATES = Listing(MaterializationList.CELLS, shown=tuple(MaterializationList.CELLS))
_FILES = {".json", ".yaml", ".yml"}

commands = typer.Typer()
versions = typer.Typer(
    help="Import materialization versions from upstream systems, or list the recorded ones.",
    no_args_is_help=True,
)
commands.add_typer(versions, name="materializations")


@versions.command("import")
def import_versions(
    source: Annotated[str, typer.Argument(help="cave, neuprint, or the path of a YAML file with versions.")],
    names: Annotated[
        list[str] | None, typer.Argument(help="cave: the datastack. neuprint: the server, and optionally a dataset.")
    ] = None,
    server: Annotated[str | None, typer.Option(help="cave: the address of its global server.")] = None,
    same_as: Annotated[
        list[str] | None,
        typer.Option(help="cave: another datastack with the same versions; repeatable."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change; write nothing.")] = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record the materialization versions that an upstream system reports: timestamps, expiry, status, aliases.

    Tokens come from the environment: CAVE_TOKEN (or caveclient's own), NEUPRINT_APPLICATION_CREDENTIALS. Publishes
    nothing. Exit code 1 if a version contradicts its record.
    """
    reported = _upstream(source, names or [], server, same_as or []).ask()
    with opened(registry, env) as opened_registry:
        changes = opened_registry.record_materializations(reported.versions, dry_run=dry_run)
    for line in reported.notes:
        note(line)
    data, rows = {**changes.to_dict(), "notes": list(reported.notes)}, answer_rows(changes)
    if dry_run:
        show(as_json, data, lambda: report(changes, rows))
    else:
        show_written(as_json, data, changes, rows, opened_registry)
    if refused := changes.of("refused"):
        raise MaterializationConflict(f"{len(refused)} of {len(changes.versions)} contradict their records; see above")


@versions.command("list")
def list_versions(
    system: Annotated[str | None, typer.Argument(help="The upstream system, or system@version; default: all.")] = None,
    registry: Target = None,
    env: Env = None,
    columns: ColumnNames = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """List the recorded materialization versions with timestamp, lifecycle and expiry. Contacts no upstream system."""
    with opened(registry, env) as opened_registry:
        versions = opened_registry.materializations(system)
        if not versions:
            opened_registry.check_exists()
            note(f"no materialization version is recorded in {opened_registry.target}")
    data = [{**version.to_json(), "lifecycle": lifecycle_now(version)} for version in versions]
    show(as_json, data, lambda: _STATES.show(versions, columns, quiet=quiet))


def _upstream(source: str, names: list[str], server: str | None, same_as: list[str]) -> Source:
    if Path(source).suffix in _FILES:
        return open_source("file", [source, *names], server=server, same_as=same_as)
    return open_source(source, names, server=server, same_as=same_as)

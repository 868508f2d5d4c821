"""Commands that write: publish, push, describe, retire; and plan, which shows what publish would do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.cli.app import app
from registry_dagster.cli.options import (
    AsJson,
    DatasetName,
    Env,
    FormatName,
    Publisher,
    StorageOption,
    Target,
    opened,
    storage_options,
    table_format,
)
from registry_dagster.cli.output import note, output, progress, say, show
from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.commit import Outcome
from registry_dagster.registry.plan import Plan

__all__ = ["describe", "plan", "publish", "push", "retire"]

_BATCH = 100

DeclarationFile = Annotated[Path, typer.Argument(help="The YAML or JSON file with the declaration.")]
TableLocation = Annotated[str, typer.Option("--table", help="Where the table is: a path or a URI.")]
PhysicalVersion = Annotated[
    str | None, typer.Option("--version", help="The table's physical version; default: the newest.")
]
Counts = Annotated[
    bool, typer.Option("--counts", help="Count rows even if that reads the metadata of every file (Delta, Parquet).")
]
Label = Annotated[str | None, typer.Option(help="An alias of the version for people.")]


@app.command()
def publish(
    declaration: DeclarationFile,
    table: TableLocation,
    message: Annotated[str, typer.Option("--message", "-m", help="Why this version is published.")],
    publisher: Publisher = None,
    format: FormatName = None,
    version: PhysicalVersion = None,
    label: Label = None,
    storage_option: StorageOption = None,
    counts: Counts = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; write nothing.")] = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Publish a table with its declared meaning."""
    declared = FeatureTable.from_yaml(declaration)
    facts = _inspect(table, format, version, storage_option, counts)
    with opened(registry, env, publisher) as opened_registry:
        planned = opened_registry.plan(declared, facts, label=label)
        if dry_run:
            _show_plan(planned, as_json)
            return
        for warning in planned.warnings:
            note(warning)
        receipt = opened_registry.publish(declared, facts, message=message, label=label)
    data = {
        "version": receipt.version, "urn": receipt.urn, "digest": receipt.digest, "created": receipt.created
    }  # fmt: skip
    done = "published" if receipt.created else "unchanged: the same content is already published as"
    show(as_json, data, lambda: output.print(f"{done} [bold]{receipt.version}[/]\n{receipt.urn}"))


@app.command()
def plan(
    declaration: DeclarationFile,
    table: TableLocation,
    format: FormatName = None,
    version: PhysicalVersion = None,
    label: Label = None,
    storage_option: StorageOption = None,
    counts: Counts = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what publishing a table would do. Writes nothing."""
    declared = FeatureTable.from_yaml(declaration)
    facts = _inspect(table, format, version, storage_option, counts)
    with opened(registry, env) as opened_registry:
        _show_plan(opened_registry.plan(declared, facts, label=label), as_json)


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="The folder of a file:// registry.")],
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Publish what was handed off in a folder. Running it again publishes nothing twice."""
    from registry_dagster.registry.handoff import handed_off

    publications = handed_off(folder, env or "PROD")
    outcomes: list[Outcome] = []
    with opened(registry, env) as opened_registry, progress("publishing", len(publications)) as done:
        for start in range(0, len(publications), _BATCH):
            batch = publications[start : start + _BATCH]
            outcomes += opened_registry.publish_many(batch)
            done(len(batch))
    failed = [outcome for outcome in outcomes if isinstance(outcome, RegistryError)]
    rows = [
        {"error": str(outcome)}
        if isinstance(outcome, RegistryError)
        else {"version": outcome.version, "created": outcome.created}
        for outcome in outcomes
    ]
    show(as_json, rows, lambda: _print_pushed(outcomes))
    if failed:
        raise RegistryError(
            f"{len(failed)} of {len(outcomes)} were not published; fix the errors and run again: "
            "what is already published is kept"
        )


@app.command()
def describe(
    dataset: DatasetName,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="Markdown.")] = None,
    owner: Annotated[list[str] | None, typer.Option(help="team:name or an e-mail address; repeatable.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A free word; repeatable.")] = None,
    message: Annotated[str, typer.Option("--message", "-m", help="Why.")] = "",
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record the title, description, owners and tags of a dataset. Those left out stay, and so do its versions."""
    given = {"title": title, "description": description, "owners": owner, "tags": tag}
    changes = Dataset.from_json({"name": dataset, **{name: value for name, value in given.items() if value}})
    with opened(registry, env, publisher) as opened_registry:
        described = opened_registry.describe(changes, message=message)
    show(as_json, described.to_json(), lambda: output.print(f"described [bold]{described.name}[/]"))


@app.command()
def retire(
    version: Annotated[str, typer.Argument(help="dataset@vN.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why it should no longer be used.")],
    replacement: Annotated[str | None, typer.Option(help="The version to use instead, dataset@vN.")] = None,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Mark a version that should no longer be used. Its record does not change."""
    with opened(registry, env, publisher) as opened_registry:
        retirement = opened_registry.retire(version, reason=reason, replacement=replacement)
    show(as_json, asdict(retirement), lambda: say(f"{version} is {retirement}"))


def _inspect(
    table: str, format: str | None, version: str | None, options: Sequence[str] | None, counts: bool
) -> TableFacts:
    from registry_dagster.tables import inspect_table

    return inspect_table(
        table, format=table_format(format), version=version, storage_options=storage_options(options), counts=counts
    )


def _show_plan(planned: Plan, as_json: bool) -> None:
    data = {
        "version": planned.version,
        "creates": planned.creates,
        "warnings": list(planned.warnings),
        "changes": [str(change) for change in planned.diff.changes] if planned.diff else [],
        "record": planned.record.to_json(),
    }
    show(as_json, data, lambda: say(planned.to_markdown()))


def _print_pushed(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, RegistryError):
            say(f"failed     {outcome}")
        else:
            say(f"{'published' if outcome.created else 'unchanged'}  {outcome.version}")

"""`feature-registry`: the registry from a terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from registry_dagster.committing import Outcome
from registry_dagster.datahub.retirement import Retirement
from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.words import column_words, reference_words, signal_words
from registry_dagster.registry import ENV_VARIABLE, Registry

__all__ = ["main"]

app = typer.Typer(
    help="Publish and read connectomics feature tables.", no_args_is_help=True, pretty_exceptions_enable=False
)
_out = Console(highlight=False, soft_wrap=True)
_err = Console(stderr=True, highlight=False, soft_wrap=True)

Target = Annotated[
    str | None,
    typer.Option("--registry", envvar="FEATURE_REGISTRY", help="Where the registry is kept: lite:///path/registry.db"),
]
Publisher = Annotated[
    str | None,
    typer.Option(envvar="FEATURE_REGISTRY_PUBLISHER", help="Who says so: e-mail address or account."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def main() -> None:
    """Run the command line. Exit code 0: done; 1: refused or failed, the reason on stderr; 2: usage."""
    try:
        app()
    except RegistryError as error:
        _err.print(f"[bold red]error[/] {type(error).__name__}", end=": ")
        _err.print(str(error), markup=False)
        sys.exit(1)


@app.command()
def publish(
    declaration: Annotated[Path, typer.Argument(help="YAML or JSON file with the declaration.")],
    table: Annotated[str, typer.Option("--table", help="Where the table is.")],
    message: Annotated[str, typer.Option("--message", "-m", help="Why this version is published.")],
    publisher: Publisher = None,
    format: Annotated[str | None, typer.Option(help="parquet, delta, iceberg or lance; found when left out.")] = None,
    version: Annotated[str | None, typer.Option(help="The table's physical version; default: the newest.")] = None,
    label: Annotated[str | None, typer.Option(help="A human alias of the version.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; write nothing.")] = False,
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Publish a table with its declared meaning."""
    from registry_dagster.tables import inspect_table

    declared = FeatureTable.from_yaml(declaration)
    facts = inspect_table(table, format=_format(format), version=version)
    with closing(Registry.open(registry, publisher=publisher)) as opened:
        plan = opened.plan(declared, facts, label=label)
        for warning in plan.warnings:
            _err.print(Text.assemble(("note ", "yellow"), warning))
        if dry_run:
            _show(
                as_json,
                {"version": plan.version, "creates": plan.creates},
                lambda: _out.print(plan.to_markdown(), markup=False),
            )
            return
        receipt = opened.publish(declared, facts, message=message, label=label)
    facts_of_it = {
        "version": receipt.version, "urn": receipt.urn, "digest": receipt.digest, "created": receipt.created
    }  # fmt: skip
    said = "published" if receipt.created else "unchanged: the same content stands as"
    _show(as_json, facts_of_it, lambda: _out.print(f"{said} [bold]{receipt.version}[/]\n{receipt.urn}"))


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="dataset, or dataset@vN.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Show one published version: the newest, or the one named."""
    with closing(Registry.open(registry)) as opened:
        record = opened.get(name)
        retirement = opened.retirement(record.name)
    retired = {"retired": asdict(retirement)} if retirement else {}
    _show(
        as_json,
        {**record.to_json(), "digest": record.digest, **retired},
        lambda: _print_record(record, retirement),
    )


@app.command()
def versions(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """List the published versions of a dataset."""
    with closing(Registry.open(registry)) as opened:
        records = opened.versions(dataset)
    _show(
        as_json,
        [{**record.to_json(), "digest": record.digest} for record in records],
        lambda: _print_list(records),
    )


@app.command()
def join(
    a: Annotated[str, typer.Argument(help="dataset, or dataset@vN.")],
    b: Annotated[str, typer.Argument(help="The other one.")],
    through: Annotated[list[str] | None, typer.Option(help="A table that may hold keys of both; repeatable.")] = None,
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Say how two published tables can be joined: on which columns, how well, and what is lost."""
    with closing(Registry.open(registry)) as opened:
        found = opened.join(a, b, bridges=through or ())
    _show(as_json, found.to_dict(), lambda: _out.print(str(found), markup=False))


@app.command()
def compatible(
    a: Annotated[str, typer.Argument(help="dataset, or dataset@vN.")],
    b: Annotated[str, typer.Argument(help="The other one.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Say whether two published versions go together, with the reason."""
    with closing(Registry.open(registry)) as opened:
        found = opened.compatibility(a, b)
    _show(as_json, found.to_dict(), lambda: _out.print(str(found), markup=False))


@app.command()
def comparable(
    a: Annotated[str, typer.Argument(help="dataset, or dataset@vN.")],
    b: Annotated[str, typer.Argument(help="The other one.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Say whether the embeddings of two published tables can be compared."""
    with closing(Registry.open(registry)) as opened:
        found = opened.comparable(a, b)
    _show(as_json, found.to_dict(), lambda: _out.print(str(found), markup=False))


@app.command()
def push(
    folder: Annotated[Path, typer.Argument(help="Folder of a file:// registry.")],
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Publish what was handed off in a folder, create-only. Running it again publishes nothing twice."""
    from registry_dagster.handoff import handed_off

    publications = handed_off(folder, os.environ.get(ENV_VARIABLE) or "PROD")
    with closing(Registry.open(registry)) as opened:
        outcomes = opened.publish_many(publications)
    failed = [outcome for outcome in outcomes if isinstance(outcome, RegistryError)]
    rows = [
        {"error": str(outcome)}
        if isinstance(outcome, RegistryError)
        else {"version": outcome.version, "created": outcome.created}
        for outcome in outcomes
    ]
    _show(as_json, rows, lambda: _print_pushed(outcomes))
    if failed:
        raise RegistryError(f"{len(failed)} of {len(outcomes)} were not published; run it again when that is mended")


@app.command()
def describe(
    dataset: Annotated[str, typer.Argument(help="The dataset's name.")],
    title: Annotated[str | None, typer.Option(help="How people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="Markdown.")] = None,
    owner: Annotated[list[str] | None, typer.Option(help="team:name or an e-mail address; may be repeated.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="A free word; may be repeated.")] = None,
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Record what a dataset is called now. What is left out stays; versions stay as they are."""
    given = {"title": title, "description": description, "owners": owner, "tags": tag}
    changes = Dataset.from_json({"name": dataset, **{name: value for name, value in given.items() if value}})
    with closing(Registry.open(registry)) as opened:
        described = opened.describe(changes)
    _show(as_json, described.to_json(), lambda: _out.print(f"described [bold]{described.name}[/]"))


@app.command()
def retire(
    version: Annotated[str, typer.Argument(help="dataset@vN.")],
    reason: Annotated[str, typer.Option("--reason", "-m", help="Why it should not be used any more.")],
    replacement: Annotated[str | None, typer.Option(help="The version to use instead, dataset@vN.")] = None,
    publisher: Publisher = None,
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Mark a version as not to be used any more. Its record stays untouched."""
    with closing(Registry.open(registry, publisher=publisher)) as opened:
        retirement = opened.retire(version, reason=reason, replacement=replacement)
    _show(as_json, asdict(retirement), lambda: _out.print(f"{version} is {retirement}", markup=False))


@app.command()
def verify(
    version: Annotated[str, typer.Argument(help="dataset@vN.")],
    record: Annotated[bool, typer.Option("--record", help="Check the record against its digest.")] = False,
    registry: Target = None,
    as_json: AsJson = False,
) -> None:
    """Check that a published version still says what was published. Exit code 1 if it does not."""
    with closing(Registry.open(registry)) as opened:
        changed = opened.verify(version, record=record)
    _show(as_json, {"version": version, "changed": changed}, lambda: _print_verdict(version, changed))
    if changed:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of declarations."""
    typer.echo(json.dumps(FeatureTable.model_json_schema(), indent=2))


def _format(name: str | None) -> Any:
    from registry_dagster.model.base import suggestion

    known = ("parquet", "delta", "iceberg", "lance")
    if name is not None and name not in known:
        raise RegistryError(f"no format {name!r}{suggestion(name, known)} One of {', '.join(known)}")
    return name


def _show(as_json: bool, data: Any, pretty: Callable[[], None]) -> None:
    if as_json:
        typer.echo(json.dumps(data, indent=2, ensure_ascii=False))
    else:
        pretty()


def _table(*names: str) -> Table:
    return Table(*(Column(name, overflow="fold") for name in names))


def _add(table: Table, *cells: str) -> None:
    """A row of plain text: what people wrote is not markup."""
    table.add_row(*map(Text, cells))


def _print_pushed(outcomes: Sequence[Outcome]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, RegistryError):
            _out.print(f"failed     {outcome}", markup=False)
        else:
            _out.print(f"{'published' if outcome.created else 'unchanged'}  {outcome.version}", markup=False)


def _print_verdict(version: str, changed: Sequence[str]) -> None:
    for line in changed or (f"{version}: the record is intact",):
        _out.print(line, markup=False)


def _print_list(records: tuple[DatasetVersion, ...]) -> None:
    table = _table("version", "made against", "format", "rows", "published", "by", "why")
    for record in records:
        provenance = record.provenance
        _add(
            table,
            record.name,
            ", ".join(map(str, record.materializations)),
            record.table.format,
            "unknown" if record.table.rows is None else f"{record.table.rows:,}",
            f"{provenance.published_at:%Y-%m-%d %H:%M}",
            provenance.publisher,
            provenance.message,
        )
    _out.print(table)


def _print_record(record: DatasetVersion, retirement: Retirement | None) -> None:
    provenance, table = record.provenance, record.table
    about = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))
    for name, value in {
        "version": record.name,
        "label": record.label,
        "retired": str(retirement) if retirement else None,
        "made against": ", ".join(map(str, record.materializations)),
        "computed from": ", ".join(record.inputs),
        "location": table.location,
        "format": table.format,
        "state": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in table.pin.identity.items() if value),
        "rows": "unknown" if table.rows is None else f"{table.rows:,}",
        "published": f"{provenance.published_at:%Y-%m-%d %H:%M:%S} UTC by {provenance.publisher}",
        "why": provenance.message,
        "digest": record.digest,
    }.items():
        if value:
            about.add_row(Text(name, style="dim"), Text(value))
    _out.print(about)
    columns = _table("column", "type", "meaning", "description")
    for field in table.fields:
        column = record.columns.get(field.path)
        words = " · ".join(column_words(column)) if column else ""
        _add(columns, field.path, field.type, words, (column.description if column else None) or "")
    _out.print(columns)
    for line in (*map(reference_words, record.references), *map(signal_words, record.signals)):
        _out.print(f"- {line}", markup=False)

"""Commands that read records: show, versions, diff."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Column, Table
from rich.text import Text

from registry_dagster.cli.app import app
from registry_dagster.cli.options import AsJson, DatasetName, Env, Target, VersionName, opened
from registry_dagster.cli.output import add_row, output, say, table
from registry_dagster.cli.output import show as show_result
from registry_dagster.cli.signing import signing_service
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.model.words import column_words, reference_words, signal_words

__all__ = ["diff", "show", "versions"]


@app.command()
def show(
    name: VersionName,
    read: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINE",
            help="Print Python that reads exactly the published table, with polars, duckdb, pyarrow, spark, ray "
            "or lance.",
        ),
    ] = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show a published version. A dataset's name means its newest version."""
    if read is not None:
        return _show_code(name, read, registry, env, as_json)
    with opened(registry, env) as opened_registry:
        record = opened_registry.get(name)
        retirement = opened_registry.retirement(record.name)
    signing = signing_service()
    data = _json(record, retirement)
    if signing:
        data["signing_service"] = signing
    show_result(as_json, data, lambda: _print_record(record, retirement, signing))


@app.command()
def versions(
    dataset: DatasetName,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """List the published versions of a dataset."""
    with opened(registry, env) as opened_registry:
        records = opened_registry.versions(dataset)
        if not records:
            # Raises, and says which name may be meant.
            opened_registry.current(dataset)
        retired = opened_registry.retirements(dataset)
    data = [_json(record, retired.get(record.name)) for record in records]
    show_result(as_json, data, lambda: _print_versions(records, retired))


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="dataset@vN.")],
    after: Annotated[str, typer.Argument(help="The version to compare it with.")],
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions: table, schema, meaning, materialization versions."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.diff(before, after)
    show_result(as_json, found.to_dict(), lambda: say(found))


def _show_code(name: str, engine: str, registry: str | None, env: str | None, as_json: bool) -> None:
    with opened(registry, env) as opened_registry:
        version = opened_registry.get(name).name
        code = opened_registry.read_code(version, engine)
    show_result(as_json, {"version": version, "engine": engine, "code": code}, lambda: typer.echo(code, nl=False))


def _json(record: DatasetVersion, retirement: Retirement | None) -> dict[str, Any]:
    data = {**record.to_json(), "digest": record.digest}
    return {**data, "retired": asdict(retirement)} if retirement else data


def _print_versions(records: Sequence[DatasetVersion], retired: Mapping[str, Retirement]) -> None:
    names = ("version", "made against", "format", "rows", "published", "by", "why")
    listed = table(*names, "retired") if retired else table(*names)
    for record in records:
        provenance = record.provenance
        cells = [
            record.name,
            ", ".join(map(str, record.materializations)),
            record.table.format,
            "unknown" if record.table.rows is None else f"{record.table.rows:,}",
            f"{provenance.published_at:%Y-%m-%d %H:%M}",
            provenance.publisher,
            provenance.message,
        ]
        add_row(listed, [*cells, str(retired.get(record.name, ""))] if retired else cells)
    output.print(listed)


def _print_record(record: DatasetVersion, retirement: Retirement | None, signing: str | None) -> None:
    about = Table.grid(Column(), Column(overflow="fold"), padding=(0, 2))
    for name, value in _about(record, retirement, signing).items():
        if value:
            about.add_row(Text(name, style="dim"), Text(value))
    output.print(about)
    columns = table("column", "type", "meaning", "description")
    for field in record.table.fields:
        column = record.columns.get(field.path)
        words = " · ".join(column_words(column)) if column else ""
        add_row(columns, [field.path, field.type, words, column.description if column else None])
    output.print(columns)
    for line in (*map(reference_words, record.references), *map(signal_words, record.signals)):
        say(f"- {line}")


def _about(record: DatasetVersion, retirement: Retirement | None, signing: str | None) -> dict[str, str | None]:
    provenance, physical = record.provenance, record.table
    pinned = physical.pin.identity.items()
    return {
        "version": record.name,
        "label": record.label,
        "retired": str(retirement) if retirement else None,
        "made against": ", ".join(map(str, record.materializations)),
        "computed from": ", ".join(record.inputs),
        "location": physical.location,
        "format": physical.format,
        "pinned": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in pinned if value),
        "signed links": f"ask {signing} for {record.name}" if signing else None,
        "rows": "unknown" if physical.rows is None else f"{physical.rows:,}",
        "published": f"{provenance.published_at:%Y-%m-%d %H:%M:%S} UTC by {provenance.publisher}",
        "why": provenance.message,
        "digest": record.digest,
    }

"""Commands that read records: show, versions, diff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from registry_dagster.cli.app import app
from registry_dagster.cli.completion import engines
from registry_dagster.cli.listing import Listing, moment
from registry_dagster.cli.options import (
    AsJson,
    At,
    ColumnNames,
    DatasetName,
    Env,
    InLayout,
    Quiet,
    Target,
    VersionName,
    opened,
)
from registry_dagster.cli.output import facts, line, note, output, say, visible
from registry_dagster.cli.output import show as show_result
from registry_dagster.cli.signing import signing_service
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import TableField
from registry_dagster.model.words import column_words, reference_words, signal_words
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.now import VersionNow
from registry_dagster.registry.shown import Shown, record_json, shown

__all__ = ["diff", "show", "versions"]


@app.command()
def show(
    name: VersionName,
    read: Annotated[
        str | None,
        typer.Option(
            metavar="ENGINE",
            autocompletion=engines,
            help="Print Python that reads exactly the published table, with polars, duckdb, pyarrow, pandas, "
            "spark, ray or lance.",
        ),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Print what people did to it: who, why, when.")] = False,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Show a published version. A dataset's name means its current version; with --history, the whole dataset."""
    with opened(registry, env) as opened_registry:
        if history:
            return _show_history(opened_registry, name, as_json)
        if quiet:
            return line(opened_registry.current(name, at=at, layout=layout).version)
        if read is not None:
            taken = opened_registry.current(name, at=at, layout=layout)
            code = opened_registry.read_code(name, read, at=at, layout=layout)
            data = {"version": taken.version, "engine": read, "code": code}
            return show_result(as_json, data, lambda: typer.echo(visible(code), nl=False))
        found, signing = shown(opened_registry, name, at=at, layout=layout), signing_service()
    data = {**found.to_dict(), "signing_service": signing} if signing else found.to_dict()
    show_result(as_json, data, lambda: _print_record(found, signing))


@app.command()
def versions(
    dataset: DatasetName,
    registry: Target = None,
    env: Env = None,
    columns: ColumnNames = None,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """List the versions of a dataset, also those that are retired, removed, drafts or gone."""
    with opened(registry, env) as opened_registry:
        home, own = opened_registry.holder(dataset)
        records = {record.name: record for record in home.versions(own)}
        if not records:
            # Raises, and says which name may be meant.
            home.current(own)
        retired = home.retirements(own)
        now = home.acts.now(own)
    lab = dataset.removesuffix(own)
    data = [
        record_json(records[each.version], each, retired.get(each.version))
        if each.version in records
        else each.to_dict()
        for each in now.versions
    ]
    rows = [_Row(f"{lab}{each.version}", each, records.get(each.version)) for each in now.versions]
    show_result(as_json, data, lambda: _VERSIONS.show(rows, columns, quiet=quiet))
    if not as_json and now.current and now.current.remark:
        note(f"current: {lab}{now.current}")
    if lab:
        note(f"{lab.removesuffix('/')}: {home.target}")


@app.command()
def diff(
    before: Annotated[str, typer.Argument(help="dataset@vN; alone, it is compared with the version before it.")],
    after: Annotated[str | None, typer.Argument(help="The version to compare it with.")] = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two versions: table, schema, meaning, materialization versions."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.diff(before, after)
    show_result(as_json, found.to_dict(), lambda: say(found))


class _Row(NamedTuple):
    """One number of a dataset, as it is named here, with its record if that can be read."""

    name: str
    now: VersionNow
    record: DatasetVersion | None


def _of_record(value: Callable[[DatasetVersion], object]) -> Callable[[_Row], object]:
    """A cell that is empty where there is no record."""
    return lambda row: None if row.record is None else value(row.record)


_VERSIONS: Listing[_Row] = Listing(
    {
        "version": lambda row: row.name,
        "label": lambda row: row.now.labels,
        "layout": lambda row: row.now.layout,
        "made against": _of_record(lambda record: record.materializations),
        "format": _of_record(lambda record: record.table.format),
        "rows": _of_record(lambda record: "unknown" if record.table.rows is None else record.table.rows),
        "published": _of_record(lambda record: record.provenance.published_at),
        "publisher": _of_record(lambda record: record.provenance.publisher),
        "why": _of_record(lambda record: record.provenance.message),
        "location": _of_record(lambda record: record.table.location),
        "state": lambda row: "; ".join(row.now.marks),
    },
    shown=("version", "label", "layout", "made against", "format", "rows", "published", "publisher", "why", "state"),
)


class _Field(NamedTuple):
    """A column of a published table."""

    field: TableField
    record: DatasetVersion

    @property
    def meaning(self) -> str:
        declared = self.record.columns.get(self.field.path)
        return " · ".join(column_words(declared)) if declared else ""

    @property
    def description(self) -> str | None:
        declared = self.record.columns.get(self.field.path)
        return declared.description if declared else None


_FIELDS: Listing[_Field] = Listing(
    {
        "column": lambda row: row.field.path,
        "type": lambda row: row.field.type,
        "meaning": lambda row: row.meaning,
        "description": lambda row: row.description,
    },
    shown=("column", "type", "meaning", "description"),
)


def _show_history(registry: Registry, name: str, as_json: bool) -> None:
    version = name if "@" not in name else registry.current(name).version
    home, own = registry.holder(version)
    acts = home.acts.history(own)
    data = [act.to_json() for act in acts]
    text = "\n".join(map(str, acts)) or f"{name}: nothing was done to it after publishing"
    show_result(as_json, data, lambda: say(text))
    if own != version:
        note(f"{version.removesuffix(own).removesuffix('/')}: {home.target}")


def _print_record(shown: Shown, signing: str | None) -> None:
    record = shown.seen
    facts({**_about(shown), **_table(shown, signing)})
    if output.is_terminal:
        output.print()
        _FIELDS.show([_Field(field, record) for field in record.table.fields])
        for text in (*map(reference_words, record.references), *map(signal_words, record.signals)):
            say(f"- {text}")
        return
    for field in record.table.fields:
        line("column", *(value(_Field(field, record)) for value in _FIELDS.values.values()))
    for kind, texts in (
        ("reference", map(reference_words, record.references)),
        ("signal", map(signal_words, record.signals)),
    ):
        for text in texts:
            line(kind, text)


def _about(shown: Shown) -> dict[str, str | None]:
    """What it is called, which version was taken and why, and what is true of it now."""
    now, taken = shown.version, shown.taken
    return {
        "version": taken.version,
        "remote": str(taken.remote) if taken.remote else None,
        "taken because": taken.reason,
        "passed over": "\n".join(taken.passed_over),
        "also in layout": ", ".join(taken.layouts),
        "title": shown.dataset.title,
        "owners": ", ".join(shown.dataset.owners),
        "label": ", ".join(now.labels),
        "layout": now.layout,
        "license": now.license,
        "citation": now.citation,
        "doi": now.doi,
        "draft": "yes: it is not final" if now.draft else None,
        "retired": shown.worded(str(shown.retirement)) if shown.retirement else None,
        "gaps": shown.worded("\n".join(shown.now.gaps)),
    }


def _table(shown: Shown, signing: str | None) -> dict[str, str | None]:
    record = shown.seen
    provenance, physical = record.provenance, record.table
    pinned = physical.pin.identity.items()
    return {
        "made against": ", ".join(map(str, record.materializations)),
        "expiry": "\n".join(map(str, shown.expiries)),
        "computed from": ", ".join(record.inputs),
        "location": physical.location,
        "known places": "\n".join(map(str, shown.version.places)),
        "format": physical.format,
        "pinned": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in pinned if value),
        "signed links": f"ask {signing} for {record.name}" if signing else None,
        "rows": "unknown" if physical.rows is None else f"{physical.rows:,}",
        "published": moment(provenance.published_at),
        "publisher": provenance.publisher,
        "why": provenance.message,
        "code": str(provenance.code) if provenance.code else None,
        "digest": record.digest,
        "content": record.content_digest,
    }

"""Commands that read records: show, versions, diff."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any, NamedTuple

import typer

from registry_dagster.answers.current import Taken
from registry_dagster.answers.expiry import Expiry, expiry, unknown_expiry
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
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.retirement import Retirement
from registry_dagster.model.table import TableField
from registry_dagster.model.words import column_words, reference_words, signal_words
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.now import DatasetNow, VersionNow

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
        taken = opened_registry.current(name, at=at, layout=layout)
        if quiet:
            return line(taken.version)
        if read is not None:
            code = opened_registry.read_code(name, read, at=at, layout=layout)
            data = {"version": taken.version, "engine": read, "code": code}
            return show_result(as_json, data, lambda: typer.echo(visible(code), nl=False))
        shown = _shown(opened_registry, taken)
    show_result(as_json, _shown_json(shown), lambda: _print_record(shown))


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
        records = {record.name: record for record in opened_registry.versions(dataset)}
        if not records:
            # Raises, and says which name may be meant.
            opened_registry.current(dataset)
        retired = opened_registry.retirements(dataset)
        now = opened_registry.acts.now(dataset)
    data = [
        _json(records[each.version], each, retired.get(each.version)) if each.version in records else each.to_dict()
        for each in now.versions
    ]
    rows = [_Row(each, records.get(each.version)) for each in now.versions]
    show_result(as_json, data, lambda: _VERSIONS.show(rows, columns, quiet=quiet))
    if not as_json and now.current and now.current.remark:
        note(f"current: {now.current}")


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
    """One number of a dataset, with its record if that can be read."""

    now: VersionNow
    record: DatasetVersion | None


def _of_record(value: Callable[[DatasetVersion], object]) -> Callable[[_Row], object]:
    """A cell that is empty where there is no record."""
    return lambda row: None if row.record is None else value(row.record)


_VERSIONS: Listing[_Row] = Listing(
    {
        "version": lambda row: row.now.version,
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


@dataclass(frozen=True)
class _Shown:
    """All that is printed of one version."""

    record: DatasetVersion
    taken: Taken
    dataset: Dataset
    now: DatasetNow
    expiries: tuple[Expiry, ...]
    retirement: Retirement | None
    signing: str | None

    @property
    def version(self) -> VersionNow:
        return self.now.version(self.record.name)


def _shown(registry: Registry, taken: Taken) -> _Shown:
    record = registry.get(taken.version)
    dataset, now = registry.dataset(record.dataset), registry.acts.now(record.dataset)
    expiries = tuple(_expiries(registry, record, datetime.now(timezone.utc)))
    return _Shown(record, taken, dataset, now, expiries, registry.retirement(record.name), signing_service())


def _expiries(registry: Registry, record: DatasetVersion, now: datetime) -> Iterator[Expiry]:
    """When what a version was made against expires, as recorded by now."""
    for state in record.materializations:
        recorded = registry.materialization(state)
        yield unknown_expiry(str(state)) if recorded is None else expiry(recorded, at=now)


def _show_history(registry: Registry, name: str, as_json: bool) -> None:
    acts = registry.acts.history(name if "@" not in name else registry.current(name).version)
    data = [act.to_json() for act in acts]
    text = "\n".join(map(str, acts)) or f"{name}: nothing was done to it after publishing"
    show_result(as_json, data, lambda: say(text))


def _shown_json(shown: _Shown) -> dict[str, Any]:
    data = _json(shown.record, shown.version, shown.retirement)
    data |= {"taken": shown.taken.to_dict(), "described": shown.dataset.to_json(), "gaps": list(shown.now.gaps)}
    data["expiry"] = [each.to_dict() for each in shown.expiries]
    return {**data, "signing_service": shown.signing} if shown.signing else data


def _json(record: DatasetVersion, now: VersionNow, retirement: Retirement | None) -> dict[str, Any]:
    data = {**record.to_json(), "digest": record.digest, "content_digest": record.content_digest, "now": now.to_dict()}
    return {**data, "retired": retirement.to_dict()} if retirement else data


def _print_record(shown: _Shown) -> None:
    record = shown.record
    facts({**_about(shown), **_table(shown)})
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


def _about(shown: _Shown) -> dict[str, str | None]:
    """What it is called, which version was taken and why, and what is true of it now."""
    now, taken = shown.version, shown.taken
    return {
        "version": shown.record.name,
        "taken because": taken.reason,
        "passed over": "\n".join(taken.passed_over),
        "also in layout": ", ".join(taken.layouts),
        "title": shown.dataset.title,
        "owners": ", ".join(shown.dataset.owners),
        "label": ", ".join(now.labels),
        "layout": now.layout,
        "licence": now.licence,
        "draft": "yes: it is not final" if now.draft else None,
        "retired": str(shown.retirement) if shown.retirement else None,
        "gaps": "\n".join(shown.now.gaps),
    }


def _table(shown: _Shown) -> dict[str, str | None]:
    record, signing = shown.record, shown.signing
    provenance, physical = record.provenance, record.table
    pinned = physical.pin.identity.items()
    return {
        "made against": ", ".join(map(str, record.materializations)),
        "expiry": "\n".join(map(str, shown.expiries)),
        "computed from": ", ".join(record.inputs),
        "location": physical.location,
        "format": physical.format,
        "pinned": ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in pinned if value),
        "signed links": f"ask {signing} for {record.name}" if signing else None,
        "rows": "unknown" if physical.rows is None else f"{physical.rows:,}",
        "published": moment(provenance.published_at),
        "publisher": provenance.publisher,
        "why": provenance.message,
        "digest": record.digest,
        "content": record.content_digest,
    }

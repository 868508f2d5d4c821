"""Commands that read records: show, versions, diff."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Annotated, Any

import typer

from registry_dagster.answers.current import Taken
from registry_dagster.answers.expiry import Expiry, expiry, unknown_expiry
from registry_dagster.cli.app import app
from registry_dagster.cli.options import AsJson, At, DatasetName, Env, InLayout, Target, VersionName, opened
from registry_dagster.cli.output import add_row, facts, output, say, table, visible
from registry_dagster.cli.output import show as show_result
from registry_dagster.cli.signing import signing_service
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.retirement import Retirement
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
            help="Print Python that reads exactly the published table, with polars, duckdb, pyarrow, pandas, "
            "spark, ray or lance.",
        ),
    ] = None,
    history: Annotated[bool, typer.Option("--history", help="Print what people did to it: who, why, when.")] = False,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show a published version. A dataset's name means its current version; with --history, the whole dataset."""
    with opened(registry, env) as opened_registry:
        if history:
            return _show_history(opened_registry, name, as_json)
        taken = opened_registry.current(name, at=at, layout=layout)
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
    show_result(as_json, data, lambda: _print_versions(records, now))


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


def _print_versions(records: Mapping[str, DatasetVersion], now: DatasetNow) -> None:
    marked = any(each.marks for each in now.versions)
    named = any(each.labels or each.layout for each in now.versions)
    names = ["version", *(["label", "layout"] if named else []), "made against", "format", "rows", "published", "by"]
    listed = table(*names, "why", *(["state"] if marked else []))
    for each in now.versions:
        record = records.get(each.version)
        cells = [each.version, *([", ".join(each.labels), each.layout] if named else [])]
        cells += _cells(record) if record else [None] * 6
        add_row(listed, [*cells, *(["; ".join(each.marks)] if marked else [])])
    output.print(listed)
    if now.current and now.current.remark:
        say(f"current: {now.current}")


def _cells(record: DatasetVersion) -> list[str | None]:
    provenance = record.provenance
    return [
        ", ".join(map(str, record.materializations)),
        record.table.format,
        "unknown" if record.table.rows is None else f"{record.table.rows:,}",
        f"{provenance.published_at:%Y-%m-%d %H:%M}",
        provenance.publisher,
        provenance.message,
    ]


def _print_record(shown: _Shown) -> None:
    facts({**_about(shown), **_table(shown)})
    record = shown.record
    columns = table("column", "type", "meaning", "description")
    for field in record.table.fields:
        column = record.columns.get(field.path)
        words = " · ".join(column_words(column)) if column else ""
        add_row(columns, [field.path, field.type, words, column.description if column else None])
    output.print(columns)
    for line in (*map(reference_words, record.references), *map(signal_words, record.signals)):
        say(f"- {line}")


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
        "published": f"{provenance.published_at:%Y-%m-%d %H:%M:%S} UTC by {provenance.publisher}",
        "why": provenance.message,
        "digest": record.digest,
        "content": record.content_digest,
    }

"""Commands that read records: show, versions, diff."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, NamedTuple

import typer

from registry_dagster.cli.answers import act_cells, show_answer
from registry_dagster.cli.completion import engines
from registry_dagster.cli.listing import Listing
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
from registry_dagster.cli.output import facts, line, note, report, visible
from registry_dagster.cli.output import show as show_result
from registry_dagster.cli.record import physical_table, print_meaning
from registry_dagster.cli.signing import signing_service
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.listed import VersionList
from registry_dagster.registry.rows.now import VersionNow
from registry_dagster.registry.shown import Shown, record_json, shown

__all__ = ["commands", "diff", "show", "versions"]

commands = typer.Typer()


@commands.command()
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


@commands.command()
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


@commands.command()
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
    show_answer(as_json, found)


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
        **{heading: _of_record(value) for heading, value in VersionList.CELLS.items()},
        "version": lambda row: row.name,
        "label": lambda row: row.now.labels,
        "layout": lambda row: row.now.layout,
        "state": lambda row: "; ".join(row.now.marks),
    },
    shown=("version", "label", "layout", "made against", "format", "rows", "published", "publisher", "why", "state"),
)


def _show_history(registry: Registry, name: str, as_json: bool) -> None:
    version = name if "@" not in name else registry.current(name).version
    home, own = registry.holder(version)
    acts = home.acts.history(own)
    data = [act.to_json() for act in acts]
    if not acts:
        note(f"{name}: nothing was done to it after publishing")
    show_result(as_json, data, lambda: report("\n".join(map(str, acts)), map(act_cells, acts)))
    if own != version:
        note(f"{version.removesuffix(own).removesuffix('/')}: {home.target}")


def _print_record(shown: Shown, signing: str | None) -> None:
    facts({**_about(shown), **_table(shown, signing)})
    print_meaning(shown.seen)


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


def _table(shown: Shown, signing: str | None) -> dict[str, object]:
    record = shown.seen
    provenance = record.provenance
    return {
        "made against": record.materializations,
        "expiry": "\n".join(map(str, shown.expiries)),
        "computed from": record.inputs,
        **physical_table(record.table),
        "known places": "\n".join(map(str, shown.version.places)),
        "signed links": f"ask {signing} for {record.name}" if signing else None,
        "published": provenance.published_at,
        "publisher": provenance.publisher,
        "why": provenance.message,
        "code": str(provenance.code) if provenance.code else None,
        "digest": record.digest,
        "content": record.content_digest,
    }

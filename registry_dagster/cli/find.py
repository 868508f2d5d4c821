"""Commands that find: list, find, expiring, dependents, lineage, newest, column."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer
from typing_extensions import Unpack

from registry_dagster.answers.answer import Answer
from registry_dagster.cli.app import EXPIRES, app
from registry_dagster.cli.filter_options import with_filter_options
from registry_dagster.cli.options import AsJson, At, DatasetName, Env, InLayout, Target, VersionName, opened
from registry_dagster.cli.output import add_row, note, output, say, show, table
from registry_dagster.registry.filters import Filters
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.rows import Rows, value_text

__all__ = ["column", "dependents", "expiring", "find", "lineage", "list_datasets", "newest"]

_HEADINGS = {"newest": "current", "expires_on": "expires on (UTC)"}
_IF_ANY = ("passed_over", "removed")
"""Columns that are shown only where a row has something in them."""

Limit = Annotated[int, typer.Option(min=1, help="The most to list.")]


@app.command("list")
def list_datasets(
    text: Annotated[str | None, typer.Argument(help="Words in the name, title, description or tags.")] = None,
    limit: Limit = 100,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """List the datasets, each with its current version, and the later ones that are passed over."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.datasets(text, limit=limit)
        _show(opened_registry, as_json, found, ("name", "newest", "passed_over", "title", "owners", "tags"))


@app.command()
@with_filter_options
def find(
    text: Annotated[str | None, typer.Argument(help="Words in names, columns, descriptions or messages.")] = None,
    limit: Limit = 100,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
    **filters: Unpack[Filters],
) -> None:
    """Find published versions that match all options, newest first."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.find(text, limit=limit, **filters)
        _show(
            opened_registry,
            as_json,
            found,
            ("version", "title", "materializations", "format", "rows", "published_at", "retired", "removed"),
        )


@app.command()
def expiring(
    within: Annotated[float, typer.Option(help="Days of 24 hours, from now on.")] = 60,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 4 if a version expires that is not retired or removed.")
    ] = False,
    limit: Limit = 100,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """List versions made against a materialization version that has expired or soon will. Nothing is enforced.

    Times are in UTC, as last recorded; no upstream system is contacted. If no expiry is recorded at all, that is an
    error: it is not known that nothing expires.
    """
    with opened(registry, env) as opened_registry:
        found = opened_registry.find(expiring_within=within, limit=limit)
        _show(
            opened_registry,
            as_json,
            found,
            ("version", "expires_on", "materializations", "publisher", "retired", "removed"),
        )
        if exit_code and _any_in_use(opened_registry, within):
            raise typer.Exit(EXPIRES)


def _any_in_use(registry: Registry, within: float) -> bool:
    """Whether a version expires that is neither retired nor removed. The list may end before it."""
    return any(not row.removed for row in registry.stream(expiring_within=within, retired=False))


@app.command()
def dependents(
    of: Annotated[str, typer.Argument(help="dataset, dataset@vN, system@version, or an upstream table.")],
    limit: Limit = 100,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """List versions that were computed from something, join to it, or were made against it."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.dependents(of, limit=limit)
        _show(opened_registry, as_json, found, ("version", "how", "retired", "removed"))


@app.command()
def lineage(
    name: VersionName,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what a version was made against, computed from and joins to, and what depends on it."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.lineage(name)
    show(as_json, found.to_dict(), lambda: say(found))


@app.command()
def newest(
    dataset: DatasetName,
    compatible_with: Annotated[str, typer.Option(help="system@version, a version alone, dataset or dataset@vN.")],
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show the newest version of a dataset that is compatible with something. Exit code 1 if none is known."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.newest(dataset, compatible_with=compatible_with)
    show(as_json, found.to_dict(), lambda: say(found))
    if found.version is None:
        raise typer.Exit(1)


@app.command()
def column(
    name: VersionName,
    path: Annotated[str, typer.Argument(help="The column's name, or nested names joined by dots.")],
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what a column means: unit, frame, resolution, model, metric, joins, signals."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.column(name, path, at=at, layout=layout)
    show(as_json, found.to_dict(), lambda: say(found))


def _show(registry: Registry, as_json: bool, found: Rows[Any], names: Iterable[str]) -> None:
    """Print what was found. Nothing is an answer only where there is a registry.

    Raises:
        NotPublished: there is none.
    """
    if not found:
        registry.check_exists()
        note(f"asked {registry.target}, environment {registry.env}")
    rows: list[dict[str, Any]] = [row.to_dict() for row in found]
    show(as_json, rows, lambda: _print_rows(list(found), list(names)))
    if found.more:
        note("there are more; raise --limit to see them")


def _print_rows(rows: list[Answer], names: list[str]) -> None:
    if not rows:
        say("nothing found")
        return
    names = [name for name in names if name not in _IF_ANY or any(getattr(row, name) for row in rows)]
    listed = table(*(_HEADINGS.get(name, name.replace("_", " ")) for name in names))
    for row in rows:
        add_row(listed, [value_text(getattr(row, name)) for name in names])
    output.print(listed)

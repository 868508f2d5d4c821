"""Commands that find: list, find, expiring, dependents, lineage, newest, column."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

import typer
from typing_extensions import Unpack

from registry_dagster.cli.answers import show_answer
from registry_dagster.cli.app import EXPIRES, UNREACHABLE
from registry_dagster.cli.completion import column_paths, materialization_versions
from registry_dagster.cli.filter_options import with_filter_options
from registry_dagster.cli.listing import Listing
from registry_dagster.cli.option_groups import Addressed, Asked, Listed, registry_of, with_groups
from registry_dagster.cli.options import DatasetName, VersionName
from registry_dagster.cli.output import note, show
from registry_dagster.errors import RegistryError
from registry_dagster.registry.filters import Filters
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.cells import Row
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion
from registry_dagster.registry.rows.rows import Rows

__all__ = ["column", "commands", "dependents", "expiring", "find", "lineage", "list_datasets", "newest"]

commands = typer.Typer()

R = TypeVar("R", bound=Row)


_DATASETS = Listing(FoundDataset.CELLS, shown=("dataset", "current", "title", "owners", "tags", "passed over"))
_VERSIONS = Listing(
    FoundVersion.CELLS, shown=("version", "title", "made against", "format", "rows", "published", "state")
)
_EXPIRING = Listing(FoundVersion.CELLS, shown=("version", "made against", "expires", "publisher", "state"))
_DEPENDENTS = Listing(Dependent.CELLS, shown=("version", "how", "state"))

_Labs = Sequence[str] | Literal["all"]
"""Whom to ask; empty: this registry."""

Remote = Annotated[
    list[str] | None, typer.Option("--remote", metavar="NAME", help="List what this lab has instead; repeatable.")
]
Remotes = Annotated[bool, typer.Option("--remotes", help="List what this registry has, then what each remote has.")]


@commands.command("datasets", hidden=True)
@commands.command("list")
@with_groups
def list_datasets(
    text: Annotated[str | None, typer.Argument(help="Words in the name, title, description or tags.")] = None,
    remote: Remote = None,
    remotes: Remotes = False,
    *,
    listed: Listed,
) -> None:
    """List the datasets, each with its current version, and the later ones that are passed over."""
    labs = _labs(remote, remotes)
    with registry_of(listed) as registry:
        found = registry.datasets(text, limit=listed.limit, remotes=labs)
        _show(registry, _DATASETS, found, listed, labs)


@commands.command()
@with_groups
@with_filter_options
def find(
    text: Annotated[str | None, typer.Argument(help="Words in names, columns, descriptions or messages.")] = None,
    remote: Remote = None,
    remotes: Remotes = False,
    *,
    listed: Listed,
    once_materialization: Annotated[str | None, typer.Option("-m", hidden=True)] = None,
    **filters: Unpack[Filters],
) -> None:
    """Find published versions that match all options, newest first. Other labs are asked with --remote or --remotes."""
    if once_materialization:
        note("-m is the message of other commands; write -M for the materialization version")
        filters["materialization"] = once_materialization
    labs = _labs(remote, remotes)
    with registry_of(listed) as registry:
        found = registry.find(text, limit=listed.limit, remotes=labs, **filters)
        _show(registry, _VERSIONS, found, listed, labs)


@commands.command()
@with_groups
def expiring(
    within: Annotated[float, typer.Option(help="Days of 24 hours, from now on.")] = 60,
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit with 4 if a version expires that is not retired or removed.")
    ] = False,
    *,
    listed: Listed,
) -> None:
    """List versions made against a materialization version that has expired or soon will. Nothing is enforced.

    Times are in UTC, as last recorded; no upstream system is contacted. If no expiry is recorded at all, that is an
    error: it is not known that nothing expires.
    """
    with registry_of(listed) as registry:
        found = registry.find(expiring_within=within, limit=listed.limit)
        _show(registry, _EXPIRING, found, listed)
        if exit_code and _any_in_use(registry, within):
            raise typer.Exit(EXPIRES)


def _any_in_use(registry: Registry, within: float) -> bool:
    """Whether a version expires that is neither retired nor removed. The list may end before it."""
    return any(not row.removed for row in registry.stream(expiring_within=within, retired=False))


@commands.command()
@with_groups
def dependents(
    of: Annotated[str, typer.Argument(help="dataset, dataset@vN, system@version, or an upstream table.")],
    *,
    listed: Listed,
) -> None:
    """List versions that were computed from something, join to it, or were made against it."""
    with registry_of(listed) as registry:
        found = registry.dependents(of, limit=listed.limit)
        _show(registry, _DEPENDENTS, found, listed)


@commands.command()
@with_groups
def lineage(
    name: VersionName,
    *,
    asked: Asked,
) -> None:
    """Show what a version was made against, computed from and joins to, and what depends on it."""
    with registry_of(asked) as registry:
        found = registry.lineage(name)
    show_answer(asked.as_json, found)


@commands.command()
@with_groups
def newest(
    dataset: DatasetName,
    compatible_with: Annotated[
        str,
        typer.Option(
            help="system@version, a version alone, dataset or dataset@vN.", autocompletion=materialization_versions
        ),
    ],
    *,
    asked: Asked,
) -> None:
    """Show the newest version of a dataset that is compatible with something. Exit code 1 if none is known."""
    with registry_of(asked) as registry:
        found = registry.newest(dataset, compatible_with=compatible_with)
    show_answer(asked.as_json, found)
    if found.version is None:
        raise typer.Exit(1)


@commands.command()
@with_groups
def column(
    name: VersionName,
    path: Annotated[
        str, typer.Argument(help="The column's name, or nested names joined by dots.", autocompletion=column_paths)
    ],
    *,
    asked: Addressed,
) -> None:
    """Show what a column means: unit, frame, resolution, model, metric, joins, signals."""
    with registry_of(asked) as registry:
        found = registry.column(name, path, at=asked.at, layout=asked.layout)
    show_answer(asked.as_json, found)


def _labs(remote: list[str] | None, remotes: bool) -> _Labs:
    """Whom to ask.

    Raises:
        RegistryError: both are given.
    """
    if remote and remotes:
        raise RegistryError("--remotes lists every remote already; leave out --remote")
    return "all" if remotes else remote or ()


def _note_nothing(registry: Registry, labs: _Labs) -> None:
    """Say where nothing was found. That is an answer only where there is a registry.

    Raises:
        NotPublished: there is none.
    """
    if labs:
        note(f"nothing found in {'this registry and its remotes' if labs == 'all' else ', '.join(labs)}")
        return
    registry.check_exists()
    note(f"nothing found in {registry.target}, environment {registry.env}")


def _show(registry: Registry, listing: Listing[R], found: Rows[R], listed: Listed, asked: _Labs = ()) -> None:
    """Print what was found, in which labs, and which of them could not be read.

    Raises:
        NotPublished: there is no registry.
    """
    labs = sorted({lab for row in found if (lab := getattr(row, "remote", None))})
    if not found and not found.unread:
        _note_nothing(registry, asked)
    data = [row.to_dict() for row in found]
    show(listed.as_json, data, lambda: listing.show(list(found), listed.columns, quiet=listed.quiet))
    if found.more:
        note("there are more; raise --limit to see them")
    for lab in labs:
        note(f"{lab}: {registry.remotes[lab]}")
    for text in found.unread:
        note(text)
    if found.unread:
        raise typer.Exit(UNREACHABLE)

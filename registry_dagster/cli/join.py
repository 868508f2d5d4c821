"""Commands that compare two published tables: join, compatibility, comparable."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_dagster.cli.answers import show_answer
from registry_dagster.cli.option_groups import Addressed, registry_of, with_groups

__all__ = ["commands", "comparable", "compatibility", "join"]

commands = typer.Typer()

One = Annotated[str, typer.Argument(help="dataset, or dataset@vN.")]
Side = Annotated[str, typer.Argument(help="dataset, dataset@vN or system@version.")]
Other = Annotated[str, typer.Argument(help="What to compare it with.")]


@commands.command()
@with_groups
def join(
    a: One,
    b: Other,
    bridges: Annotated[list[str] | None, typer.Option(help="A table that may hold keys of both; repeatable.")] = None,
    through: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    *,
    asked: Addressed,
) -> None:
    """Show how two published tables can be joined: on which columns, how well, and what is lost."""
    with registry_of(asked) as registry:
        found = registry.join(a, b, bridges=[*(bridges or ()), *(through or ())], at=asked.at, layout=asked.layout)
    show_answer(asked.as_json, found)


@commands.command("compatible", hidden=True)
@commands.command()
@with_groups
def compatibility(
    a: Side,
    b: Other,
    *,
    asked: Addressed,
) -> None:
    """Show whether two versions go together, and why."""
    with registry_of(asked) as registry:
        found = registry.compatibility(a, b, at=asked.at, layout=asked.layout)
    show_answer(asked.as_json, found)


@commands.command()
@with_groups
def comparable(
    a: One,
    b: Other,
    *,
    asked: Addressed,
) -> None:
    """Show whether the embeddings of two published tables can be compared, and why."""
    with registry_of(asked) as registry:
        found = registry.comparable(a, b, at=asked.at, layout=asked.layout)
    show_answer(asked.as_json, found)

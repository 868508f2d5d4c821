"""Commands that compare two published tables: join, compatibility, comparable."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_dagster.cli.answers import show_answer
from registry_dagster.cli.app import app
from registry_dagster.cli.options import AsJson, At, Env, InLayout, Target, opened

__all__ = ["comparable", "compatibility", "join"]

One = Annotated[str, typer.Argument(help="dataset, or dataset@vN.")]
Side = Annotated[str, typer.Argument(help="dataset, dataset@vN or system@version.")]
Other = Annotated[str, typer.Argument(help="What to compare it with.")]


@app.command()
def join(
    a: One,
    b: Other,
    bridges: Annotated[list[str] | None, typer.Option(help="A table that may hold keys of both; repeatable.")] = None,
    through: Annotated[list[str] | None, typer.Option(hidden=True)] = None,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show how two published tables can be joined: on which columns, how well, and what is lost."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.join(a, b, bridges=[*(bridges or ()), *(through or ())], at=at, layout=layout)
    show_answer(as_json, found)


@app.command("compatible", hidden=True)
@app.command()
def compatibility(
    a: Side,
    b: Other,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show whether two versions go together, and why."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.compatibility(a, b, at=at, layout=layout)
    show_answer(as_json, found)


@app.command()
def comparable(
    a: One,
    b: Other,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show whether the embeddings of two published tables can be compared, and why."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.comparable(a, b, at=at, layout=layout)
    show_answer(as_json, found)

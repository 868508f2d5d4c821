"""Commands that show the registry as pages: site, serve."""

from __future__ import annotations

import tempfile
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.cli.answers import show_answer
from registry_dagster.cli.options import AsJson, Env, Target, opened
from registry_dagster.cli.output import say

__all__ = ["commands", "serve", "site"]

commands = typer.Typer()

_TITLE = "Feature catalogue"
_ANSWERS = 500

Title = Annotated[str, typer.Option(help="What the pages are called.")]
Answers = Annotated[
    int, typer.Option(min=0, help="The most pairs of tables to ask how to join; for others a page shows the command.")
]


@commands.command()
def site(
    out: Annotated[Path, typer.Argument(help="The folder: new, empty, or that of an earlier build.")],
    title: Title = _TITLE,
    answers: Answers = _ANSWERS,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"],
            help="Count the days until materialization versions expire from this moment, in UTC. Without it no clock "
            "is read: the same registry gives the same pages.",
        ),
    ] = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Build the catalogue as pages that a browser opens from the disk: search, versions, lineage, joins. Needs no
    server, and requests nothing from anywhere."""
    from registry_dagster.outward.site.build import build_site

    moment = as_of and as_of.replace(tzinfo=timezone.utc)
    with opened(registry, env) as opened_registry:
        built = build_site(opened_registry, out, title=title, answers=answers, moment=moment)
    show_answer(as_json, built)


@commands.command()
def serve(
    folder: Annotated[Path | None, typer.Argument(help="A site that was built; else one is built now.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port on this machine; 0 takes a free one.")] = 8765,
    title: Title = _TITLE,
    answers: Answers = _ANSWERS,
    registry: Target = None,
    env: Env = None,
) -> None:
    """Show the catalogue at an address of this machine that no other machine reaches, until it is interrupted."""
    from registry_dagster.outward.site.build import build_site

    if folder is not None:
        return _serve(folder, port)
    with tempfile.TemporaryDirectory(prefix="feature-registry-") as made:
        with opened(registry, env) as opened_registry:
            say(build_site(opened_registry, Path(made), title=title, answers=answers))
        _serve(Path(made), port)


def _serve(folder: Path, port: int) -> None:
    from registry_dagster.outward.site.serving import site_server

    with site_server(folder, port) as server, suppress(KeyboardInterrupt):
        typer.echo(f"http://127.0.0.1:{server.server_port}/ (Ctrl-C ends it)")
        server.serve_forever()

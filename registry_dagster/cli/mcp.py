"""The command that lets an assistant ask: mcp."""

from __future__ import annotations

import typer

from registry_dagster.cli.given import settings_for
from registry_dagster.cli.options import Env, Target
from registry_dagster.registry.registry import Registry

__all__ = ["commands", "mcp"]

commands = typer.Typer()


@commands.command()
def mcp(registry: Target = None, env: Env = None) -> None:
    """Let an assistant ask the registry's questions, over the Model Context Protocol. It can change nothing.

    A desktop client starts this command by itself, and talks to it on standard input and output.
    """
    from registry_dagster.outward.agent.server import mcp_server

    settings = settings_for(registry, env)
    mcp_server(lambda: Registry.open(settings.target, env=settings.env.value)).run("stdio")

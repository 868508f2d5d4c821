"""Commands that look after the registry itself: verify, schema."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from registry_dagster.cli.app import app
from registry_dagster.cli.options import AsJson, Env, Target, opened
from registry_dagster.cli.output import say, show
from registry_dagster.model.feature_table import FeatureTable

__all__ = ["schema", "verify"]


@app.command()
def verify(
    version: Annotated[str, typer.Argument(help="dataset@vN.")],
    record: Annotated[bool, typer.Option("--record", help="Check the record against its digest.")] = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Check that a published version still says what was published. Exit code 1 if it does not."""
    with opened(registry, env) as opened_registry:
        changed = opened_registry.verify(version, record=record)
    lines = changed or (f"{version}: the record is intact",)
    show(as_json, {"version": version, "changed": changed}, lambda: say("\n".join(lines)))
    if changed:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of declarations."""
    typer.echo(json.dumps(FeatureTable.model_json_schema(), indent=2))

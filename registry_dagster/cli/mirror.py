"""The command that writes the registry for other labs to read: mirror."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_dagster.cli.answers import show_answer
from registry_dagster.cli.given import options_for
from registry_dagster.cli.options import AsJson, Env, StorageOption, Target, opened, storage_options

__all__ = ["commands", "mirror"]

commands = typer.Typer()


@commands.command()
def mirror(
    out: Annotated[str, typer.Argument(help="A folder, or a location in an object store, e.g. s3://bucket/registry.")],
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Write everything that is published as JSON files that others read: --registry mirror:LOCATION. Running it again
    writes only what is new or changed, and removes nothing."""
    from registry_dagster.outward.mirror.write import write_mirror

    with opened(registry, env) as opened_registry:
        mirrored = write_mirror(opened_registry, out, options_for(out, storage_options(storage_option)))
    show_answer(as_json, mirrored)

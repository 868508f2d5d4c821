"""Commands about where a table is: relocate, also-at."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_dagster.cli.given import options_by_location
from registry_dagster.cli.options import AsJson, Env, Message, Publisher, StorageOption, Target, opened, storage_options
from registry_dagster.cli.output import show_written
from registry_dagster.model.place import Place

__all__ = ["also_at", "commands", "relocate"]

commands = typer.Typer()

Exact = Annotated[str, typer.Argument(help="dataset@vN.")]
Location = Annotated[str, typer.Argument(help="A path, or a URI without credentials.")]


@commands.command()
def relocate(
    version: Exact,
    location: Location,
    message: Message,
    publisher: Publisher = None,
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record that the table of a version was moved. Its record and digest do not change.

    Refused unless the new place proves the same state; of formats without versions, the same paths and sizes.
    """
    options = options_by_location(storage_options(storage_option))
    with opened(registry, env, publisher) as opened_registry:
        place = opened_registry.acts.relocate(version, location, reason=message, storage_options=options)
        show_written(
            as_json, place.to_json(), f"{version} is read from {place}", _rows("moved", version, place), opened_registry
        )


@commands.command("also-at")
def also_at(
    version: Exact,
    location: Location,
    message: Message,
    publisher: Publisher = None,
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record that the table of a version is at one more place, such as a second cloud. As strict as relocate."""
    options = options_by_location(storage_options(storage_option))
    with opened(registry, env, publisher) as opened_registry:
        place = opened_registry.acts.also_at(version, location, reason=message, storage_options=options)
        show_written(
            as_json, place.to_json(), f"{version} is also at {place}", _rows("also at", version, place), opened_registry
        )


def _rows(what: str, version: str, place: Place) -> list[tuple[object, ...]]:
    return [(what, version, place.location, place.basis, place.compared)]

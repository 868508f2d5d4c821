"""The command that drafts a declaration from a table: init."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from registry_dagster.adopt.drafting import draft_of
from registry_dagster.adopt.published import Published
from registry_dagster.cli.options import Env, FormatName, StorageOption, Target, opened
from registry_dagster.cli.output import visible
from registry_dagster.cli.table_options import (
    HowToRead,
    PhysicalVersion,
    Schema,
    TableLocation,
    TableOptions,
    inspected,
    schema_of,
)
from registry_dagster.model.table import TableFacts

__all__ = ["commands", "init"]

commands = typer.Typer()

DatasetOption = Annotated[str | None, typer.Option("--dataset", help="The name of the dataset, if it has one already.")]
Materializations = Annotated[
    list[str] | None,
    typer.Option(
        "--materialization",
        metavar="[SOURCE/]SYSTEM@VERSION",
        help="What it was made against, e.g. cave/minnie65_public@1300; repeatable.",
    ),
]


@commands.command()
def init(
    location: TableLocation,
    dataset: DatasetOption = None,
    materialization: Materializations = None,
    format: FormatName = None,
    version: PhysicalVersion = None,
    storage_option: StorageOption = None,
    schema: Schema = None,
    how_to_read: HowToRead = None,
    registry: Target = None,
    env: Env = None,
) -> None:
    """Print a draft of a table's declaration, for a person to review. Reads metadata alone; publishes nothing.

    Each column has its type and a proposal, with what it is proposed from: conventions of CAVE and neuPrint, and what
    is published under the same name. What they do not say is a TODO, which publish refuses.
    """
    options = TableOptions(format, version, storage_option, schema=schema, how_to_read=how_to_read)
    facts = inspected(location, options)
    source = _source(location, facts, options)
    with opened(registry, env) as opened_registry:
        published = Published(opened_registry.meanings)
        draft = draft_of(facts, source, dataset=dataset, materializations=materialization or (), published=published)
    typer.echo(visible(draft.text()), nl=False)


def _source(location: str, facts: TableFacts, options: TableOptions) -> dict[str, Any]:
    """Where the table is, as the draft says it: by its own name, and with what its files do not say."""
    more = {
        "format": options.format,
        "version": options.version,
        "types": schema_of(options.schema),
        "how_to_read": options.how_to_read,
    }
    place = location if "://" in location else facts.location
    return {"location": place, **{name: value for name, value in more.items() if value}}

"""From a table to a draft of its declaration."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from registry_dagster.adopt.cave_places import cave_place
from registry_dagster.adopt.conventions import propose
from registry_dagster.adopt.draft import Draft, DraftColumn, DraftTable
from registry_dagster.adopt.proposal import Context
from registry_dagster.adopt.published import Published
from registry_dagster.model.table import TableFacts

__all__ = ["dataset_name", "draft_columns", "draft_of", "system_of"]


def draft_of(
    facts: TableFacts,
    source: Mapping[str, Any],
    *,
    dataset: str | None = None,
    materializations: Sequence[str] = (),
    published: Published | None = None,
) -> Draft:
    """A draft for one table.

    Args:
        facts: The table.
        source: Where it is, and what its files do not say; see `TableSource`.
        dataset: The name of its dataset, if it is known.
        materializations: What it is made against, each `system@version`, if it is known.
        published: The registry's columns.
    """
    place = cave_place(facts.location)
    if place and not materializations:
        materializations = [place.materialization]
    name = dataset or (dataset_name(f"{place.system}.{place.table}") if place else None)
    context = Context.of(facts, system=system_of(materializations), table=place and place.table)
    table = DraftTable(source, materializations, place and place.layout)
    return Draft(name, draft_columns(facts, context, published), table=table)


def draft_columns(facts: TableFacts, context: Context, published: Published | None) -> list[DraftColumn]:
    """The columns of a table, each with a proposal."""
    return [
        DraftColumn(path, context.types[path], proposal)
        for path, proposal in propose(facts, context, published).items()
    ]


def system_of(materializations: Sequence[str]) -> str | None:
    """The one upstream system of materialization versions, each `system@version` or `source/system@version`."""
    systems = {name.rpartition("@")[0].rpartition("/")[2] for name in materializations}
    return next(iter(systems)) if len(systems) == 1 else None


def dataset_name(text: str) -> str:
    """A text as the name of a dataset: lower case, and `_` for what a name cannot have."""
    segments = (re.sub(r"[^a-z0-9_]+", "_", part.lower()).strip("_") for part in text.split("."))
    name = ".".join(filter(None, segments))
    return name if name[:1].isalpha() else f"t_{name}"

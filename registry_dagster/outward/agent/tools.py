"""The tools: each asks the registry one question, and answers in words and as data. None writes.

What is written in quotes or in a description here is what an assistant reads to choose a tool and its arguments.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field
from typing_extensions import Unpack

from registry_dagster.answers.answer import Answer
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.outward.agent.version_words import version_words
from registry_dagster.registry.filters import Filters
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.rows import Rows
from registry_dagster.registry.shown import shown

__all__ = ["TOOLS", "Said"]

Name = Annotated[
    str,
    Field(
        description="dataset, dataset@vN or dataset@label; of another lab remote/dataset. A dataset means its current "
        "version."
    ),
]
Side = Annotated[
    str,
    Field(
        description="dataset, dataset@vN, or a materialization version as system@version; of another lab "
        "remote/dataset."
    ),
]
At = Annotated[
    str | None,
    Field(description="Where a dataset is named: only versions made against this state, as system@version."),
]
InLayout = Annotated[str | None, Field(description="Where a dataset is named: only versions in this layout.")]
Limit = Annotated[int, Field(ge=1, le=500, description="The most to list. The answer says if there are more.")]
Text = Annotated[
    str | None, Field(description="Words that each begin a word of its names, columns, descriptions or message.")
]
Lab = Annotated[
    str | None,
    Field(description="The remote to ask instead, by its name; all: this registry and then every remote."),
]


@dataclass(frozen=True)
class Said:
    """An answer.

    Args:
        words: The answer in words, with its reasons and what it rests on.
        data: The same as plain JSON values.
    """

    words: str
    data: dict[str, Any]


def datasets(registry: Registry, text: Text = None, limit: Limit = 100) -> Said:
    """List the datasets, each with its current version and the later ones that are passed over."""
    return _rows(registry, registry.datasets(text, limit=limit))


def find(
    registry: Registry, text: Text = None, limit: Limit = 50, remote: Lab = None, **filters: Unpack[Filters]
) -> Said:
    """Find published versions that match all that is given, newest first."""
    remotes = "all" if remote == "all" else [remote] if remote else ()
    return _rows(registry, registry.find(text, limit=limit, remotes=remotes, **filters), elsewhere=bool(remote))


def show(registry: Registry, name: Name, at: At = None, layout: InLayout = None) -> Said:
    """Show one published version: what its columns mean, joins, signals, table, publisher, and its state now."""
    found = shown(registry, name, at=at, layout=layout)
    data = found.to_dict()
    # Long, and in a form that only Arrow reads; the fields are there in words.
    data["table"].pop("arrow_schema", None)
    return Said(version_words(found), data)


def column(
    registry: Registry,
    name: Name,
    path: Annotated[str, Field(description="The column's name, or nested names joined by dots.")],
    at: At = None,
    layout: InLayout = None,
) -> Said:
    """Show what a column means: unit, frame, resolution, model, metric, joins, signals."""
    return _said(registry.column(name, path, at=at, layout=layout))


def join(
    registry: Registry,
    a: Name,
    b: Name,
    bridges: Annotated[Sequence[str], Field(description="More tables that may hold keys of both.")] = (),
    at: At = None,
    layout: InLayout = None,
) -> Said:
    """Say whether and how two published tables can be joined: on which columns, how well, and what is lost."""
    return _said(registry.join(a, b, bridges=bridges, at=at, layout=layout))


def compatibility(registry: Registry, a: Side, b: Side, at: At = None, layout: InLayout = None) -> Said:
    """Say whether two versions go together, with the reason and what it rests on."""
    return _said(registry.compatibility(a, b, at=at, layout=layout))


def newest(
    registry: Registry,
    dataset: Annotated[str, Field(description="The dataset's name.")],
    compatible_with: Annotated[str, Field(description="system@version, a version alone, dataset or dataset@vN.")],
) -> Said:
    """Find the newest version of a dataset that is known to go with something."""
    return _said(registry.newest(dataset, compatible_with=compatible_with))


def comparable(registry: Registry, a: Name, b: Name, at: At = None, layout: InLayout = None) -> Said:
    """Say whether the embeddings of two published tables can be compared, and why."""
    return _said(registry.comparable(a, b, at=at, layout=layout))


def dependents(
    registry: Registry,
    of: Annotated[str, Field(description="dataset, dataset@vN, system@version, or an upstream annotation table.")],
    limit: Limit = 100,
) -> Said:
    """List the versions that were computed from something, join to it, or were made against it."""
    return _rows(registry, registry.dependents(of, limit=limit))


def expiring(
    registry: Registry,
    within_days: Annotated[float, Field(ge=0, description="Days of 24 hours, from now on.")] = 60,
    limit: Limit = 100,
) -> Said:
    """List versions made against a materialization version that has expired or soon will, as last recorded."""
    return _rows(registry, registry.find(expiring_within=within_days, limit=limit))


def diff(
    registry: Registry,
    before: Annotated[str, Field(description="dataset@vN; alone, it is compared with the version before it.")],
    after: Annotated[str | None, Field(description="The version to compare it with.")] = None,
) -> Said:
    """Say what changed between two versions: table, schema, meaning, materialization versions."""
    return _said(registry.diff(before, after))


def read_code(
    registry: Registry,
    name: Name,
    engine: Annotated[str, Field(description="polars, duckdb, pyarrow, pandas, spark, ray or lance.")],
    at: At = None,
    layout: InLayout = None,
) -> Said:
    """Give Python that reads exactly the table that was published. It is not run."""
    code = registry.read_code(name, engine, at=at, layout=layout)
    version = registry.current(name, at=at, layout=layout).version
    return Said(code, {"version": version, "engine": engine, "code": code})


def plan(
    registry: Registry,
    declaration: Annotated[str, Field(description="The declaration of a table, as YAML text.")],
    table: Annotated[str, Field(description="Where the table is: a path, or a URI without credentials.")],
) -> Said:
    """Say what publishing a table would do: a dry run. Reads the table's metadata, no data, and writes nothing."""
    planned = registry.plan(FeatureTable.from_yaml(declaration), table)
    words = planned.to_markdown()
    return Said(words, {"version": planned.version, "creates": planned.creates, "warnings": list(planned.warnings)})


TOOLS = (
    *(datasets, find, show, column, newest, dependents, expiring),
    *(join, compatibility, comparable, diff, read_code, plan),
)
"""All tools. The first parameter of each is the registry that it asks."""


def _said(answer: Answer) -> Said:
    return Said(str(answer), answer.to_dict())


def _rows(registry: Registry, found: Rows[Any], *, elsewhere: bool = False) -> Said:
    """What was found. Nothing is an answer only where there is a registry."""
    if not found and not elsewhere:
        registry.check_exists()
    unread = {"unread": list(found.unread)} if found.unread else {}
    return Said(str(found), {"found": [row.to_dict() for row in found], "more": found.more, **unread})

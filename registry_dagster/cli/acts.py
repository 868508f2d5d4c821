"""Commands for what people do after publishing: retire, undo, label, license, citation, doi, describe and others."""

from __future__ import annotations

from typing import Annotated

import typer

from registry_dagster.cli.answers import act_cells
from registry_dagster.cli.options import AsJson, DatasetName, Env, Message, Publisher, Target, opened
from registry_dagster.cli.output import facts, note, show, show_written
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.act import Act
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry

__all__ = ["citation", "commands", "describe", "doi", "label", "layout", "license", "promote", "retire", "undo"]

commands = typer.Typer()

Exact = Annotated[str, typer.Argument(help="dataset@vN.")]
Either = Annotated[str, typer.Argument(help="dataset@vN, or dataset.")]


@commands.command()
def retire(
    version: Exact,
    reason: Annotated[str, typer.Option("--message", "-m", "--reason", help="Why it should no longer be used.")],
    replacement: Annotated[str | None, typer.Option(help="The version to use instead, dataset@vN.")] = None,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Mark a version that should no longer be used. Its record does not change; undo takes it back."""
    with opened(registry, env, publisher) as opened_registry:
        retirement = opened_registry.retire(version, reason=reason, replacement=replacement)
    for each in retirement.notes:
        note(each)
    rows = [("retired", version, retirement.by, retirement.reason, retirement.replacement)]
    show_written(as_json, retirement.to_dict(), f"{version} is {retirement}", rows, opened_registry)


@commands.command()
def undo(
    version: Exact,
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Take a retirement back: the version may be used again."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.undo(version, reason=message)
        _show_last(opened_registry, version, as_json)


@commands.command()
def label(
    version: Exact,
    alias: Annotated[str, typer.Argument(help="A word for people, e.g. size-paper; it never moves.")],
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Give a version an alias, so that dataset@alias means it."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.label(version, alias, reason=message)
        _show_last(opened_registry, version, as_json)


@commands.command()
def layout(
    name: Either,
    layout: Annotated[str, typer.Argument(help="The layout's name, e.g. pre_pt_root_id.")],
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record how the rows of a version are arranged; for a dataset, the layout that is meant by default."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.layout(name, layout, reason=message)
        _show_last(opened_registry, name, as_json)


@commands.command()
def promote(
    version: Exact,
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record that a draft is final."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.promote(version, reason=message)
        _show_last(opened_registry, version, as_json)


@commands.command("licence", hidden=True)
@commands.command()
def license(
    name: Either,
    license: Annotated[str, typer.Argument(help="An SPDX expression, e.g. CC-BY-4.0, a web address, or words.")],
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record the license of a version, or of a dataset. The newest holds."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.license(name, license, reason=message)
        _show_last(opened_registry, name, as_json)


@commands.command()
def citation(
    name: Either,
    citation: Annotated[str, typer.Argument(help="How people cite it, in words.")],
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record how a version, or a dataset, is to be cited. The newest holds; `cite` writes it out."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.citation(name, citation, reason=message)
        _show_last(opened_registry, name, as_json)


@commands.command()
def doi(
    version: Exact,
    doi: Annotated[str, typer.Argument(help="10.prefix/suffix, or its address at doi.org.")],
    message: Message,
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record the DOI of a version, which is minted after publishing. The newest holds."""
    with opened(registry, env, publisher) as opened_registry:
        opened_registry.acts.doi(version, doi, reason=message)
        _show_last(opened_registry, version, as_json)


@commands.command()
def describe(
    dataset: DatasetName,
    title: Annotated[str | None, typer.Option(help="What people call it.")] = None,
    description: Annotated[str | None, typer.Option(help="Markdown.")] = None,
    owner: Annotated[
        list[str] | None, typer.Option(help="team:name, an e-mail address or user name, or DataHub's URN; repeatable.")
    ] = None,
    no_owners: Annotated[bool, typer.Option("--no-owners", help="Record that it has no owners.")] = False,
    tag: Annotated[list[str] | None, typer.Option(help="A free word; repeatable.")] = None,
    no_tags: Annotated[bool, typer.Option("--no-tags", help="Record that it has no tags.")] = False,
    message: Annotated[str, typer.Option("--message", "-m", help="Why; needed if anything is to change.")] = "",
    publisher: Publisher = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Record the title, description, owners and tags of a dataset. With none of them, show what is recorded.

    Those left out are unchanged, and so are the dataset's versions.
    """
    owners, tags = _all_or_none("owner", owner, no_owners), _all_or_none("tag", tag, no_tags)
    given = {"title": title or None, "description": description or None, "owners": owners, "tags": tags}
    changes = {name: value for name, value in given.items() if value is not None}
    with opened(registry, env, publisher) as opened_registry:
        if not changes:
            described = opened_registry.dataset(dataset)
            show(as_json, described.to_json(), lambda: facts(_described(described)))
            return
        described = opened_registry.describe(Dataset.from_json({"name": dataset, **changes}), message=message)
    words = f"described {described.name}"
    show_written(as_json, described.to_json(), words, [("described", described.name)], opened_registry)


def _all_or_none(what: str, given: list[str] | None, none: bool) -> list[str] | None:
    """The list that is to be recorded; None if it is left out.

    Raises:
        InvalidDeclaration: some are given, and none are to be left.
    """
    if given and none:
        raise InvalidDeclaration(f"--{what} and --no-{what}s contradict each other; pass one of them")
    return [] if none else given or None


def _described(dataset: Dataset) -> dict[str, object]:
    return {
        "name": dataset.name,
        "title": dataset.title,
        "owners": dataset.owners,
        "tags": dataset.tags,
        "default layout": dataset.default_layout,
        "description": dataset.description,
    }


def _show_last(registry: Registry, name: str, as_json: bool) -> None:
    """Print the act that was just recorded, as history shows it."""
    last: Act = registry.acts.history(name)[-1]
    show_written(as_json, last.to_json(), last, [act_cells(last)], registry)

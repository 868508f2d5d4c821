"""Commands for papers: cite, lock, statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.answers.current import Taken
from registry_dagster.cli.app import FAILED, UNREACHABLE
from registry_dagster.cli.completion import dataset_names, words_of
from registry_dagster.cli.given import options_by_location
from registry_dagster.cli.options import (
    AsJson,
    At,
    Env,
    InLayout,
    StorageOption,
    Target,
    VersionName,
    opened,
    storage_options,
)
from registry_dagster.cli.output import note, report, show, visible
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion

__all__ = ["cite", "commands", "lock", "statement"]

commands = typer.Typer()

_FORMS = ("text", "bibtex")
Form = Annotated[
    str | None,
    typer.Option("--as", help=f"{' or '.join(_FORMS)} alone; default: both.", autocompletion=words_of(_FORMS)),
]


@commands.command()
def cite(
    name: VersionName,
    form: Form = None,
    at: At = None,
    layout: InLayout = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Print how to cite a version, in words and as BibTeX: as people said, else from what is known of it."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.cite(name, at=at, layout=layout)
    words = _in_form(form, {"text": found.text, "bibtex": found.bibtex})
    show(as_json, found.to_dict(), lambda: typer.echo(visible(words)))
    _note_taken(found.taken)
    if found.unknown:
        note(f"{found.version} has no {', '.join(found.unknown)}, which citations have")


@commands.command()
def lock(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME...", help="The versions that the paper used.", autocompletion=dataset_names),
    ] = None,
    check: Annotated[
        Path | None, typer.Option("--check", metavar="FILE", help="Compare a lock with the registry instead.")
    ] = None,
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Print a lock of the exact versions that a paper used: digests, tables, what they are made against, how they join.

    --check says what is no longer as it was locked. Exit codes: 0 if all is as it was, also if something is unknown;
    1 if a record, a table, a retirement, an expiry or a join changed; 3 if a table's store or the registry cannot be
    reached, and nothing changed.
    """
    options = options_by_location(storage_options(storage_option))
    with opened(registry, env) as opened_registry:
        if check is None:
            if not names:
                raise InvalidDeclaration("name the versions, or a lock to compare: --check paper.lock.yaml")
            made = opened_registry.lock(*names)
            _note_taken(map(opened_registry.current, names))
            return show(as_json, made.to_json(), lambda: typer.echo(made.to_yaml(), nl=False))
        if names:
            raise InvalidDeclaration("--check compares all that is in the lock; leave the names out")
        found = opened_registry.papers.check(check, storage_options=options)
    rows = [(each.state, each.about, each.what, each.reason) for each in found.worth_reading]
    sums = [("sum", state, count) for state, count in found.counts.items()]
    show(as_json, found.to_dict(), lambda: report(found, [*rows, *sums]))
    if code := {"changed": FAILED, "unreachable": UNREACHABLE}.get(found.state):
        raise typer.Exit(code)
    return None


@commands.command()
def statement(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A lock, as `lock` printed it.")],
    form: Form = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Print a data availability statement for the versions of a lock, and the BibTeX to cite them by."""
    with opened(registry, env) as opened_registry:
        found = opened_registry.papers.statement(file)
    words = _in_form(form, {"text": found.text, "bibtex": found.bibtex})
    show(as_json, found.to_dict(), lambda: typer.echo(visible(words)))
    _note_taken(found.taken)


def _note_taken(taken: Iterable[Taken]) -> None:
    """Say which version a name was taken to mean, where that is not plain."""
    for remark in (each.remark for each in taken if each.remark):
        note(remark)


def _in_form(form: str | None, texts: Mapping[str, str]) -> str:
    """What is to be printed.

    Raises:
        InvalidDeclaration: there is no such form.
    """
    if form is None:
        return "\n\n".join(filter(None, texts.values()))
    if form not in texts:
        raise InvalidDeclaration(f"no form {form!r}{suggestion(form, texts)} Use one of {', '.join(texts)}")
    return texts[form]

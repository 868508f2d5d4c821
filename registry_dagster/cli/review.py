"""The command with which a person says that they have read declarations: review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.adopt.publishing import declaration_files
from registry_dagster.adopt.review import review as review_file
from registry_dagster.cli.app import FAILED
from registry_dagster.cli.given import settings_for
from registry_dagster.cli.options import AsJson
from registry_dagster.cli.output import line, show
from registry_dagster.cli.results import print_refused, print_sums
from registry_dagster.errors import PublishRefused, RegistryError
from registry_dagster.registry.settings import PUBLISHER_VARIABLE

__all__ = ["commands", "review"]

commands = typer.Typer()


@commands.command()
def review(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE", help="Drafts that you have read, and folders of them.")
    ],
    by: Annotated[str | None, typer.Option(help="Who has read them. Default: the publisher, see config.")] = None,
    as_json: AsJson = False,
) -> None:
    """Write your name into drafts that you have read, and the digest of what they declare. Publishes nothing.

    Publishing refuses a file that declares something else since then: read it again, and review it again. Comments
    may change. Exit code 1 if a file was refused, e.g. because it still has a TODO.
    """
    name = _name(by)
    results = [(path, _reviewed(path, name)) for path in declaration_files(files)]
    show(as_json, [_json(*result) for result in results], lambda: _print(results))
    if any(isinstance(outcome, RegistryError) for _, outcome in results):
        raise typer.Exit(FAILED)


def _name(given: str | None) -> str:
    """Who reviews.

    Raises:
        PublishRefused: nobody is named.
    """
    name = (settings_for(publisher=given).publisher.value or "").strip()
    if not name:
        raise PublishRefused(f"a review needs a name: use --by, or set {PUBLISHER_VARIABLE}")
    return name


def _reviewed(path: Path, by: str) -> bool | RegistryError:
    try:
        return review_file(path, by)
    except RegistryError as error:
        return error


def _word(outcome: bool | RegistryError) -> str:
    if isinstance(outcome, RegistryError):
        return "refused"
    return "reviewed" if outcome else "unchanged"


def _json(path: Path, outcome: bool | RegistryError) -> dict[str, str]:
    error = {"error": f"{type(outcome).__name__}: {outcome}"} if isinstance(outcome, RegistryError) else {}
    return {"file": str(path), "result": _word(outcome), **error}


def _print(results: list[tuple[Path, bool | RegistryError]]) -> None:
    for path, outcome in results:
        if isinstance(outcome, RegistryError):
            print_refused(outcome, str(path))
        elif outcome:
            line(_word(outcome), str(path))
    print_sums(_word(outcome) for _, outcome in results)

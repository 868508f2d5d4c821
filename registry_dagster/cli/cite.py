"""Commands for papers: cite."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

import typer

from registry_dagster.cli.app import app
from registry_dagster.cli.completion import words_of
from registry_dagster.cli.options import AsJson, At, Env, InLayout, Target, VersionName, opened
from registry_dagster.cli.output import note, show, visible
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion

__all__ = ["cite"]

_FORMS = ("text", "bibtex")
Form = Annotated[
    str | None,
    typer.Option("--as", help=f"{' or '.join(_FORMS)} alone; default: both.", autocompletion=words_of(_FORMS)),
]


@app.command()
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
    for remark in (each.remark for each in found.taken if each.remark):
        note(remark)
    if found.unknown:
        note(f"{found.version} has no {', '.join(found.unknown)}, which citations have")


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

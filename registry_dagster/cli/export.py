"""Commands that carry a version elsewhere and read it there: export, import."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from registry_dagster.cli.completion import words_of
from registry_dagster.cli.json_file import json_file
from registry_dagster.cli.options import AsJson, Env, Target, VersionName, opened
from registry_dagster.cli.output import facts, json_text, note, show
from registry_dagster.outward.export.carried import Carried, carried_in
from registry_dagster.outward.export.forms import FORMS, exported
from registry_dagster.outward.export.subject import subject_of

__all__ = ["commands", "export", "import_document"]

commands = typer.Typer()


@commands.command()
def export(
    name: VersionName,
    form: Annotated[
        str, typer.Option("--as", help=f"{', '.join(FORMS)}.", autocompletion=words_of(tuple(FORMS)))
    ] = "croissant",
    registry: Target = None,
    env: Env = None,
) -> None:
    """Print a version as a document for papers, repositories and portals, with the exact record in it.

    It holds metadata alone. ro-crate goes into a file that is called ro-crate-metadata.json. cave-catalog is the body
    of a request to CAVE's catalogue of tables: it names the version, and does not carry the record.
    """
    with opened(registry, env) as opened_registry:
        subject = subject_of(opened_registry, name)
    document = exported(subject, form)
    for text in FORMS[form].missing(subject):
        note(text)
    typer.echo(json_text(document, indent=2))


@commands.command("import")
def import_document(
    file: Annotated[str, typer.Argument(help="A document that `export` wrote; - reads standard input.")],
    as_json: AsJson = False,
) -> None:
    """Rebuild the version that a document carries, proven by its digest. Writes nothing."""
    carried = carried_in(json_file(file))
    show(as_json, _json(carried), lambda: facts(_about(carried)))
    if not carried.unchanged:
        note("the record is as it was published; what is around it in this document was changed since the export")


def _json(carried: Carried) -> dict[str, Any]:
    record = carried.record
    return {**record.to_json(), "digest": record.digest, "document_unchanged": carried.unchanged}


def _about(carried: Carried) -> dict[str, object]:
    record = carried.record
    return {
        "version": record.name,
        "made against": record.materializations,
        "location": record.table.location,
        "format": record.table.format,
        "published": f"{record.provenance.published_at:%Y-%m-%d} by {record.provenance.publisher}",
        "digest": f"{record.digest}, proven",
        "document": "as exported" if carried.unchanged else "changed since the export",
    }

"""Commands that publish: publish; and plan, which shows what publish would do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from registry_dagster.cli.app import app
from registry_dagster.cli.options import (
    AsJson,
    Env,
    FormatName,
    Message,
    Publisher,
    StorageOption,
    Target,
    opened,
    storage_options,
    table_format,
)
from registry_dagster.cli.output import note, say, show
from registry_dagster.errors import RegistryError
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.layout import Layout
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Plan, Receipt

__all__ = ["plan", "publish"]

DeclarationFile = Annotated[Path, typer.Argument(help="The YAML or JSON file with the declaration.")]
TableLocation = Annotated[str, typer.Option("--table", help="Where the table is: a path or a URI.")]
PhysicalVersion = Annotated[
    str | None, typer.Option("--version", help="The table's physical version; default: the newest.")
]
Counts = Annotated[
    bool,
    typer.Option(
        "--counts",
        help="Count rows even if that reads the metadata of every file (Delta, Parquet, Feather), or the file (CSV).",
    ),
]
Schema = Annotated[
    list[str] | None,
    typer.Option("--schema", metavar="NAME=TYPE", help="A column's Arrow type (csv, opaque); repeatable, in order."),
]
HowToRead = Annotated[str | None, typer.Option("--how-to-read", help="How people read it (opaque).")]
Label = Annotated[str | None, typer.Option(help="An alias of the version for people.")]
Draft = Annotated[bool, typer.Option("--draft", help="Publish it as not final; promote makes it final.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME@vN", help="A published version it was computed from; repeatable."),
]
LayoutOption = Annotated[str | None, typer.Option("--layout", help="How its rows are arranged, e.g. pre_pt_root_id.")]


@app.command()
def publish(
    declaration: DeclarationFile,
    table: TableLocation,
    message: Message,
    publisher: Publisher = None,
    format: FormatName = None,
    version: PhysicalVersion = None,
    label: Label = None,
    layout: LayoutOption = None,
    input: Inputs = None,
    draft: Draft = False,
    storage_option: StorageOption = None,
    counts: Counts = False,
    schema: Schema = None,
    how_to_read: HowToRead = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; write nothing.")] = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Publish a table with its declared meaning."""
    declared = _declared(declaration, input or (), layout)
    options = _Options(format, version, storage_option, counts, schema, how_to_read)
    facts = _inspect(table, options)
    with opened(registry, env, publisher) as opened_registry:
        if dry_run:
            return _show_plan(opened_registry.plan(declared, facts, label=label, draft=draft), as_json)
        receipt = opened_registry.publish(declared, facts, message=message, label=label, draft=draft)
    for text in receipt.notes:
        note(text)
    show(as_json, _receipt_json(receipt), lambda: _print_receipt(receipt), recorded=True)


@app.command()
def plan(
    declaration: DeclarationFile,
    table: TableLocation,
    format: FormatName = None,
    version: PhysicalVersion = None,
    label: Label = None,
    layout: LayoutOption = None,
    input: Inputs = None,
    draft: Draft = False,
    storage_option: StorageOption = None,
    counts: Counts = False,
    schema: Schema = None,
    how_to_read: HowToRead = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Show what publishing a table would do. Writes nothing."""
    declared = _declared(declaration, input or (), layout)
    options = _Options(format, version, storage_option, counts, schema, how_to_read)
    facts = _inspect(table, options)
    with opened(registry, env) as opened_registry:
        _show_plan(opened_registry.plan(declared, facts, label=label, draft=draft), as_json)


def _declared(file: Path, inputs: Sequence[str], layout: str | None) -> FeatureTable:
    """The declaration, with what the options add to it."""
    declared = FeatureTable.from_yaml(file)
    more: dict[str, Any] = {}
    if inputs:
        more["inputs"] = tuple(dict.fromkeys([*declared.inputs, *inputs]))
    if layout is not None and (declared.layout is None or declared.layout.name != layout):
        more["layout"] = Layout(name=layout)
    return FeatureTable(**{**dict(declared), **more}) if more else declared


def _receipt_json(receipt: Receipt) -> dict[str, object]:
    names = ("version", "urn", "digest", "created", "target")
    return {**{name: getattr(receipt, name) for name in names}, "notes": list(receipt.notes)}


def _print_receipt(receipt: Receipt) -> None:
    done = "published" if receipt.created else "unchanged: the same content is already published as"
    say(f"{done} {receipt.version}\n{receipt.urn}\nin {receipt.target}")


class _Options(NamedTuple):
    """How a table is inspected, as the options say it."""

    format: str | None
    version: str | None
    storage_option: Sequence[str] | None
    counts: bool
    schema: Sequence[str] | None
    how_to_read: str | None


def _inspect(table: str, options: _Options) -> TableFacts:
    from registry_dagster.tables import inspect_table

    return inspect_table(
        table,
        format=table_format(options.format),
        version=options.version,
        storage_options=storage_options(options.storage_option),
        counts=options.counts,
        schema=_schema(options.schema),
        how_to_read=options.how_to_read,
    )


def _schema(given: Sequence[str] | None) -> dict[str, str] | None:
    """NAME=TYPE texts as the types of columns, in their order.

    Raises:
        RegistryError: a text is not NAME=TYPE, or a column is given twice.
    """
    pairs = [(text.partition("=")[0], text.partition("=")[2]) for text in given or ()]
    schema = dict(pairs)
    if not all(map(all, pairs)) or len(schema) < len(pairs):
        raise RegistryError("--schema must be NAME=TYPE, once for each column, e.g. --schema root_id=uint64")
    return schema or None


def _show_plan(planned: Plan, as_json: bool) -> None:
    data = {
        "version": planned.version,
        "creates": planned.creates,
        "warnings": list(planned.warnings),
        "changes": [str(change) for change in planned.diff.changes] if planned.diff else [],
        "record": planned.record.to_json(),
    }
    show(as_json, data, lambda: say(planned.to_markdown()))

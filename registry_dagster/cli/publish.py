"""Commands about declarations: publish; plan, which shows what publish would do; validate, which needs no table."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer
from typing_extensions import Unpack

from registry_dagster.adopt.declaration_file import DeclaredTable, ReadFile, read_file
from registry_dagster.adopt.order import Attempt
from registry_dagster.adopt.publishing import CodeOf, Result, inspect_source, plan_all, publish_all, tables_to_publish
from registry_dagster.adopt.review import check_reviewed
from registry_dagster.cli.declarations import Declarations, OneTable, TableOption, declared_files, labelled, one_table
from registry_dagster.cli.given import options_by_location
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
)
from registry_dagster.cli.output import note, place, progress, report, show
from registry_dagster.cli.planned import show_plan
from registry_dagster.cli.results import counting, print_results, results_json, unless_refused
from registry_dagster.cli.table_options import Counts, HowToRead, PhysicalVersion, Schema, TableOptions
from registry_dagster.errors import PublishRefused, RegistryError
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Beside, PublicationDetails, Receipt
from registry_dagster.registry.project_file import find_project
from registry_dagster.registry.work_tree import CommittedFiles, code_given

__all__ = ["commands", "plan", "publish", "validate"]

commands = typer.Typer()

Label = Annotated[str | None, typer.Option(help="An alias for people, of each version that this publishes.")]
Draft = Annotated[bool, typer.Option("--draft", help="Publish it as not final; promote makes it final.")]
Inputs = Annotated[
    list[str] | None,
    typer.Option("--input", metavar="NAME@vN", help="A published version it was computed from; repeatable."),
]
Code = Annotated[
    str | None,
    typer.Option(
        "--code",
        metavar="REPOSITORY@COMMIT",
        help="The code that made it, perhaps with :PATH; or a file or folder of a git work tree; or none. Default: "
        "the commit of the declaration file, if its work tree has no changes and the project file allows it.",
    ),
]
License = Annotated[str | None, typer.Option("--license", help="An SPDX expression, a web address, or words.")]
Citation = Annotated[str | None, typer.Option("--citation", help="How people cite it, in words.")]
Doi = Annotated[str | None, typer.Option("--doi", help="Its DOI, if it has one already.")]
LayoutOption = Annotated[str | None, typer.Option("--layout", help="How its rows are arranged, e.g. pre_pt_root_id.")]


@commands.command()
def publish(
    declarations: Declarations,
    message: Message,
    table: TableOption = None,
    publisher: Publisher = None,
    format: FormatName = None,
    version: PhysicalVersion = None,
    label: Label = None,
    layout: LayoutOption = None,
    input: Inputs = None,
    draft: Draft = False,
    code: Code = None,
    license: License = None,
    citation: Citation = None,
    doi: Doi = None,
    storage_option: StorageOption = None,
    counts: Counts = False,
    schema: Schema = None,
    how_to_read: HowToRead = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan; write nothing.")] = False,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Publish tables with their declared meaning: one, or all that files and folders declare.

    Run it again to go on after an interruption: what is published is found unchanged. Exit code 1 if a table was
    refused; the others are published.
    """
    options = TableOptions(format, version, storage_option, counts, schema, how_to_read)
    given = OneTable(table, options, layout, input or (), label, draft)
    if dry_run:
        return _plan(declarations, given, registry, env, as_json, code)
    code_of, beside = _code_of(code), Beside(license=license, citation=citation, doi=doi)
    files = declared_files(declarations)
    if (alone := one_table(files, given)) is None:
        target = (registry, env, publisher)
        return _publish_all(files, given, target, as_json, message=message, code_of=code_of, **beside)
    check_reviewed(alone)
    declared, facts = _inspected(alone, given.options)
    said: PublicationDetails = {"label": declared.label, "draft": declared.draft, "code": code_of(alone.name), **beside}
    with opened(registry, env, publisher) as opened_registry:
        receipt = opened_registry.publish(declared.declared, facts, message=message, **said)
    for text in receipt.notes:
        note(text)
    show(as_json, _receipt_json(receipt), lambda: _print_receipt(receipt), recorded=True)


@commands.command()
def plan(
    declarations: Declarations,
    table: TableOption = None,
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
    """Show what publishing would do. Writes nothing. Of several tables, each is planned as if it were alone."""
    options = TableOptions(format, version, storage_option, counts, schema, how_to_read)
    _plan(declarations, OneTable(table, options, layout, input or (), label, draft), registry, env, as_json)


@commands.command()
def validate(declarations: Declarations, as_json: AsJson = False) -> None:
    """Check declarations without looking at a table: is each well formed, and is nothing left to be decided.

    Says of drafts that nobody has reviewed. Exit code 1 if a file has something wrong in it.
    """
    read = [(_name(file), _validated(file)) for file in declared_files(declarations)]
    wrong = [error for _, error in read if error]
    show(as_json, [{"file": name, "error": error} for name, error in read], lambda: _print_validated(read))
    if wrong:
        raise RegistryError(f"{len(wrong)} of {len(read)} declarations have something wrong in them")


def _code_of(text: str | None) -> CodeOf:
    """Which code made the table that a file declares: what was named, else what the file was committed with."""
    project = find_project()
    text = text or (project.code if project else None)
    if not text:
        return CommittedFiles().code
    code = None if text == "none" else code_given(text)
    if code is not None and code.dirty:
        note(f"{text} has changes that are not committed; the record says so")
    return lambda file: code


def _plan(
    words: Sequence[str],
    given: OneTable,
    registry: str | None,
    env: str | None,
    as_json: bool,
    code: str | None = None,
) -> None:
    files = declared_files(words)
    if (alone := one_table(files, given)) is not None:
        declared, facts = _inspected(alone, given.options)
        with opened(registry, env) as opened_registry:
            planned = opened_registry.plan(
                declared.declared,
                facts,
                label=declared.label,
                draft=declared.draft,
                code=_code_of(code)(alone.name),
            )
        return show_plan(planned, as_json)
    attempts, results = tables_to_publish(files)
    attempts = labelled(attempts, given.label)
    options = options_by_location(storage_options(given.options.storage_option))
    with opened(registry, env) as opened_registry:
        planned_all = plan_all(opened_registry, attempts, options=options, counts=given.options.counts)
        results += _watched("planning", attempts, planned_all)
    _show_results(results, as_json)


def _publish_all(
    files: Sequence[Path | ReadFile],
    given: OneTable,
    target: tuple[str | None, str | None, str | None],
    as_json: bool,
    *,
    message: str,
    code_of: CodeOf,
    **beside: Unpack[Beside],
) -> None:
    attempts, results = tables_to_publish(files)
    attempts = labelled(attempts, given.label)
    options = options_by_location(storage_options(given.options.storage_option))
    with opened(*target) as registry:
        published = publish_all(
            registry,
            attempts,
            message=message,
            options=options,
            counts=given.options.counts,
            code_of=code_of,
            **beside,
        )
        results += _watched("publishing", attempts, published)
    _show_results(results, as_json)


def _watched(what: str, attempts: Sequence[Attempt], results: Iterable[Result]) -> list[Result]:
    """The results, with a progress bar while they come in."""
    with progress(what, len(attempts)) as advance:
        return list(counting(results, advance))


def _show_results(results: Sequence[Result], as_json: bool) -> None:
    show(as_json, results_json(results), lambda: print_results(results), recorded=True)
    unless_refused(results)


def _inspected(file: ReadFile, options: TableOptions) -> tuple[DeclaredTable, TableFacts]:
    (table,) = file.tables
    return table, inspect_source(
        table, options_by_location(storage_options(options.storage_option)), counts=options.counts
    )


def _validated(file: Path | ReadFile) -> str | None:
    """What is wrong with a file; a note if nobody has reviewed it."""
    try:
        read = read_file(file) if isinstance(file, Path) else file
    except RegistryError as error:
        return str(error)
    try:
        check_reviewed(read)
    except PublishRefused as unreviewed:
        note(str(unreviewed))
    return None


def _print_validated(read: Sequence[tuple[str, str | None]]) -> None:
    for name, error in read:
        report(error or f"{name}: well formed", [("wrong", name, error) if error else ("well formed", name)])


def _name(file: Path | ReadFile) -> str:
    return str(file) if isinstance(file, Path) else file.name


def _receipt_json(receipt: Receipt) -> dict[str, object]:
    names = ("version", "urn", "digest", "created", "target")
    return {**{name: getattr(receipt, name) for name in names}, "notes": list(receipt.notes)}


def _print_receipt(receipt: Receipt) -> None:
    done = "published" if receipt.created else "unchanged: the same content is already published as"
    where, code = place(receipt.target), receipt.record.provenance.code
    rows = [("published" if receipt.created else "unchanged", receipt.version), ("urn", receipt.urn), ("in", where)]
    made_by = f"\nmade by the code {code}" if code else ""
    report(
        f"{done} {receipt.version}\n{receipt.urn}\nin {where}{made_by}", [*rows, *([("code", code)] if code else [])]
    )

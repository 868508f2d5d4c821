"""Publishing what declaration files say: many tables in one run, of which each is published, unchanged or refused."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from typing_extensions import Unpack

from registry_dagster.adopt.declaration_file import DeclaredTable, ReadFile, read_file
from registry_dagster.adopt.order import Attempt, in_order
from registry_dagster.adopt.review import check_reviewed
from registry_dagster.errors import InvalidDeclaration, RegistryError, RegistryUnavailable
from registry_dagster.model.source_code import SourceCode
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Beside, Plan, Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.options import OptionsOf, options_of
from registry_dagster.tables.storage.read_ahead import ahead

__all__ = [
    "CodeOf",
    "Result",
    "attempts_in",
    "declaration_files",
    "inspect_source",
    "plan_all",
    "publish_all",
    "tables_to_publish",
]

CodeOf = Callable[[str], SourceCode | None]

_BATCH = 100
"""Tables published in one go: enough for few requests, few enough that people see the run move on."""

_ENDINGS = (".yaml", ".yml")


@dataclass(frozen=True)
class Result:
    """What became of a file, or of one of its tables.

    Args:
        file: The file.
        outcome: The receipt of a table, its plan if that was all that was asked for, or why it is refused.
        location: Where the table is; None for a file that was refused as a whole.
    """

    file: str
    outcome: Receipt | Plan | RegistryError
    location: str | None = None

    @property
    def word(self) -> str:
        """`published`, `to publish`, `unchanged` or `refused`."""
        match self.outcome:
            case Receipt(created=True):
                return "published"
            case Plan(creates=True):
                return "to publish"
            case RegistryError():
                return "refused"
            case _:
                return "unchanged"


def declaration_files(paths: Iterable[Path]) -> list[Path]:
    """The files that are named, and the YAML files in the folders that are named, each once.

    Raises:
        InvalidDeclaration: a folder has no YAML file.
    """
    return list(dict.fromkeys(file for path in paths for file in (_in_folder(path) if path.is_dir() else [path])))


def _in_folder(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.suffix in _ENDINGS and not _is_hidden(path, folder))
    if not found:
        raise InvalidDeclaration(f"{folder} has no declaration in it: no file ends in {' or '.join(_ENDINGS)}")
    return found


def _is_hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def tables_to_publish(files: Iterable[Path | ReadFile]) -> tuple[list[Attempt], list[Result]]:
    """The tables that files declare, in an order in which they can be published; and the files that are refused."""
    attempts: list[Attempt] = []
    refused: list[Result] = []
    for file in files:
        try:
            attempts += attempts_in(file)
        except RegistryError as error:
            refused.append(Result(file.name if isinstance(file, ReadFile) else str(file), error))
    return in_order(attempts), refused


def attempts_in(source: Path | ReadFile) -> list[Attempt]:
    """The tables of a file.

    Raises:
        PublishRefused: it is a draft that nobody has reviewed, or it was changed since.
        InvalidDeclaration: see `read_file`; or it does not say where its table is.
    """
    file = source if isinstance(source, ReadFile) else read_file(source)
    check_reviewed(file)
    if any(table.source is None for table in file.tables):
        raise InvalidDeclaration(
            f"{file.name}: does not say where its table is; add table: LOCATION, or use --table LOCATION"
        )
    return [Attempt(file.name, table) for table in file.tables]


def publish_all(
    registry: Registry,
    attempts: Sequence[Attempt],
    *,
    message: str,
    options: OptionsOf | None = None,
    counts: bool = False,
    code_of: CodeOf = lambda file: None,
    **beside: Unpack[Beside],
) -> Iterator[Result]:
    """Publish each table, in batches, and say of each what became of it. Running again finishes what was left.

    Ends early if the registry cannot be reached.

    Args:
        registry: Where to.
        attempts: The tables.
        message: Why.
        options, counts: See `inspect_table`.
        code_of: Which code made the table that a file declares.
        beside: What is said of each table.
    """
    with _inspections(attempts, options, counts) as inspections:
        while batch := list(islice(inspections, _BATCH)):
            results = list(_published(registry, batch, message, code_of, beside))
            yield from results
            if any(isinstance(each.outcome, RegistryUnavailable) for each in results):
                return


def plan_all(
    registry: Registry, attempts: Sequence[Attempt], *, options: OptionsOf | None = None, counts: bool = False
) -> Iterator[Result]:
    """What publishing each table would do, each as if it were alone. Writes nothing."""
    with _inspections(attempts, options, counts) as inspections:
        for attempt, facts in inspections:
            yield Result(attempt.file, _plan(registry, attempt.table, facts), attempt.location)


def _plan(registry: Registry, table: DeclaredTable, facts: TableFacts | RegistryError) -> Plan | RegistryError:
    if isinstance(facts, RegistryError):
        return facts
    try:
        return registry.plan(table.declared, facts, label=table.label, draft=table.draft)
    except RegistryError as error:
        return error


_Inspection = tuple[Attempt, TableFacts | RegistryError]


def _inspections(
    attempts: Sequence[Attempt], options: OptionsOf | None, counts: bool
) -> closing[Generator[_Inspection, None, None]]:
    """The facts of each table, or why there are none; read ahead of what is done with them."""
    return closing(ahead(lambda attempt: _inspection(attempt, options, counts), attempts))


def _inspection(attempt: Attempt, options: OptionsOf | None, counts: bool) -> _Inspection:
    try:
        return attempt, inspect_source(attempt.table, options, counts=counts)
    except RegistryError as error:
        return attempt, error


def inspect_source(table: DeclaredTable, options: OptionsOf | None, *, counts: bool = False) -> TableFacts:
    """The facts of a declared table.

    Raises:
        InvalidDeclaration: its file does not say where it is.
        TableError: see `inspect_table`.
    """
    source = table.source
    if source is None:
        raise InvalidDeclaration("the declaration does not say where its table is; add table: LOCATION")
    return inspect_table(
        source.location,
        format=source.format,
        version=source.version,
        storage_options=options_of(options, source.location),
        counts=counts,
        schema=source.types or None,
        how_to_read=source.how_to_read,
    )


def _published(
    registry: Registry, batch: Sequence[_Inspection], message: str, code_of: CodeOf, beside: Beside
) -> Iterator[Result]:
    ready = [
        _publication(attempt.table, each, message, {"code": code_of(attempt.file), **beside})
        for attempt, each in batch
        if isinstance(each, TableFacts)
    ]
    outcomes = iter(registry.publish_many(ready))
    for attempt, each in batch:
        yield Result(attempt.file, each if isinstance(each, RegistryError) else next(outcomes), attempt.location)


def _publication(table: DeclaredTable, facts: TableFacts, message: str, beside: Beside) -> Publication:
    return Publication(table.declared, facts, message, label=table.label, draft=table.draft, **beside)

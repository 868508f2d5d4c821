"""The command that drafts declarations for all tables in a bucket or folder: adopt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from registry_dagster.adopt.adopting import Adopted, Adoption
from registry_dagster.adopt.cave_facts import CaveFilling
from registry_dagster.adopt.cave_requests import tables_of
from registry_dagster.adopt.groups import NAME_TEMPLATE, Naming, grouped
from registry_dagster.adopt.pattern import CAVE_PATTERN, Pattern
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.walk import Skipped, Walk, walk_location
from registry_dagster.cli.given import options_by_location
from registry_dagster.cli.init import Materializations
from registry_dagster.cli.json_file import json_file
from registry_dagster.cli.options import AsJson, Env, StorageOption, Target, opened, storage_options
from registry_dagster.cli.output import note, progress, report, show
from registry_dagster.cli.results import counting, print_sums
from registry_dagster.errors import RegistryError
from registry_dagster.registry.registry import Registry
from registry_dagster.sources.cave_catalog.request import requests_from
from registry_dagster.sources.cave_catalog.version import CAVE
from registry_dagster.tables.storage.options import OptionsOf

__all__ = ["adopt", "commands"]

commands = typer.Typer()

_SHOWN = 20

Location = Annotated[
    str,
    typer.Argument(
        metavar="LOCATION|cave|cave-catalog",
        help="The bucket or folder, a path or a URI; or the word cave, or cave-catalog.",
    ),
]
Which = Annotated[
    str | None,
    typer.Argument(
        metavar="[DATASTACK|FILE]",
        help="After cave: the datastack whose metadata is filled into drafts. After cave-catalog: a JSON file "
        "of requests to CAVE's catalogue; - reads standard input.",
    ),
]
Patterns = Annotated[
    list[str] | None,
    typer.Option(
        "--layout",
        metavar="PATTERN",
        help=f"Where tables are below it, e.g. {CAVE_PATTERN} (the default); * is any name. Repeatable: the first that "
        "fits a path is taken.",
    ),
]


@commands.command()
def adopt(
    location: Location,
    which: Which = None,
    layout: Patterns = None,
    drafts: Annotated[Path, typer.Option(help="The folder for the drafts.")] = Path("drafts"),
    name: Annotated[str, typer.Option(help="The name of a table's dataset.")] = NAME_TEMPLATE,
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--source",
            metavar="[SYSTEM=]KIND",
            help="The kind of the upstream systems, e.g. cave, or of one: hemibrain=neuprint. Repeatable. Default: as "
            "recorded in the registry.",
        ),
    ] = None,
    materialization: Materializations = None,
    version: Annotated[int | None, typer.Option(help="After cave: the materialization version.")] = None,
    server: Annotated[str | None, typer.Option(help="After cave: the address of its global server.")] = None,
    storage_option: StorageOption = None,
    registry: Target = None,
    env: Env = None,
    as_json: AsJson = False,
) -> None:
    """Draft declarations for the tables in a bucket or folder: one YAML file for each dataset. Publishes nothing.

    Versions and layouts of one table become one dataset. Run it again to add what is new: what people wrote is kept,
    and a draft with new tables needs to be reviewed again. Exit code 1 if a table could not be inspected.

    After that, `adopt cave DATASTACK --version N` replaces each TODO that CAVE's metadata of its tables answers:
    resolutions, annotation types, reference tables, chunkedgraph; and adds descriptions.

    `adopt cave-catalog FILE` drafts the tables of requests to CAVE's catalogue, as `export --as cave-catalog` writes
    them, or of the service's answers. That service is unreleased; what it may add is ignored.
    """
    options = options_by_location(storage_options(storage_option))
    if location == "cave":
        return _fill(drafts, which, version, server, options, as_json)
    patterns = [Pattern(each) for each in layout or [CAVE_PATTERN]]
    is_catalog = location == "cave-catalog"
    walk = _requested(which) if is_catalog else walk_location(location, patterns, options(location))
    with opened(registry, env) as opened_registry:
        naming = Naming(name, _sources(opened_registry, source or (), walk), materialization or ())
        groups = grouped(walk.tables, naming)
        adoption = Adoption(drafts, naming, options, Published(opened_registry.meanings))
        with progress("drafting", len(groups)) as advance:
            adopted = list(counting(adoption.adopt(groups), advance))
    _show(adopted, walk, drafts, as_json)


def _requested(file: str | None) -> Walk:
    """The tables in a file of requests to CAVE's catalogue."""
    if file is None:
        raise RegistryError("adopt cave-catalog: write adopt cave-catalog FILE, or - to read standard input")
    return tables_of(requests_from(json_file(file)))


def _fill(
    drafts: Path,
    datastack: str | None,
    version: int | None,
    server: str | None,
    options: OptionsOf,
    as_json: bool,
) -> None:
    from registry_dagster.sources.cave import CaveDatastack

    if datastack is None or version is None:
        raise RegistryError("adopt cave: write adopt cave DATASTACK --version N, e.g. minnie65_public --version 1300")
    filling = CaveFilling(drafts, CaveDatastack(datastack, server).tables(version), options)
    _show(list(filling.fill()), Walk(), drafts, as_json)


def _show(adopted: Sequence[Adopted], walk: Walk, drafts: Path, as_json: bool) -> None:
    show(as_json, _json(adopted, walk), lambda: _print(adopted, walk, drafts))
    if any(each.problems for each in adopted):
        raise typer.Exit(1)


def _sources(registry: Registry, given: Sequence[str], walk: Walk) -> dict[str, str]:
    """System → its kind, as recorded, as CAVE's catalogue implies it, and as given."""
    recorded = {each.system: each.source for each in registry.materializations()}
    named = [text.rpartition("=") for text in given]
    stacks = {each.matched.system: CAVE for each in walk.tables if each.known and each.matched.system}
    return recorded | stacks | {system: kind for system, _, kind in named}


def _json(adopted: Sequence[Adopted], walk: Walk) -> dict[str, object]:
    datasets = [
        {
            "dataset": each.name,
            "file": str(each.file),
            "result": each.word,
            "tables": each.tables,
            "problems": list(each.problems),
        }
        for each in adopted
    ]
    skipped = [{"path": each.path, "files": each.count, "why": each.why} for each in walk.skipped]
    return {"datasets": datasets, "skipped": skipped}


def _print(adopted: Sequence[Adopted], walk: Walk, drafts: Path) -> None:
    for each in adopted:
        _print_dataset(each)
    _print_skipped(walk.skipped)
    added = sum(each.tables for each in adopted)
    print_sums((each.word for each in adopted), f"; {_tables(added)} added in {drafts}")


def _tables(count: int) -> str:
    return f"{count:,} {'table' if count == 1 else 'tables'}"


def _print_dataset(each: Adopted) -> None:
    added = f": {_tables(each.tables)}" if each.tables else ""
    if each.word not in ("unchanged", "skipped"):
        report(f"{each.word} {each.file}{added}", [(each.word, each.file, each.tables)])
    for problem in each.problems:
        note(f"{each.name}: {problem}")


def _print_skipped(skipped: Sequence[Skipped]) -> None:
    for each in skipped[:_SHOWN]:
        note(f"skipped {each}")
    if len(skipped) > _SHOWN:
        note(f"skipped {len(skipped) - _SHOWN:,} more; --json lists them all")

"""Options that several commands share, and what they open."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, cast, get_args

import typer

from registry_dagster.cli.completion import dataset_names, formats, materialization_versions
from registry_dagster.cli.given import settings_for
from registry_dagster.cli.run import Done
from registry_dagster.cli.waiting import patience
from registry_dagster.datahub.urns import version_in
from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFormat
from registry_dagster.model.text import suggestion
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.settings import ENV_VARIABLE, PUBLISHER_VARIABLE
from registry_dagster.stores.targets import TARGETS

__all__ = [
    "AsJson",
    "At",
    "ColumnNames",
    "DatasetName",
    "Env",
    "FormatName",
    "InLayout",
    "Message",
    "Publisher",
    "Quiet",
    "StorageOption",
    "Target",
    "VersionName",
    "opened",
    "storage_options",
    "table_format",
]

Target = Annotated[
    str | None,
    typer.Option(
        "--registry",
        help=f"Where the registry is kept: {TARGETS}. Else FEATURE_REGISTRY, else the project file.",
    ),
]
Env = Annotated[
    str | None,
    typer.Option("--env", help=f"DataHub's environment. Else {ENV_VARIABLE}, else the project file, else PROD."),
]
Publisher = Annotated[
    str | None,
    typer.Option(
        help=f"Who does this: an e-mail address or account. Else {PUBLISHER_VARIABLE}, else the project file."
    ),
]
Message = Annotated[str, typer.Option("--message", "-m", help="Why.")]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="Of a dataset, only versions made against this state: system@version, by any name.",
        autocompletion=materialization_versions,
    ),
]
InLayout = Annotated[str | None, typer.Option("--layout", help="Of a dataset, only versions in this layout.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print names only, one a line.")]
ColumnNames = Annotated[
    str | None,
    typer.Option("--columns", metavar="NAME,…", help="The columns to list; all is one word for every one."),
]
FormatName = Annotated[
    str | None,
    typer.Option(
        "--format",
        help="parquet, delta, iceberg, lance, feather, csv or opaque; default: detected.",
        autocompletion=formats,
    ),
]
StorageOption = Annotated[
    list[str] | None,
    typer.Option(
        "--storage-option",
        metavar="NAME=VALUE",
        help="An option of the table's store, by fsspec's names; repeatable. Keep secrets in the environment.",
    ),
]


def _version_name(name: str | None) -> str | None:
    """A version by its name, or by the URN that DataHub's pages show."""
    return str(version_in(name) or name) if name else name


DatasetName = Annotated[str, typer.Argument(help="The dataset's name.", autocompletion=dataset_names)]
VersionName = Annotated[
    str,
    typer.Argument(
        help="dataset, dataset@vN, dataset@label, a digest sha256:…, or its URN in DataHub; of another lab laba/….",
        autocompletion=dataset_names,
        callback=_version_name,
    ),
]


@contextmanager
def opened(target: str | None, env: str | None = None, publisher: str | None = None) -> Generator[Registry, None, None]:
    """The registry that the options name."""
    settings = settings_for(target, env, publisher)
    Done.project = settings.registry.origin if settings.is_from_project else None
    registry = Registry.open(settings.target, env=settings.env.value, publisher=settings.publisher.value)
    with registry, patience(registry.target):
        yield registry


def table_format(name: str | None) -> TableFormat | None:
    """A format by its name.

    Raises:
        RegistryError: the format is unknown.
    """
    known = get_args(TableFormat)
    if name is not None and name not in known:
        raise RegistryError(f"unknown format {name!r}{suggestion(name, known)} Use one of {', '.join(known)}")
    return cast("TableFormat | None", name)


def storage_options(given: Sequence[str] | None) -> dict[str, Any] | None:
    """NAME=VALUE texts as storage options. A dot in a name goes one level down, as in client_kwargs.region_name.

    Raises:
        RegistryError: a text is not NAME=VALUE. The message does not repeat it.
    """
    options: dict[str, Any] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise RegistryError("--storage-option must be NAME=VALUE, e.g. --storage-option anon=true")
        inner = options
        *outer, last = name.split(".")
        for part in outer:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return options or None

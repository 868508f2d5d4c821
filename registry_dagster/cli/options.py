"""Options that several commands share, and what they open."""

from __future__ import annotations

import os
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, cast, get_args

import typer

from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFormat
from registry_dagster.model.text import suggestion
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.settings import ENV_VARIABLE
from registry_dagster.stores.targets import TARGETS

__all__ = [
    "AsJson",
    "At",
    "DatasetName",
    "Env",
    "FormatName",
    "InLayout",
    "Message",
    "Publisher",
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
        envvar="FEATURE_REGISTRY",
        help=f"Where the registry is kept: {TARGETS}.",
    ),
]
Env = Annotated[str | None, typer.Option("--env", envvar=ENV_VARIABLE, help="DataHub's environment; default: PROD.")]
Publisher = Annotated[
    str | None,
    typer.Option(envvar="FEATURE_REGISTRY_PUBLISHER", help="Who does this: an e-mail address or account."),
]
Message = Annotated[str, typer.Option("--message", "-m", help="Why.")]
At = Annotated[
    str | None,
    typer.Option("--at", help="Of a dataset, only versions made against this state: system@version, by any name."),
]
InLayout = Annotated[str | None, typer.Option("--layout", help="Of a dataset, only versions in this layout.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
FormatName = Annotated[
    str | None,
    typer.Option("--format", help="parquet, delta, iceberg, lance, feather, csv or opaque; default: detected."),
]
StorageOption = Annotated[
    list[str] | None,
    typer.Option(
        "--storage-option",
        metavar="NAME=VALUE",
        help="An option of the table's store, by fsspec's names; repeatable. Keep secrets in the environment.",
    ),
]


def _datasets_like(incomplete: str) -> list[str]:
    """Names for the shell to complete. Only those of a registry on this machine: a key press contacts no server."""
    target = os.environ.get("FEATURE_REGISTRY", "")
    if not target.startswith("lite://"):
        return []
    try:
        with Registry.open(target) as registry:
            return [each.name for each in registry.datasets(limit=None) if each.name.startswith(incomplete)]
    except RegistryError:
        # A shell cannot show an error while it completes. The command itself will report it.
        return []


DatasetName = Annotated[str, typer.Argument(help="The dataset's name.", autocompletion=_datasets_like)]
VersionName = Annotated[
    str, typer.Argument(help="dataset, dataset@vN, dataset@label, or a digest sha256:…", autocompletion=_datasets_like)
]


@contextmanager
def opened(target: str | None, env: str | None = None, publisher: str | None = None) -> Generator[Registry, None, None]:
    """The registry that the options name."""
    with Registry.open(target, env=env, publisher=publisher) as registry:
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

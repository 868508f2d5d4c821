"""What the shell completes. Only a registry on this machine is asked: a key press contacts no server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import get_args

import typer

from registry_dagster.cli.given import settings_for
from registry_dagster.errors import RegistryError
from registry_dagster.model.table import TableFormat
from registry_dagster.registry.registry import Registry

__all__ = ["column_paths", "dataset_names", "engines", "formats", "materialization_versions", "words_of"]

_LOCAL = ("lite://", "file://")
_FORMATS: tuple[str, ...] = get_args(TableFormat)


def formats(incomplete: str) -> list[str]:
    """The formats of tables."""
    return _matching(_FORMATS, incomplete)


def words_of(known: Iterable[str]) -> Callable[[str], list[str]]:
    """Completes one of a few words."""
    return lambda incomplete: _matching(known, incomplete)


def engines(incomplete: str) -> list[str]:
    """The engines that code is printed for."""
    from registry_dagster.tables.engines import ENGINES

    return _matching(ENGINES, incomplete)


def dataset_names(incomplete: str) -> list[str]:
    """Names of datasets; after an @, of their versions."""
    dataset, at, _ = incomplete.partition("@")

    def names(registry: Registry) -> Iterator[str]:
        yield from (each.name for each in (registry.versions(dataset) if at else registry.datasets(limit=None)))

    return _asked(names, incomplete)


def materialization_versions(incomplete: str) -> list[str]:
    """The recorded materialization versions."""
    return _asked(lambda registry: map(str, registry.materializations()), incomplete)


def column_paths(context: typer.Context, incomplete: str) -> list[str]:
    """The columns of the version whose name was typed before."""
    name = str(context.params.get("name"))
    return _asked(lambda registry: (field.path for field in registry.get(name).table.fields), incomplete)


def _matching(known: Iterable[str], incomplete: str) -> list[str]:
    return [word for word in known if word.startswith(incomplete)]


def _asked(question: Callable[[Registry], Iterable[str]], incomplete: str) -> list[str]:
    """What a registry on this machine answers. A shell cannot show an error; the command itself will report it."""
    try:
        target = settings_for().target
        if not target.startswith(_LOCAL):
            return []
        with Registry.open(target) as registry:
            return _matching(question(registry), incomplete)
    except RegistryError:
        return []

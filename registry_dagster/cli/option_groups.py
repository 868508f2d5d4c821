"""Options that several commands have alike: said once, taken as one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields, is_dataclass
from functools import wraps
from inspect import Parameter, signature
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

from registry_dagster.cli.options import AsJson, At, ColumnNames, Env, InLayout, Quiet, Target, opened
from registry_dagster.registry.registry import Registry

__all__ = ["Addressed", "Asked", "Listed", "registry_of", "with_groups"]

Command = TypeVar("Command", bound=Callable[..., None])
Limit = Annotated[int, typer.Option(min=1, help="The most to list.")]


@dataclass(frozen=True)
class Asked:
    """Of a command that gives one answer."""

    registry: Target = None
    env: Env = None
    as_json: AsJson = False


@dataclass(frozen=True)
class Addressed:
    """Of a command that gives one answer about tables, which may be named by their dataset."""

    at: At = None
    layout: InLayout = None
    registry: Target = None
    env: Env = None
    as_json: AsJson = False


@dataclass(frozen=True)
class Listed:
    """Of a command that lists."""

    limit: Limit = 100
    registry: Target = None
    env: Env = None
    columns: ColumnNames = None
    quiet: Quiet = False
    as_json: AsJson = False


def registry_of(asked: Asked | Addressed | Listed) -> AbstractContextManager[Registry]:
    """The registry that is asked."""
    return opened(asked.registry, asked.env)


def with_groups(command: Command) -> Command:
    """Let a command that takes a group of options show each of them; typer reads them from the signature."""
    own = signature(command, eval_str=True)
    groups: dict[str, type[Any]] = {
        each.name: each.annotation
        for each in own.parameters.values()
        if isinstance(each.annotation, type) and is_dataclass(each.annotation)
    }

    @wraps(command)
    def run(**given: Any) -> None:
        for name, group in groups.items():
            given[name] = group(**{each.name: given.pop(each.name) for each in fields(group)})
        command(**given)

    shown = [option for each in own.parameters.values() for option in _options(each, groups.get(each.name))]
    run.__signature__ = own.replace(parameters=shown)  # type: ignore[attr-defined]
    return run  # type: ignore[return-value]


def _options(parameter: Parameter, group: type[Any] | None) -> Iterator[Parameter]:
    if group is None:
        yield parameter.replace(kind=Parameter.KEYWORD_ONLY)
        return
    hints = get_type_hints(group, include_extras=True)
    for each in fields(group):
        yield Parameter(each.name, Parameter.KEYWORD_ONLY, default=each.default, annotation=hints[each.name])

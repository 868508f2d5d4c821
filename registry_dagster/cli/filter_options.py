"""An option for each filter of a search, made from the one list of filters."""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, signature
from typing import TypeVar, get_args

import typer

from registry_dagster.cli.completion import dataset_names, materialization_versions, words_of
from registry_dagster.registry.filters import FILTERS, parameters

__all__ = ["with_filter_options"]

Command = TypeVar("Command", bound=Callable[..., None])

_SHORT = {"materialization": "-M"}
_COMPLETED = {"dataset": dataset_names, "materialization": materialization_versions}


def with_filter_options(command: Command) -> Command:
    """Let a command that takes `**filters` show each filter as an option, right after its first argument.

    typer reads a command's options from its signature, so the signature is what is changed.
    """
    own = signature(command, eval_str=True)
    # All by keyword, as typer passes them: the order is then that of the help text and nothing else.
    first, *rest = [
        each.replace(kind=Parameter.KEYWORD_ONLY)
        for each in own.parameters.values()
        if each.kind is not Parameter.VAR_KEYWORD
    ]
    options = [_option(each) for each in parameters()]
    command.__signature__ = own.replace(parameters=[first, *options, *rest])  # type: ignore[attr-defined]
    return command


def _option(parameter: Parameter) -> Parameter:
    name = parameter.name
    kinds = get_args(parameter.annotation)
    flag = f"--{name.replace('_', '-')}"
    if bool in kinds:
        return _typed(parameter, bool, f"{flag}/--not-{name}")
    # A materialization version is written as text here, whatever else Python callers may pass.
    return _typed(parameter, float if float in kinds else str, *filter(None, (flag, _SHORT.get(name))))


def _typed(parameter: Parameter, kind: type[bool | float | str], *flags: str) -> Parameter:
    known = FILTERS[parameter.name]
    completed = words_of(known.values) if known.values else _COMPLETED.get(parameter.name)
    option = typer.Option(None, *flags, help=known.help, autocompletion=completed)
    return parameter.replace(annotation=kind | None, default=option)

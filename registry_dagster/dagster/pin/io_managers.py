"""Pinning by the IO manager: the asset returns its data, and the table it becomes is pinned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from inspect import isgeneratorfunction
from typing import Any, TypeVar, cast, overload

import dagster as dg

from registry_dagster.dagster.names import NOT_PINNED
from registry_dagster.dagster.pin.metadata import pinned_metadata, resolve_declaration
from registry_dagster.dagster.pin.storage_options import resolve_options
from registry_dagster.dagster.pin.written_to import HOW_TO_REPORT, WrittenTo, written_to
from registry_dagster.errors import InvalidDeclaration, RegistryError, TableNotFound
from registry_dagster.tables import inspect_table

__all__ = ["pinning"]

C = TypeVar("C", bound=dg.ConfigurableIOManagerFactory[Any])

Options = Mapping[str, Any] | None

_Adapter = dg.ConfigurableLegacyIOManagerAdapter
"""Makes its IO manager from a definition, not with `create_io_manager`, so a subclass cannot wrap it."""


@overload
def pinning(manager: type[C], *, storage_options: Options = None) -> type[C]: ...
@overload
def pinning(manager: dg.IOManager, *, storage_options: Options = None) -> dg.IOManager: ...
def pinning(manager: type[C] | dg.IOManager, *, storage_options: Options = None) -> type[C] | dg.IOManager:
    """The same IO manager, pinning each declared table that it writes. Publishes nothing.

        resources={"io_manager": rd.pinning(DeltaLakePyarrowIOManager)(root_uri="/data/lake")}

    The asset needs only `@feature_table` above `@dg.asset`. After the write, the table is inspected at the
    location in the IO manager's own metadata, and at the version there, else the newest. Assets without a
    declaration are written as before.

    The data is written by then, so a table that cannot be inspected does not fail the run: a warning, and
    `registry/not_pinned` on the materialization, say why it cannot be published.

    Args:
        manager: A configurable IO manager's class, to be configured as before. Or a plain `dg.IOManager`,
            e.g. inside a function under `@dg.io_manager`.
        storage_options: Used to inspect the table; see `inspect_table`. Values may be `dg.EnvVar`. Never
            recorded. Default: the environment's credentials.

    Raises:
        InvalidDeclaration: `manager` is neither.
    """
    given: Any = manager
    if _takes_subclass(given):
        return _pinning_class(cast("type[C]", given), storage_options)
    if isinstance(given, dg.IOManager) and not isinstance(given, dg.ConfigurableIOManagerFactory):
        return _pinning_manager(given, storage_options)
    name = cast("str", (given if isinstance(given, type) else type(given)).__name__)
    raise InvalidDeclaration(
        f"pinning takes the class of a configurable IO manager, or a plain IOManager, got {name}. Wrap the class "
        "before it is configured, rd.pinning(TheIOManager)(...), or wrap what a function under @dg.io_manager returns"
    )


def _takes_subclass(given: object) -> bool:
    """Whether it is the class of a configurable IO manager that is made with `create_io_manager`."""
    if not isinstance(given, type):
        return False
    return issubclass(given, dg.ConfigurableIOManagerFactory) and not issubclass(given, _Adapter)


def _pinning_class(manager: type[C], options: Options) -> type[C]:
    """A subclass: Dagster configures the outermost class, and each write sees that class's `resource_config`."""

    def create_io_manager(self: C, context: dg.InitResourceContext) -> dg.IOManager:
        return _pinning_manager(manager.create_io_manager(self, context), options)

    named = {"__module__": manager.__module__, "__doc__": manager.__doc__, "create_io_manager": create_io_manager}
    return cast("type[C]", type(manager)(f"Pinning{manager.__name__}", (manager,), named))


def _pinning_manager(manager: dg.IOManager, options: Options) -> dg.IOManager:
    kind = _PinningEvents if isgeneratorfunction(manager.handle_output) else _Pinning
    return kind(manager, options)


class _Pinning(dg.IOManager):
    def __init__(self, manager: dg.IOManager, options: Options) -> None:
        self._manager = manager
        self._options = options

    def load_input(self, context: dg.InputContext) -> object:
        return self._manager.load_input(context)

    def handle_output(self, context: dg.OutputContext, obj: object) -> Any:
        written = cast("Any", self._manager).handle_output(context, obj)
        _pin(context, context.get_logged_metadata(), self._options)
        return written


class _PinningEvents(_Pinning):
    """For an IO manager whose `handle_output` yields events: Dagster clears the logged metadata at each event."""

    def handle_output(self, context: dg.OutputContext, obj: object) -> Iterator[object]:
        logged: dict[str, object] = {}
        for event in cast("Any", self._manager).handle_output(context, obj):
            logged.update(context.get_logged_metadata())
            yield event
        _pin(context, {**logged, **context.get_logged_metadata()}, self._options)


def _pin(output: dg.OutputContext, logged: Mapping[str, object], options: Options) -> None:
    """Add what is pinned to the asset's materialization. It replaces the IO manager's own columns and row count."""
    context = _running()
    if context is None or not output.has_asset_key:
        return  # Outside of a run there is no materialization to pin to.
    key = output.asset_key
    try:
        pinned = _pinned(context, output, logged, options)
    except RegistryError as error:
        name = key.to_user_string()
        context.log.warning(f"The table of {name} was written, but it is not pinned and cannot be published. {error}")
        pinned = {NOT_PINNED: str(error)}
    if pinned:
        context.add_asset_metadata(pinned, asset_key=key)


def _running() -> dg.AssetExecutionContext | None:
    try:
        return dg.AssetExecutionContext.get()
    except dg.DagsterInvariantViolationError:
        return None


def _pinned(
    context: dg.AssetExecutionContext, output: dg.OutputContext, logged: Mapping[str, object], options: Options
) -> dict[str, Any]:
    key = output.asset_key
    declared = resolve_declaration(context, key)
    if declared is None:
        return {}
    written = _location(logged)
    options = {**_catalog(output), **(resolve_options(options) or {})}
    facts = inspect_table(written.uri, version=written.version, storage_options=options)
    others = {**(output.output_metadata or {}), **logged}
    known = pinned_metadata(context, key, declared, facts, reported=others, given={})
    return {name: value for name, value in known.items() if others.get(name) is not value}


def _location(logged: Mapping[str, object]) -> WrittenTo:
    written = written_to(logged)
    if written is None:
        raise TableNotFound(f"The IO manager's metadata does not say where it wrote the table; {HOW_TO_REPORT}.")
    return written


def _catalog(output: dg.OutputContext) -> dict[str, str]:
    """The Iceberg catalog's properties, from dagster-iceberg's own config."""
    config = cast("Mapping[str, object]", output.resource_config or {}).get("config")
    return cast("dict[str, dict[str, str]]", config).get("properties", {}) if isinstance(config, dict) else {}

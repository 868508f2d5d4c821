"""Which module has which command. A module is loaded when one of its commands is needed: that of all is a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

from typer.main import get_group

__all__ = ["INTERRUPTED", "MODULES", "Commands"]

INTERRUPTED = 130

MODULES: Mapping[str, str] = {
    "acts": "retire undo label layout promote license licence citation doi describe",
    "adopt": "adopt",
    "cite": "cite lock statement",
    "config": "config",
    "doctor": "doctor backup schema",
    "export": "export import",
    "find": "list datasets find expiring dependents lineage newest column",
    "init": "init",
    "inspect": "inspect",
    "join": "join compatibility compatible comparable",
    "materializations": "materializations",
    "mcp": "mcp",
    "mirror": "mirror",
    "places": "relocate also-at",
    "publish": "publish plan validate",
    "push": "push",
    "review": "review",
    "show": "show versions diff",
    "site": "site serve",
    "verify": "verify",
}
"""Module of this room → its commands."""

_HOMES = {name: module for module, names in MODULES.items() for name in names.split()}


class Commands(Mapping[str, Any]):
    """Name → command, in the order of `MODULES`."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._loaded:
            self._loaded |= _commands_of(_HOMES[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_HOMES)

    def __len__(self) -> int:
        return len(_HOMES)


def _commands_of(module: str) -> Mapping[str, Any]:
    try:
        own = import_module(f"{__package__}.{module}").commands
    except KeyboardInterrupt:
        # Who stops the program while it loads wants no traceback.
        raise SystemExit(INTERRUPTED) from None
    return get_group(own).commands

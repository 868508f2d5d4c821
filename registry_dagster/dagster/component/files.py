"""The Python files of a component: which they are, and the definitions in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.text import suggestion

__all__ = ["definitions_in", "python_files"]


@dg.definitions
def _no_definitions() -> dg.Definitions:
    return dg.Definitions()


# What @dg.definitions makes of a function; the class has no public name.
_LAZY: Any = type(_no_definitions)


def python_files(folder: Path) -> list[str]:
    """The Python files beside a component's YAML, which Dagster leaves to the component."""
    return sorted(path.name for path in folder.glob("*.py") if path.name != "__init__.py")


def definitions_in(names: Sequence[str], context: dg.ComponentLoadContext) -> dg.Definitions:
    """The definitions in these files of the component's folder.

    Raises:
        InvalidDeclaration: a file does not exist.
    """
    _check_files(names, context.path)
    modules = [context.load_defs_relative_python_module(Path(name)) for name in names]
    return dg.Definitions.merge(*(_definitions_of(module, context) for module in modules))


def _definitions_of(module: ModuleType, context: dg.ComponentLoadContext) -> dg.Definitions:
    """As Dagster loads a file of a defs folder: its `Definitions`, or else every asset, job, … in it."""
    found = list(vars(module).values())
    whole = [each for each in found if isinstance(each, dg.Definitions)]
    whole += [each(context) for each in found if isinstance(each, _LAZY)]
    return dg.Definitions.merge(*whole) if whole else dg.load_definitions_from_module(module)


def _check_files(names: Sequence[str], folder: Path) -> None:
    for name in names:
        if not (folder / name).is_file():
            known = [path.name for path in folder.glob("*.py")]
            raise InvalidDeclaration(f"definitions: no file {name!r} in {folder}{suggestion(name, known)}")

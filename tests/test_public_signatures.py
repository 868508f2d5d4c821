"""Whatever a public signature mentions can be imported by a public name: `registry_dagster` or its `results`."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Iterable, Iterator
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.registry.acts import Acts
from registry_dagster.registry.holdings import Holdings
from registry_dagster.registry.meanings import Meanings
from registry_dagster.registry.papers import Papers
from registry_dagster.registry.repair import Repair

OURS = "registry_dagster"
NOT_INSTALLED_EVERYWHERE = {name: SimpleNamespace(DataFrame=object) for name in ("pd", "pl")}
FOR_AUTHORS_OF_STORES = {"Registry.__init__"}
"""Whoever writes a store imports what that takes from `registry_dagster.stores.store`."""

PIECES = {each.__name__: each for each in (Acts, Holdings, Meanings, Papers, Repair)}
"""The pieces of a `Registry`: people call their methods on it, and name none of them."""


def public() -> dict[str, Any]:
    """Each public name, dotted within the package, and what it is."""
    names = {name: getattr(rd, name) for name in rd.__all__}
    return {**names, **{f"results.{name}": getattr(rd.results, name) for name in rd.results.__all__}}


def functions_of(kind: type) -> Iterator[tuple[str, Any]]:
    """The public methods and properties of a class that are ours, and its `__init__`, as functions."""
    for name in dir(kind):
        found = inspect.getattr_static(kind, name)
        if isinstance(found, property):
            found = found.fget
        elif isinstance(found, cached_property):
            found = found.func
        function = getattr(found, "__func__", found)
        if not inspect.isfunction(function) or not function.__module__.startswith(OURS):
            continue
        if not name.startswith("_") or name == "__init__":
            yield name, function


def types_in(hint: object) -> Iterator[type]:
    """The classes of this package that an annotation holds, at any depth."""
    if isinstance(hint, (list, tuple)):
        parts: Iterable[object] = hint
    else:
        parts = (*typing.get_args(hint), typing.get_origin(hint))
        if isinstance(hint, type) and hint.__module__.startswith(OURS):
            yield hint
    for part in parts:
        if part is not None:
            yield from types_in(part)


def hints_of(annotated: Any) -> dict[str, object]:
    # Types that only type checkers need are not imported where they are mentioned.
    named = {name.removeprefix("results."): what for name, what in public().items()}
    return typing.get_type_hints(annotated, localns={**NOT_INSTALLED_EVERYWHERE, **PIECES, **named})


def mentioned(name: str, what: Any) -> Iterator[tuple[str, type]]:
    """Where a public name mentions which of our classes: its signatures, and the fields of its values."""
    if inspect.isfunction(what):
        yield from ((name, kind) for hint in hints_of(what).values() for kind in types_in(hint))
    elif isinstance(what, type):
        for method, function in functions_of(what):
            yield from mentioned(f"{name}.{method}", function)
        fields = {field: hint for field, hint in hints_of(what).items() if not field.startswith("_")}
        yield from ((f"{name}.{field}", kind) for field, hint in fields.items() for kind in types_in(hint))
    else:
        yield from ((name, kind) for kind in types_in(what))


def test_every_type_in_a_public_signature_has_a_public_name() -> None:
    names = public()
    nameless = {
        f"{where}: {kind.__module__}.{kind.__qualname__}"
        for name, what in names.items()
        for where, kind in mentioned(name, what)
        if kind not in (*names.values(), *PIECES.values()) and where not in FOR_AUTHORS_OF_STORES
    }
    assert nameless == set()


def test_a_type_without_a_public_name_would_be_found() -> None:
    from registry_dagster.stores.store import Store

    assert ("Registry.__init__", Store) in list(mentioned("Registry", rd.Registry))
    assert ("Registry.join", rd.results.Joins) in list(mentioned("Registry", rd.Registry))
    assert ("results.Joins.joins", rd.results.Join) in list(mentioned("results.Joins", rd.results.Joins))


def documented() -> list[str]:
    """The public names with a docstring to have: classes, functions, and their own public methods and properties."""
    found: list[str] = []
    for name, what in public().items():
        if inspect.isfunction(what) or isinstance(what, type):
            found.append(name)
        if isinstance(what, type):
            found += [f"{name}.{method}" for method, _ in functions_of(what) if method != "__init__"]
    return found


@pytest.mark.parametrize("name", documented())
def test_every_public_name_has_a_docstring(name: str) -> None:
    what: Any = rd
    for part in name.split("."):
        what = inspect.getattr_static(what, part) if isinstance(what, type) else getattr(what, part)
    if isinstance(what, type):
        assert what.__doc__, name
        assert not what.__doc__.startswith(f"{what.__name__}("), f"{name} has only what dataclasses make up"
    else:
        assert inspect.getdoc(getattr(what, "__func__", what)), name


def test_several_are_published_with_public_names_alone(tmp_path: Path) -> None:
    pq.write_table(pa.table({"root_id": [1, 2]}), tmp_path / "cells.parquet")
    declared = rd.FeatureTable(
        dataset=rd.Dataset(name="lab.cells"),
        materializations=[rd.MaterializationVersion(system="minnie65_public", version=1300)],
        columns={"root_id": rd.RootId(id_space="minnie65_public")},
    )
    facts = rd.inspect_table(str(tmp_path / "cells.parquet"))
    made = rd.Origin(run_id="1f", asset="cells")
    with rd.Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        outcomes: list[rd.results.Outcome] = registry.publish_many(
            [rd.Publication(declared, facts, message="First", origin=made)]
        )
        question: rd.Question = {"semantic": "root_id"}
        found: list[rd.results.FoundVersion] = list(registry.stream(**question))
    assert [getattr(outcome, "version", outcome) for outcome in outcomes] == ["lab.cells@v1"]
    assert [version.version for version in found] == ["lab.cells@v1"]

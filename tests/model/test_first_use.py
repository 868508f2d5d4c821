"""A model's validator is made when the model is first used: a program that reads a record needs a few of fifty."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Literal

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model, Several, in_json
from registry_dagster.model.column import Column
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.variants import OneOf, variants_by

_BUILT = """
from registry_dagster.model.base import Model
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable

def built(model):
    own = [kind.__name__ for kind in model.__subclasses__() if kind.__pydantic_complete__]
    return own + [name for kind in model.__subclasses__() for name in built(kind)]

print(*sorted(built(Model)))
columns = {"id": {"semantic": "root_id", "id_space": "m"}}
FeatureTable(dataset={"name": "a.b"}, materializations=["m@1"], columns=columns)
print(*sorted(built(Model)))
"""


def test_only_the_models_that_occur_are_built() -> None:
    done = subprocess.run([sys.executable, "-c", _BUILT], capture_output=True, text=True, check=True)
    at_import, later = done.stdout.splitlines()
    assert at_import == ""
    assert later.split() == ["Dataset", "FeatureTable", "MaterializationVersion", "RootId"]


def test_every_semantic_is_found_by_its_name() -> None:
    assert {name: kind.model_fields["semantic"].default for name, kind in SEMANTICS.items()} == {
        name: name for name in SEMANTICS
    }

    def of(kind: type[Column]) -> set[type[Column]]:
        return {kind}.union(*map(of, kind.__subclasses__()))

    assert {kind for kind in of(Column) if "semantic" in kind.model_fields} == set(SEMANTICS.values())


def test_many_threads_may_be_the_first() -> None:
    class Inner(Model):
        number: int

    class Outer(Model):
        inner: Several[Inner]

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda number: Outer.from_json({"inner": [{"number": number}]}), range(64)))
    assert [each.inner[0].number for each in made] == list(range(64))


def test_a_value_that_was_not_checked_can_be_written() -> None:
    class Cell(Model):
        _tag = in_json("kind")
        kind: Literal["cell"] = "cell"
        name: str

    class Table(Model):
        part: Annotated[Cell, OneOf("kind", variants_by("kind", Cell))]

    table = Table(part=Cell.model_construct(name="a"))
    assert table.to_json() == {"part": {"kind": "cell", "name": "a"}}
    assert Table(part={"kind": "cell", "name": "a"}) == table
    with pytest.raises(InvalidDeclaration, match=r"Table: part.kind: unknown 'cel'; did you mean 'cell'"):
        Table(part={"kind": "cel"})

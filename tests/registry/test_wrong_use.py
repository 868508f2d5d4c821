"""Whatever is passed, the registry answers with an error of its own, which says what to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration, PublishRefused, RegistryError, TableNotFound
from registry_dagster.registry.plan import Publication, Receipt
from tests.registry.declared import HEMIBRAIN, declared, facts

NAME = "hemibrain.neurons"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Any]:
    with rd.Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as opened:
        opened.publish(declared(), facts(), message="first")
        yield opened


CALLS: dict[str, tuple[Callable[[Any], object], str]] = {
    "a mapping for a declaration": (
        lambda registry: registry.publish({"dataset": NAME}, facts(), message="why"),
        r"feature_table must be a FeatureTable, got \{.*; write rd.FeatureTable\(",
    ),
    "a mapping for a declaration in a plan": (lambda registry: registry.plan({}, facts()), "must be a FeatureTable"),
    "a number for a table": (
        lambda registry: registry.publish(declared(), 5, message="why"),
        r"table must be a table's facts or its location, got 5; write e.g. rd.inspect_table",
    ),
    "a text for a number": (
        lambda registry: registry.publish(declared(), facts(1), message="why", version="2"),
        "version must be a whole number, got '2'",
    ),
    "a number for a message": (
        lambda registry: registry.publish(declared(), facts(), message=5),
        "must be text, got 5",
    ),
    "one publication for several": (
        lambda registry: registry.publish_many(Publication(declared(), facts(), "why")),
        r"publications must be a list of Publication, got Publication\(.*put it in \[ \]",
    ),
    "none for several": (lambda registry: registry.publish_many(None), "publications must be a list of Publication"),
    "declarations for publications": (
        lambda registry: registry.publish_many([declared()]),
        r"each of publications must be a Publication, .*; write Publication\(feature_table, table, message='why'\)",
    ),
    "a Dataset for its name": (
        lambda registry: registry.get(rd.Dataset(name=NAME)),
        rf"a name must be text, got Dataset\(.*; write '{NAME}'",
    ),
    "a class for a name": (lambda registry: registry.get(rd.Dataset), "a name must be text, .*; write 'minnie65."),
    "none for a name": (lambda registry: registry.get(None), "a name must be text, got None"),
    "none for versions of": (lambda registry: registry.versions(None), "a name must be text, got None"),
    "none for a join": (lambda registry: registry.join(None, NAME), "a name must be text, got None"),
    "a name for bridges": (
        lambda registry: registry.join(NAME, NAME, bridges=NAME),
        rf"bridges must be a list of names, got '{NAME}'; write \['{NAME}'\]",
    ),
    "none to be compatible with": (lambda registry: registry.compatibility(NAME, None), "a name must be text"),
    "none to be newest with": (lambda registry: registry.newest(NAME, compatible_with=None), "a name must be text"),
    "none to be compared": (lambda registry: registry.comparable(NAME, None), "a name must be text"),
    "none to differ": (lambda registry: registry.diff(None, None), "a name must be text"),
    "none for a column": (lambda registry: registry.column(NAME, None), "path must be text, got None"),
    "none for an engine": (lambda registry: registry.read_code(NAME, None), "engine must be text, got None"),
    "none that something depends on": (lambda registry: registry.dependents(None), "a name must be text"),
    "a name for a materialization version": (
        lambda registry: registry.materialization("hemibrain@v1.2.1"),
        r"version must be a MaterializationVersion, got 'hemibrain@v1.2.1'; write rd.MaterializationVersion\(",
    ),
    "a number for a system": (lambda registry: registry.materializations(5), "a name must be text, got 5"),
    "one materialization version for several": (
        lambda registry: registry.record_materializations(HEMIBRAIN),
        "versions must be a list of MaterializationVersion",
    ),
    "a name for a Dataset": (
        lambda registry: registry.describe(NAME, message="why"),
        r"must be a Dataset, got .*; write rd.Dataset\(",
    ),
    "none for a reason": (lambda registry: registry.retire(f"{NAME}@v1", reason=None), "needs a reason"),
    "a Dataset to retire": (lambda registry: registry.retire(rd.Dataset(name=NAME), reason="x"), f"write '{NAME}'"),
    "none to verify": (lambda registry: registry.verify(None), "a name must be text"),
    "a number to find": (lambda registry: registry.find(5), "must be text, got 5"),
    "a number for an owner": (lambda registry: registry.find(owner=5), "owner must be text, got 5"),
    "a text for days": (lambda registry: registry.find(expiring_within="soon"), "must be a number of days, e.g. 60"),
    "a text for a choice": (lambda registry: registry.find(retired="yes"), "retired must be True or False, got 'yes'"),
    "a text for a limit": (lambda registry: registry.find(limit="3"), "limit must be a whole number, got '3'"),
    "a number for a dataset's words": (lambda registry: registry.datasets(5), "must be text, got 5"),
    "a path for a target": (lambda _: rd.Registry.open(Path("/x/y")), "target must be text, got .*; write e.g. 'lite:"),  # pyright: ignore[reportArgumentType]
}


@pytest.mark.parametrize(("call", "said"), CALLS.values(), ids=list(CALLS))
def test_wrong_use_is_an_error_that_says_what_to_write(registry: Any, call: Callable[[Any], object], said: str) -> None:
    with pytest.raises(RegistryError, match=said) as refused:
        call(registry)
    assert isinstance(refused.value, InvalidDeclaration | PublishRefused)


@pytest.mark.parametrize("given", [str, Path])
def test_the_place_of_a_table_is_inspected(registry: Any, tmp_path: Path, given: Callable[[Path], Any]) -> None:
    path = tmp_path / "neurons.parquet"
    pq.write_table(pa.table({"body_id": pa.array([1], pa.int64()), "score": pa.array([0.5], pa.float32())}), path)
    plan = registry.plan(declared(), given(path))
    receipt = registry.publish(declared(), given(path), message="as it is")
    assert plan.version == receipt.version == f"{NAME}@v2"
    assert receipt.record.table.rows == 1
    with pytest.raises(TableNotFound):
        registry.publish(declared(), str(tmp_path / "none.parquet"), message="why")


def test_one_wrong_publication_keeps_no_other_out(registry: Any, tmp_path: Path) -> None:
    some = [
        Publication({}, facts(1), "why"),  # pyright: ignore[reportArgumentType]
        Publication(declared(), facts(2), "why"),
        Publication(declared(), str(tmp_path / "none.parquet"), "why"),  # pyright: ignore[reportArgumentType]
    ]
    first, second, third = registry.publish_many(some)
    assert isinstance(first, InvalidDeclaration)
    assert isinstance(second, Receipt)
    assert isinstance(third, TableNotFound)

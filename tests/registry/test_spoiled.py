"""Aspects that others wrote, or spoiled: an error of ours about that entity, and everything else goes on."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from registry_dagster.datahub.acts import HIGHEST
from registry_dagster.datahub.urns import container_urn, version_set_urn, version_urn
from registry_dagster.errors import CorruptRecord, MaterializationConflict, RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference, whole_database

SPOILED, UNTOUCHED = "lab.spoiled", "lab.untouched"
OWN = (version_urn(f"{SPOILED}@v1", "PROD"), version_urn(f"{SPOILED}@v2", "PROD"), container_urn(SPOILED, "PROD"))
MADE_AGAINST = "urn:li:dataset:(urn:li:dataPlatform:neuprint,hemibrain@v1.2.1,PROD)"
ENTITIES = (*OWN, version_set_urn("feature-registry", SPOILED, "PROD"), MADE_AGAINST)
HOSTILE = (
    *("", "x", "[", "{}", "[]", "null", "1", '"x"', "[1]", '{"a": 1}', "[" * 3000 + "]" * 3000, "9" * 5000, "NaN"),
    *('[{"system": 1}]', '{"hemibrain": 5}', "\x00"),
)

Operation = Callable[[Registry], object]
ABOUT_SPOILED: Mapping[str, Operation] = {
    "get": lambda registry: registry.get(SPOILED),
    "get v1": lambda registry: registry.get(f"{SPOILED}@v1"),
    "versions": lambda registry: registry.versions(SPOILED),
    "current": lambda registry: str(registry.current(SPOILED)),
    "retirements": lambda registry: registry.retirements(SPOILED),
    "dataset": lambda registry: registry.dataset(SPOILED),
    "diff": lambda registry: str(registry.diff(f"{SPOILED}@v1", f"{SPOILED}@v2")),
    "join": lambda registry: str(registry.join(SPOILED, UNTOUCHED)),
    "compatibility": lambda registry: str(registry.compatibility(SPOILED, UNTOUCHED)),
    "comparable": lambda registry: str(registry.comparable(f"{SPOILED}@v1", f"{SPOILED}@v2")),
    "newest": lambda registry: str(registry.newest(SPOILED, compatible_with=UNTOUCHED)),
    "column": lambda registry: str(registry.column(SPOILED, "body_id")),
    "lineage": lambda registry: str(registry.lineage(SPOILED)),
    "read code": lambda registry: registry.read_code(SPOILED, "polars"),
    "history": lambda registry: registry.acts.history(SPOILED),
    "verify": lambda registry: str(registry.verify(f"{SPOILED}@v1", table=False)),
    "plan": lambda registry: registry.plan(declared(SPOILED), facts(9)).to_markdown(),
    "publish": lambda registry: registry.publish(declared(SPOILED), facts(9), message="more"),
    "describe": lambda registry: registry.describe(Dataset(name=SPOILED, title="T"), message="why"),
    "retire": lambda registry: registry.retire(f"{SPOILED}@v1", reason="why"),
    "label": lambda registry: registry.acts.label(f"{SPOILED}@v2", "named", reason="why"),
}
OF_ALL: Mapping[str, Operation] = {
    "list": lambda registry: {row.name for row in registry.datasets()} >= {UNTOUCHED},
    "find": lambda registry: {row.version for row in registry.find(semantic="body_id")} >= {f"{UNTOUCHED}@v1"},
    "find words": lambda registry: {row.version for row in registry.find("untouched")} == {f"{UNTOUCHED}@v1"},
    "materializations": lambda registry: registry.materializations() is not None,
    "dependents": lambda registry: registry.dependents(UNTOUCHED) is not None,
    "verify all": lambda registry: any(UNTOUCHED in str(each) for each in registry.verify_all(table=False)),
    "get": lambda registry: registry.get(UNTOUCHED).name == f"{UNTOUCHED}@v1",
    "join": lambda registry: str(registry.join(UNTOUCHED, UNTOUCHED)) != "",
    "publish": lambda registry: registry.publish(declared(UNTOUCHED), facts(9), message="more").created,
    "publish another": lambda registry: registry.publish(declared("lab.new"), facts(9), message="more").created,
}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with two versions of one dataset, labelled, derived and joined, and one version of another."""
    path = tmp_path_factory.mktemp("whole") / "registry.db"
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        registry.publish(declared(UNTOUCHED), facts(location="/data/untouched"), message="first")
        joined = declared(SPOILED, title="T", owners=["team:fly"], tags=["x"], references=(reference(UNTOUCHED),))
        origin = Origin(run_id="run", asset="a", inputs=[(UNTOUCHED, facts(location="/data/untouched").identity)])
        registry.publish(joined, facts(1), message="first", label="one", origin=origin)
        registry.publish(joined, facts(2), message="second")
        registry.acts.retire(f"{SPOILED}@v1", reason="old")
    return path


def places(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value, the whole included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in items:
        yield from places(each, (*path, name))


def changed(value: Any, path: tuple[str | int, ...], other: object) -> Any:
    """The value with something else at one place."""
    if not path:
        return other
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], other)
    return copy


def spoil(path: Path, urn: str, aspect: str, text: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE metadata_aspect_v2 SET metadata = ? WHERE urn = ? AND aspect_name = ? AND version = 0",
            (text, urn, aspect),
        )


def spoiled_texts(chosen: random.Random, whole: Path) -> tuple[str, str, str]:
    """An entity, one of its aspects, and a text in the aspect's place."""
    stored = whole_database(whole)
    urn = chosen.choice([each for each in ENTITIES if each in stored])
    aspect = chosen.choice(sorted(stored[urn]))
    hostile = chosen.choice(HOSTILE)
    if chosen.random() < 0.2:
        return urn, aspect, hostile
    value = stored[urn][aspect]
    other = chosen.choice([hostile, None, 5, 1.5, True, [], {}, [None], {"a": [1]}, 2**70])
    return urn, aspect, json.dumps(changed(value, chosen.choice(list(places(value))), other))


@pytest.mark.parametrize("number", [2**70, 10**9, 1e300, float("inf"), float("nan"), -5])
def test_nobody_looks_for_as_many_versions_as_others_wrote_that_there_are(
    whole: Path, tmp_path: Path, number: float
) -> None:
    path = tmp_path / "registry.db"
    shutil.copy(whole, path)
    container = whole_database(whole)[OWN[2]]["structuredProperties"]
    for each in container["properties"]:
        if each["propertyUrn"] == HIGHEST:
            each["values"] = [{"double": number}]
    spoil(path, OWN[2], "structuredProperties", json.dumps(container))
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        assert len(registry.versions(SPOILED)) == 2
        assert registry.publish(declared(SPOILED), facts(9), message="more").version == f"{SPOILED}@v3"


@pytest.mark.parametrize("number", [10**8, 10**9, int("9" * 4000)])
def test_nor_as_many_as_a_version_set_points_beyond(whole: Path, tmp_path: Path, number: int) -> None:
    path = tmp_path / "registry.db"
    shutil.copy(whole, path)
    stored = whole_database(whole)[ENTITIES[3]]["versionSetProperties"]
    latest = version_urn(f"{SPOILED}@v{number}", "PROD")
    spoil(path, ENTITIES[3], "versionSetProperties", json.dumps({**stored, "latest": latest}))
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        assert len(registry.versions(SPOILED)) == 2


@given(seed=st.integers(0, 2**32))
@example(seed=19834754).via("another source of the state that all are made against")
@settings(max_examples=8, deadline=None)
def test_whatever_others_write_is_an_error_of_ours_about_that_entity_alone(
    whole: Path, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    check(whole, tmp_path_factory.mktemp("spoiled") / "registry.db", seed)


@pytest.mark.soak
@pytest.mark.parametrize("start", range(0, 2000, 100))
def test_whatever_others_write_for_long_is_an_error_of_ours_about_that_entity_alone(
    whole: Path, tmp_path: Path, start: int
) -> None:
    for seed in range(start, start + 100):
        check(whole, tmp_path / "registry.db", seed)


@pytest.mark.parametrize("aspect", ["datasetProperties", "schemaMetadata"])
@pytest.mark.parametrize(
    "value", [[1], "x", 5, {"customProperties": 5}, {"customProperties": {"digest": [1]}}, {"fields": 5}]
)
def test_a_server_that_holds_a_spoiled_aspect_answers_about_the_others(aspect: str, value: object) -> None:
    with StandInGms() as gms:
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            for name in (SPOILED, UNTOUCHED):
                registry.publish(declared(name), facts(location=f"/data/{name}"), message="first")
        gms._database.write(OWN[0], aspect, value)
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            with pytest.raises(CorruptRecord, match=f"lab.spoiled@v1.*{aspect}"):
                registry.get(SPOILED)
            assert registry.get(UNTOUCHED).name == f"{UNTOUCHED}@v1"
            assert [str(each) for each in registry.verify_all(table=False) if UNTOUCHED in str(each)]
            assert registry.publish(declared(UNTOUCHED), facts(9), message="more").created


def check(whole: Path, path: Path, seed: int) -> None:
    urn, aspect, text = spoiled_texts(random.Random(seed), whole)
    for operations in (OF_ALL, ABOUT_SPOILED):
        for name, operation in operations.items():
            shutil.copy(whole, path)
            spoil(path, urn, aspect, text)
            with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
                what = f"{name} with {aspect} of {urn} as {text[:200]}"
                try:
                    answer = operation(registry)
                except RegistryError as error:
                    # A dataset that declares a state otherwise than it is recorded now is refused, whichever it is.
                    is_contradicted = urn == MADE_AGAINST and isinstance(error, MaterializationConflict)
                    assert operations is ABOUT_SPOILED or is_contradicted, what
                except Exception as error:
                    raise AssertionError(what) from error
                else:
                    assert operations is ABOUT_SPOILED or answer, what

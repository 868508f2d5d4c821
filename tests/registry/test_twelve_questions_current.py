"""The twelve questions, asked by bare name after a backfill, a retirement and a second layout, on every store."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.registry.registry import Registry
from tests.registry.others import Place, place_of
from tests.registry.twelve import CELLS, CURRENT, SYNAPSES, TYPES, publish_tables


@pytest.fixture(scope="module", params=["lite", "file", "gms"])
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with place_of(request.param, tmp_path_factory.mktemp("asked")) as place:
        with place.open() as registry:
            publish_tables(registry)
        yield place


@pytest.fixture
def registry(place: Place) -> Iterator[Registry]:
    with place.open() as fresh:
        yield fresh


def test_1_which_embeddings_exist_at_a_version(registry: Registry) -> None:
    found = registry.find(dataset=SYNAPSES, materialization="minnie65_public@1507", semantic="embedding", retired=False)
    assert [each.version for each in found] == [f"{SYNAPSES}@v2", CURRENT]
    assert registry.get(SYNAPSES).name == CURRENT
    assert registry.get(SYNAPSES, at="minnie65_public@943").name == f"{SYNAPSES}@v4"
    assert registry.get(SYNAPSES, at="minnie65_public@1507", layout="pre").name == f"{SYNAPSES}@v2"


def test_2_can_they_be_joined(registry: Registry) -> None:
    answer = registry.join(SYNAPSES, CELLS)
    assert (answer.a, answer.b) == (CURRENT, f"{CELLS}@v1")
    (join, *_) = answer.joins
    assert (join.columns, join.cardinality, join.verdict) == ((("root_id", "root_id"),), "n:1", Verdict.EXACT)
    assert [each.version for each in answer.taken] == [CURRENT, f"{CELLS}@v1"]
    assert f"{SYNAPSES}@v3: retired" in str(answer)


def test_3_which_bridge_is_there(registry: Registry) -> None:
    bridges = [join.through for join in registry.join(SYNAPSES, TYPES).joins if join.kind == "bridge"]
    assert bridges[0] == (f"{CELLS}@v1",)


def test_4_which_is_the_newest_compatible_with_a_version(registry: Registry) -> None:
    assert registry.newest(SYNAPSES, compatible_with="minnie65_public@1507").version == CURRENT
    assert registry.newest(SYNAPSES, compatible_with="minnie65_public@943").version == f"{SYNAPSES}@v4"
    # Nuclei hold across versions, so both go with 1300; the backfill is the older one.
    assert registry.newest(CELLS, compatible_with=TYPES).version == f"{CELLS}@v1"


def test_5_which_tables_depend_on_a_version_that_expires(registry: Registry) -> None:
    found = registry.find(dataset=SYNAPSES, expiring_within=60, retired=False)
    assert [each.version for each in found] == [f"{SYNAPSES}@v2", CURRENT]


def test_6_in_what_unit_resolution_and_frame_is_a_position(registry: Registry) -> None:
    answer = registry.column(SYNAPSES, "x")
    assert answer.version == CURRENT
    assert (answer.attributes["unit"], list(answer.attributes["resolution_nm"])) == ("voxel", [4, 4, 40])


def test_7_which_model_made_an_embedding(registry: Registry) -> None:
    answer = registry.column(SYNAPSES, "vector")
    assert (answer.version, answer.attributes["model"], answer.attributes["checkpoint"]) == (CURRENT, "segclr", "c1")


def test_8_are_two_embeddings_comparable(registry: Registry) -> None:
    assert registry.comparable(SYNAPSES, f"{SYNAPSES}@v4").a == CURRENT
    assert str(registry.comparable(SYNAPSES, f"{SYNAPSES}@v2").verdict) != "different"


def test_9_what_share_of_rows_is_lost(registry: Registry) -> None:
    (join, *_) = registry.join(SYNAPSES, CELLS).joins
    assert [round(loss.fraction, 2) for loss in join.steps[0].losses] == [0.01]


def test_10_what_tolerance_for_a_nearest_point(registry: Registry) -> None:
    (signal,) = registry.column(SYNAPSES, "x").signals
    assert "p95_nm 8" in signal


def test_11_which_tables_reference_a_table(registry: Registry) -> None:
    assert {each.version for each in registry.dependents(f"{CELLS}@v1")} == {
        CURRENT,
        f"{SYNAPSES}@v2",
        f"{SYNAPSES}@v3",
    }
    assert {each.version for each in registry.dependents(f"{CELLS}@v2")} == {f"{SYNAPSES}@v4"}
    assert f"{CELLS}@v1" in {each.version for each in registry.dependents("nucleus_detection_v0")}


def test_12_what_changed_since_the_version_before(registry: Registry) -> None:
    answer = registry.diff(SYNAPSES)
    assert (answer.before, answer.after) == (f"{SYNAPSES}@v4", CURRENT)
    assert "8" in str(answer)

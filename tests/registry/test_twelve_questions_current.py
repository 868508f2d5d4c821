"""The twelve questions, asked by bare name after a backfill, a retirement and a second layout, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.answers.answer import Verdict
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import NucleusId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts
from tests.registry.others import place_of

SOON = datetime.now(timezone.utc) + timedelta(days=30)
M943, M1507 = (
    MaterializationVersion(system="minnie65_public", version=version, source="cave", expires_on=expires)
    for version, expires in ((943, None), (1507, SOON))
)
ROOT, NUCLEUS = RootId(id_space="minnie65_public"), NucleusId(source_table="nucleus_detection_v0")
SYNAPSES, CELLS, TYPES = "minnie65.synapses", "minnie65.cells", "minnie65.types"
CURRENT = f"{SYNAPSES}@v1"


def synapses(state: MaterializationVersion, layout: str, *, model: str = "segclr", resolution: int = 4) -> Any:
    """Embeddings of synapses with their segment and place."""
    return declared(
        SYNAPSES,
        materializations=(state,),
        layout=layout,
        columns={
            "root_id": ROOT,
            "x": Position(axis="x", frame="minnie65", unit="voxel", resolution_nm=(resolution, resolution, 40)),
            "vector": Embedding(
                dim=2, model=model, checkpoint="c1", distance="cosine", normalized=True, anchor="synapse"
            ),
        },
        references=(
            Reference(
                columns=("root_id",),
                to=CELLS,
                to_columns=("root_id",),
                annotation_type="segment",
                cardinality="n:1",
                stability="version_pinned",
                expected_match_rate=0.99 if state is M1507 else 0.5,
            ),
        ),
        signals=(SpatialDrift(kind="frame_offset", p95_nm=8 if state is M1507 else 800, basis="measured"),),
    )


TYPES_OF = {"root_id": "int64", "x": "int64", "vector": "fixed_size_list<float32>[2]"}


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """Synapses: v1 is current, v2 another layout, v3 retired, v4 a backfill. Cells: v1 is current, v2 a backfill."""
    with place_of(request.param, tmp_path) as place, place.open() as registry:
        for number, state in enumerate((M1507, M943)):
            columns = {"root_id": ROOT, "nucleus_id": NUCLEUS}
            table = facts(number, location="/data/cells", root_id="int64", nucleus_id="int64")
            registry.publish(declared(CELLS, materializations=(state,), columns=columns), table, message="why")
        types = declared(TYPES, materializations=(M943,), columns={"nucleus_id": NUCLEUS})
        registry.publish(types, facts(location="/data/types", nucleus_id="int64"), message="why")
        for number, table in enumerate(
            (
                synapses(M1507, "id"),
                synapses(M1507, "pre"),
                synapses(M1507, "id", model="wrong"),
                synapses(M943, "id", resolution=8),
            )
        ):
            registry.publish(table, facts(number, location="/data/synapses", **TYPES_OF), message="why")
        registry.acts.layout(SYNAPSES, "id", reason="most ask for it")
        registry.retire(f"{SYNAPSES}@v3", reason="the wrong model", replacement=CURRENT)
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

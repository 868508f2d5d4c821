"""What changed between two versions, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.geometry import Position
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Score
from registry_dagster.model.signals import Note, SpatialDrift
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.registry import Registry
from tests.registry.declared import HEMIBRAIN, declared, facts, reference


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        yield registry


def changes(registry: Registry, after: FeatureTable, table: TableFacts, before: FeatureTable | None = None) -> set[str]:
    """What is said to have changed since `declared()` on `facts()`, but for the table's own version."""
    registry.publish(before or declared(), facts(rows=100), message="before")
    registry.publish(after, table, message="after")
    found = registry.diff("hemibrain.neurons@v1", "hemibrain.neurons@v2")
    assert (found.before, found.after) == ("hemibrain.neurons@v1", "hemibrain.neurons@v2")
    assert str(found).splitlines()[0] == "hemibrain.neurons@v1 → hemibrain.neurons@v2:"
    said = {str(change) for change in found.changes}
    assert {line.strip() for line in str(found).splitlines()[1:]} == said
    return said - {"table: pin.version: 0 → 1"}


def test_a_change_of_size_is_reported(registry: Registry) -> None:
    assert changes(registry, declared(), facts(1, rows=120)) == {"table: rows: 100 → 120"}


def test_another_layout_is_reported(registry: Registry) -> None:
    after = declared(layout="post_pt_root_id")
    assert changes(registry, after, facts(1, rows=100), declared(layout="id")) == {"layout: name: id → post_pt_root_id"}


def test_a_size_that_is_unknown_now_is_reported(registry: Registry) -> None:
    assert changes(registry, declared(), facts(1)) == {"table: rows: 100 → unknown"}


def test_changes_of_the_schema_are_reported_by_column(registry: Registry) -> None:
    table = facts(1, rows=100, body_id="uint64", score="float32", extra="string")
    assert changes(registry, declared(), table) == {
        "schema: body_id.type: int64 → uint64",
        "schema: extra added: type string",
    }


def test_changes_of_meaning_name_the_attribute(registry: Registry) -> None:
    columns = {"body_id": BodyId(id_space="manc"), "score": Score(calibrated=True)}
    assert changes(registry, declared(columns=columns), facts(1, rows=100)) == {
        "columns: body_id.id_space: hemibrain → manc",
        "columns: score.calibrated added: true",
    }


def test_another_embedding_is_reported_by_its_dim(registry: Registry) -> None:
    def embedded(dim: int) -> FeatureTable:
        return declared(columns={"score": Embedding(dim=dim, model="segclr", anchor="segment")})

    before = facts(score="fixed_size_list<float32>[32]")
    after = facts(1, score="fixed_size_list<float32>[64]")
    registry.publish(embedded(32), before, message="before")
    registry.publish(embedded(64), after, message="after")
    said = {str(change) for change in registry.diff("hemibrain.neurons@v1", "hemibrain.neurons@v2").changes}
    assert said == {
        "table: pin.version: 0 → 1",
        "schema: score.type: fixed_size_list<float32>[32] → fixed_size_list<float32>[64]",
        "columns: score.dim: 32 → 64",
    }


def test_a_column_of_another_semantic_is_reported(registry: Registry) -> None:
    columns = {"score": Position(axis="x", frame="hemibrain", unit="nm"), "body_id": BodyId(id_space="hemibrain")}
    assert "columns: score.semantic: score → position" in changes(
        registry, declared(columns=columns), facts(1, rows=100)
    )


def test_a_change_of_materialization_version_is_reported_by_version(registry: Registry) -> None:
    newer = MaterializationVersion(system="hemibrain", version="v1.3", source="neuprint")
    said = changes(registry, declared(materializations=(HEMIBRAIN, newer)), facts(1, rows=100))
    assert said
    assert all(line.startswith("materializations: hemibrain@v1.3") and " added: " in line for line in said)


def test_joins_and_signals_are_reported_by_what_they_are_of(registry: Registry) -> None:
    before = declared(references=(reference("hemibrain.types"),), signals=(Note(text="a", basis="declared"),))
    drift = SpatialDrift(kind="frame_offset", p95_nm=12, basis="measured")
    after = declared(references=(), signals=(drift, Note(text="b", basis="declared")))
    said = changes(registry, after, facts(1, rows=100), before)
    assert "signals: note.text: a → b" in said
    assert any(line.startswith("references: body_id → hemibrain.types") and " removed: " in line for line in said)
    assert any(line.startswith("signals: spatial_drift frame_offset") and " added: " in line for line in said)


def test_order_alone_is_no_change_of_joins_or_signals(registry: Registry) -> None:
    signals = (Note(text="a", basis="declared"), SpatialDrift(kind="frame_offset", p95_nm=12, basis="measured"))
    joins = (reference("a"), reference("b"))
    before = declared(signals=signals, references=joins)
    after = declared(signals=signals[::-1], references=joins[::-1])
    assert changes(registry, after, facts(1, rows=100), before) == set()


def test_a_version_does_not_differ_from_itself(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="why")
    found = registry.diff("hemibrain.neurons", "hemibrain.neurons@v1")
    assert found.changes == ()
    assert str(found) == "hemibrain.neurons@v1 → hemibrain.neurons@v1: nothing changed"


def test_a_schema_that_differs_in_arrow_metadata_alone_is_reported(registry: Registry) -> None:
    other = facts(1, rows=100).model_copy(update={"arrow_schema": "AAAA"})
    assert changes(registry, declared(), other) == {"schema: Arrow metadata: as published → changed"}

"""Whether the vectors of two embedding tables may be measured against each other."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from registry_dagster.answers.comparison import Comparability, comparable
from registry_dagster.model.column import MaterializationName
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.embeddings import Embedding, ReducedEmbedding
from registry_dagster.model.quantities import Score
from tests.registry.records import record, upstream
from tests.strategies import dataset_versions

COMPLETE: dict[str, Any] = {
    "dim": 64,
    "model": "segclr",
    "checkpoint": "epoch 12",
    "trained_on": MaterializationName(system="minnie65_public", version="343"),
    "distance": "cosine",
    "normalized": True,
    "anchor": "segment",
}


def embedded(name: str, version: Any = "minnie65_public@943", **columns: Any) -> DatasetVersion:
    """A table with these columns, each of floats or of lists of them."""
    types = dict.fromkeys(columns, "list<float32>")
    return record(f"{name}@v1", version, columns=columns, types=types)


def segclr(**attributes: Any) -> Embedding:
    return Embedding(**(COMPLETE | attributes))


def test_embeddings_that_agree_in_all_are_comparable() -> None:
    found = comparable(embedded("a", vec=segclr()), embedded("b", vector=segclr()))
    assert found.verdict is Comparability.COMPARABLE
    assert found.reason == "vec and vector: nothing differs and nothing is unknown"
    assert found.pairs[0].basis == "declared"
    assert len(found.pairs[0].same) == 7


@pytest.mark.parametrize(
    ("attribute", "value", "words"),
    [
        ("model", "dino", "model: segclr and dino"),
        ("checkpoint", "epoch 20", "checkpoint: epoch 12 and epoch 20"),
        ("dim", 128, "dim: 64 and 128"),
        ("distance", "l2", "distance: cosine and l2"),
        ("normalized", False, "normalized: true and false"),
        (
            "trained_on",
            MaterializationName(system="minnie65_public", version="943"),
            "trained_on: minnie65_public@343 and minnie65_public@943",
        ),
        ("anchor", "nucleus", "anchor: segment and nucleus"),
    ],
)
def test_each_difference_is_named(attribute: str, value: Any, words: str) -> None:
    found = comparable(embedded("a", vec=segclr()), embedded("b", vec=segclr(**{attribute: value})))
    assert found.verdict is Comparability.NOT_COMPARABLE
    assert found.pairs[0].differences == (words,)


@pytest.mark.parametrize("attribute", ["checkpoint", "trained_on", "distance", "normalized"])
def test_what_one_side_does_not_record_is_unknown(attribute: str) -> None:
    found = comparable(embedded("a", vec=segclr()), embedded("b", vec=segclr(**{attribute: None})))
    assert (found.verdict, found.pairs[0].basis) == (Comparability.UNKNOWN, None)
    assert len(found.pairs[0].unknowns) == 1
    assert found.reason.endswith("and not recorded")


def test_a_difference_settles_it_whatever_is_unknown() -> None:
    (pair,) = comparable(embedded("a", vec=segclr(checkpoint=None)), embedded("b", vec=segclr(dim=32))).pairs
    assert pair.verdict is Comparability.NOT_COMPARABLE
    assert pair.unknowns == ("checkpoint: not recorded and epoch 12",)


def test_trained_on_two_names_of_one_version_is_the_same() -> None:
    aliased = upstream("minnie65_phase3_v1@343", aliases=("minnie65_public@343",))
    named = segclr(trained_on=MaterializationName(system="minnie65_phase3_v1", version="343"))
    assert comparable(embedded("a", vec=segclr()), embedded("b", vec=named)).verdict is Comparability.NOT_COMPARABLE
    found = comparable(embedded("a", vec=segclr()), embedded("b", aliased, vec=named))
    assert found.verdict is Comparability.COMPARABLE


def test_the_best_of_several_pairs_decides_and_all_are_reported() -> None:
    found = comparable(
        embedded("a", old=segclr(dim=32), vec=segclr()), embedded("b", half=segclr(distance=None), vec=segclr())
    )
    assert found.verdict is Comparability.COMPARABLE
    assert [(pair.a, pair.b) for pair in found.pairs] == [
        ("vec", "vec"),
        ("vec", "half"),
        ("old", "vec"),
        ("old", "half"),
    ]


def test_a_table_without_embeddings_is_unknown_and_says_so() -> None:
    umap = ReducedEmbedding(dim=2, method="umap")
    found = comparable(embedded("a", xy=umap), embedded("b", score=Score()))
    assert (found.verdict, found.pairs) == (Comparability.UNKNOWN, ())
    assert found.reason == "a@v1 declares no embedding, only reduced ones (xy); b@v1 declares no embedding"


def test_the_answer_reads_in_words_and_as_json() -> None:
    found = comparable(embedded("a", vec=segclr()), embedded("b", vec=segclr(dim=32, normalized=None)))
    assert str(found).splitlines()[:4] == [
        "a@v1 ~ b@v1: not comparable; vec and vec: dim: 64 and 32",
        "vec ~ vec: not comparable",
        "  differs: dim: 64 and 32",
        "  unknown: normalized: true and not recorded",
    ]
    assert json.loads(json.dumps(found.to_dict()))["pairs"][0]["differences"] == ["dim: 64 and 32"]


@given(dataset_versions(), dataset_versions())
def test_comparison_does_not_depend_on_who_comes_first(a: DatasetVersion, b: DatasetVersion) -> None:
    found, back = comparable(a, b), comparable(b, a)
    assert found.verdict is back.verdict
    assert {(p.a, p.b, p.verdict) for p in found.pairs} == {(p.b, p.a, p.verdict) for p in back.pairs}
    assert found.reason
    assert str(found)
    json.dumps(found.to_dict(), allow_nan=False)


@given(dataset_versions())
def test_a_table_is_comparable_with_itself_where_all_is_recorded_and_never_different(a: DatasetVersion) -> None:
    for pair in comparable(a, a).pairs:
        if pair.a == pair.b:
            assert pair.differences == ()
            assert (pair.verdict is Comparability.COMPARABLE) == (pair.unknowns == ())

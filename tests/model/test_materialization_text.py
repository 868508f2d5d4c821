"""`system@version` is taken wherever a materialization version is meant, in Python and in YAML."""

from __future__ import annotations

from typing import Any

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.base import Model
from registry_dagster.model.column import MaterializationName
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import BodyId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import Crosswalk
from tests.registry.records import record

YAML = """
dataset: {name: fly.crosswalk}
materializations: [cave/flywire_fafb_public@630, flywire_fafb_public@783]
columns:
  root_630: {semantic: root_id, id_space: flywire, at: flywire_fafb_public@630}
  vector: {semantic: embedding, model: segclr, dim: 2, anchor: segment, trained_on: flywire_fafb_public@630}
signals:
  - {signal: crosswalk, dataset: fly.crosswalk, from_version: FROM, basis: declared}
"""
EARLY = "flywire_fafb_public@630"


def test_a_name_is_taken_in_yaml() -> None:
    declared = FeatureTable.from_yaml(YAML.replace("FROM", EARLY))
    first, second = declared.materializations
    assert (first, second.source) == (
        MaterializationVersion(system="flywire_fafb_public", version="630", source="cave"),
        "materialization",
    )
    root, vector = declared.columns.values()
    assert isinstance(root, RootId)
    assert isinstance(vector, Embedding)
    assert (root.at, str(vector.trained_on)) == (EARLY, EARLY)
    assert FeatureTable.from_json(declared.to_json()) == declared


@pytest.mark.parametrize(
    "given", [EARLY, MaterializationVersion(system="flywire_fafb_public", version=630, source="cave")]
)
def test_a_model_was_trained_on_what_is_named_in_any_way(given: object) -> None:
    embedding = Embedding(model="segclr", anchor="segment", trained_on=given)
    assert embedding.trained_on == MaterializationName(system="flywire_fafb_public", version="630")


@pytest.mark.parametrize("wrong", ["banana", "783", "@783", "fly@", "fly wire@783"])
@pytest.mark.parametrize(
    ("kind", "field", "parts"),
    [
        (RootId, "at", {"id_space": "flywire"}),
        (BodyId, "at", {"id_space": "hemibrain"}),
        (Crosswalk, "from_version", {"dataset": "a.b", "basis": "declared"}),
        (Crosswalk, "to_version", {"dataset": "a.b", "basis": "declared"}),
        (Embedding, "trained_on", {"model": "segclr", "anchor": "segment"}),
    ],
)
def test_a_banana_was_taken_for_a_version(kind: type[Model], field: str, parts: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InvalidDeclaration, match="is not a materialization version; write it as") as error:
        kind(**parts, **{field: wrong})
    assert [problem.path for problem in error.value.problems] == [(field,)]


@pytest.mark.parametrize("wrong", ["banana", "@1300", "minnie@", "/minnie@1300", "a/b/minnie@1300"])
def test_a_wrong_name_among_materializations_is_located(wrong: str) -> None:
    with pytest.raises(InvalidDeclaration) as error:
        FeatureTable(dataset={"name": "a"}, materializations=[wrong])
    assert error.value.problems[0].path[:2] == ("materializations", 0)


def test_an_end_of_a_crosswalk_is_refused_with_its_line() -> None:
    with pytest.raises(InvalidDeclaration, match=r"line 8.*from_version"):
        FeatureTable.from_yaml(YAML.replace("FROM", "banana"))


@pytest.mark.parametrize("end", ["banana", "630", EARLY])
def test_a_crosswalk_that_was_published_with_any_text_reads_back(end: str) -> None:
    """The ends were free text once; a published record never changes."""
    signal = {"signal": "crosswalk", "dataset": "a.b", "from_version": end, "basis": "declared"}
    stored = record("a.c", EARLY).to_json() | {"signals": [signal]}
    version = DatasetVersion.from_json(stored)
    assert version.to_json() == stored
    assert FeatureTable(dataset={"name": "a"}, materializations=[EARLY], signals=version.signals)

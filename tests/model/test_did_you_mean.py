"""What a YAML author reads who wrote a word that is not ours: the word that is."""

from __future__ import annotations

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.meant import MEANT
from registry_dagster.model.text import suggestion
from registry_dagster.model.vocabulary import ANNOTATION_TYPES

DECLARATION = """
dataset: {name: lab.cells}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  a: COLUMN
"""
REFERENCE = "references: [{columns: [a], to: lab.x, annotation_type: segment, stability: unknown, cardinality: "


@pytest.mark.parametrize(
    ("column", "more", "said"),
    [
        (
            "{semantic: root_id, idspace: x}",
            "",
            "idspace: unknown field; did you mean 'id_space'? Its fields",
        ),
        ("{semantic: position, axis: x, frame: f, units: nm}", "", "units: unknown field; did you mean 'unit'?"),
        ("{semantic: position, axis: x, frame: f, unit: nanometers}", "", "got 'nanometers'; did you mean 'nm'?"),
        ("{semantic: embedding, dim: 3, model: x, anchor: segment, distance: euclidean}", "", "did you mean 'l2'?"),
        ("{semantic: embedding, dim: 3, model: x, anchor: neuron}", "", "'neuron'; did you mean 'segment'?"),
        ("{semantic: bool}", "", "unknown 'bool'; did you mean 'flag'?"),
        ("{semantic: flag}", "reference: []", "reference: unknown field; did you mean 'references'?"),
        ("{semantic: flag}", REFERENCE + "'many:1'}]", "got 'many:1'; did you mean 'n:1'?"),
        ("{semantic: flag}", "signals: [{signal: drift}]", "unknown 'drift'; did you mean 'spatial_drift'?"),
        ("5", "", "columns.a: must be a mapping of field names to values, got '5'"),
    ],
)
def test_the_word_that_is_meant_is_named(column: str, more: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        FeatureTable.from_yaml(DECLARATION.replace("COLUMN", column) + more)
    assert said in str(refused.value)


def test_a_word_is_suggested_only_where_it_is_allowed() -> None:
    assert suggestion("neuron", ["segment", "neuropil"]) == "; did you mean 'segment'?"
    assert suggestion("neuron", ["neurons", "other"]) == "; did you mean 'neurons'?"
    assert suggestion("Nanometers", ["um"]) == "."


def test_what_is_meant_is_nothing_that_is_allowed_itself() -> None:
    assert set(MEANT) & {*SEMANTICS, *ANNOTATION_TYPES} == set()

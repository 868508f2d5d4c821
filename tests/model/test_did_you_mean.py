"""What a YAML author reads who wrote a word that is not ours: the word that is."""

from __future__ import annotations

import pytest

from registry_dagster.adopt.declaration_file import read_file
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
            "idspace: unknown key; did you mean 'id_space'? Its keys",
        ),
        ("{semantic: position, axis: x, frame: f, units: nm}", "", "units: unknown key; did you mean 'unit'?"),
        ("{semantic: position, axis: x, frame: f, unit: nanometers}", "", "got 'nanometers'; did you mean 'nm'?"),
        ("{semantic: embedding, dim: 3, model: x, anchor: segment, distance: euclidean}", "", "did you mean 'l2'?"),
        ("{semantic: embedding, dim: 3, model: x, anchor: neuron}", "", "'neuron'; did you mean 'segment'?"),
        ("{semantic: bool}", "", "unknown 'bool'; did you mean 'flag'?"),
        ("{semantic: flag}", "reference: []", "reference: unknown key; did you mean 'references'?"),
        ("{semantic: flag}", REFERENCE + "'many:1'}]", "got 'many:1'; did you mean 'n:1'?"),
        ("{semantic: flag}", "signals: [{signal: drift}]", "unknown 'drift'; did you mean 'spatial_drift'?"),
        ("{semantic: flag}", REFERENCE.replace("unknown", "stable") + "'n:1'}]", "did you mean 'stable_within_table'?"),
        ("{semantic: flag}", REFERENCE + "'n:1', match_rate: 1}]", "did you mean 'expected_match_rate'?"),
        ("{semantic: count, counted: neurons}", "", "'neurons'; did you mean 'segment'?"),
        ("{semantic: root_id, id_space: x, side: postsynaptic}", "", "got 'postsynaptic'; did you mean 'post'?"),
        ("RootId", "", "columns.a: must be a mapping of keys to values, got 'RootId'"),
        ("root_id", "", "columns.a: 'root_id' is a semantic alone; write {semantic: root_id}, with its other keys"),
        ("5", "", "columns.a: must be a mapping of keys to values, got '5'"),
        ("", "", "columns.a: must be a mapping of keys to values, got nothing"),
        ("{semantic: flag}", "version: []", "version: unknown key; did you mean 'versions'?"),
        ("{semantic: flag}", "review: ada", "review: unknown key; did you mean 'reviewed_by'?"),
        ("{semantic: flag}", "inputs: lab.x@v3", "inputs: must be a list; write ['lab.x@v3']"),
        ("{semantic: flag}\n  b..c: {semantic: flag}", "", "columns.b..c: 'b..c' is not a column path"),
        (
            "{semantic: position, axis: x, frame: f, unit: voxel, resolution_nm: [4, 4]}",
            "",
            "columns.a.resolution_nm: must have 3 values, got [4, 4]",
        ),
        ("{semantic: flag}", "columns: {}", "line 6: 'columns' is given twice; keep one"),
    ],
)
def test_the_word_that_is_meant_is_named(column: str, more: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        read_file(DECLARATION.replace("COLUMN", column) + more)
    assert said in str(refused.value)
    assert str(refused.value).startswith("the YAML text, line ")


def test_a_misspelt_field_is_not_missing_as_well() -> None:
    text = DECLARATION.replace("COLUMN", "{semantic: root_id, idspace: x}")
    with pytest.raises(InvalidDeclaration) as refused:
        FeatureTable.from_yaml(text)
    (problem,) = refused.value.problems
    assert problem.path == ("columns", "a", "idspace")
    with pytest.raises(InvalidDeclaration) as refused:
        FeatureTable.from_yaml(text.replace("idspace: x", "sides: pre"))
    assert [problem.path[2] for problem in refused.value.problems] == ["id_space", "sides"]


def test_a_word_is_suggested_only_where_it_is_allowed() -> None:
    assert suggestion("neuron", ["segment", "neuropil"]) == "; did you mean 'segment'?"
    assert suggestion("neuron", ["neurons", "other"]) == "; did you mean 'neurons'?"
    assert suggestion("Nanometers", ["um"]) == "."


def test_what_is_meant_is_nothing_that_is_allowed_itself() -> None:
    assert set(MEANT) & {*SEMANTICS, *ANNOTATION_TYPES} == set()

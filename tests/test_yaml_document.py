"""Declarations in YAML: the same as in Python, and every mistake at its line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given

import registry_dagster as rd
from registry_dagster.errors import InvalidDeclaration
from tests.spellings import SPELLINGS, spelled
from tests.strategies import dataset_versions

CELLS = """\
dataset: {name: minnie65.cells, title: Cells}
materializations:
  - {system: minnie65_public, version: 1300, source: cave, timestamp: 2025-01-13T10:10:01Z}
columns:
  id: {semantic: nucleus_id, source_table: nucleus_detection_v0}
  pt.x: &nm {semantic: position, axis: x, frame: minnie65, unit: nm}
  pt.y: {<<: *nm, axis: y}
"""


def refused(source: str | Path) -> str:
    with pytest.raises(InvalidDeclaration) as error:
        rd.FeatureTable.from_yaml(source)
    return str(error.value)


def test_yaml_declares_what_python_declares() -> None:
    minnie = rd.MaterializationVersion(
        system="minnie65_public", version=1300, source="cave", timestamp="2025-01-13T10:10:01Z"
    )
    assert rd.FeatureTable.from_yaml(CELLS) == rd.FeatureTable(
        dataset=rd.Dataset(name="minnie65.cells", title="Cells"),
        materializations=[minnie],
        columns={
            "id": rd.NucleusId(source_table="nucleus_detection_v0"),
            "pt.x": rd.Position(axis="x", frame="minnie65", unit="nm"),
            "pt.y": rd.Position(axis="y", frame="minnie65", unit="nm"),
        },
    )


@given(dataset_versions())
def test_every_declaration_comes_back_from_yaml(version: rd.DatasetVersion) -> None:
    table = rd.FeatureTable(
        dataset=rd.Dataset(name=version.dataset),
        materializations=version.materializations,
        columns=version.columns,
        references=[each for each in version.references if set(each.columns) <= set(version.columns)],
        signals=version.signals,
    )
    assert rd.FeatureTable.from_yaml(yaml.safe_dump(table.to_json(), sort_keys=False)) == table


def test_a_file_reads_as_its_text(tmp_path: Path) -> None:
    path = tmp_path / "cells.yaml"
    path.write_text(CELLS)
    assert rd.FeatureTable.from_yaml(path) == rd.FeatureTable.from_yaml(CELLS)


def test_a_mistake_is_told_with_file_line_field_and_fix(tmp_path: Path) -> None:
    path = tmp_path / "cells.yaml"
    path.write_text(CELLS.replace("nucleus_id,", "nucleus_idd,"))
    said = refused(path)
    assert said.startswith(f"{path}, line 5: columns.id.semantic: unknown 'nucleus_idd'; did you mean")


def test_several_mistakes_of_one_column_are_told_at_its_lines() -> None:
    said = refused("""\
dataset: {name: lab.cells}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  root_id:
    semantic: root_id
    idspace: minnie65_public
    references: nuclei
""")
    assert re.findall(r"line (\d+): (\S+):", said) == [
        ("6", "columns.root_id.idspace"),
        ("7", "columns.root_id.references"),
    ]


def test_each_of_several_mistakes_is_told_at_its_line() -> None:
    said = refused("""\
# Lines count from here.
dataset:
  name: Bad Name
  colour: red
materializations:
  - system: minnie65_public
columns:
  pt: {semantic: flag}
  pt.x:
    semantic: position
    axis: q
    frame: minnie65
references:
  - to: lab.cells
    columns: 3
    annotation_type: segmnt
signals:
  - signal: spatial_drift
    basis: measured
    kind: sideways
    columns: 7
colums: {}
""")
    assert re.findall(r"line (\d+): (\S+):", said) == [
        ("3", "dataset.name"),
        ("4", "dataset.colour"),
        ("6", "materializations.0.version"),
        ("11", "columns.pt.x.axis"),
        ("9", "columns.pt.x.unit"),
        ("15", "references.0.columns"),
        ("16", "references.0.annotation_type"),
        ("14", "references.0.cardinality"),
        ("14", "references.0.stability"),
        ("20", "signals.0.kind"),
        ("21", "signals.0.columns"),
        ("22", "colums"),
    ]


def test_a_join_from_a_column_that_is_not_declared_is_told_at_its_line() -> None:
    joins = """\
references:
  - {columns: [idd], to: a, annotation_type: nucleus, cardinality: "1:1", stability: unknown}
"""
    assert "line 9: references.0.columns: 'idd' of the reference to a is not" in refused(CELLS + joins)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the YAML text: expected a mapping of keys to values, got nothing"),
        ("- 1\n", "the YAML text, line 1: expected a mapping of keys to values, got [1]"),
        ("columns: {\n", "the YAML text: not a YAML file: "),
        (f"{CELLS}---\n{CELLS}", "expected a single document"),
        (f"{CELLS}  id: {{semantic: flag}}\n", "'id' is given twice"),
        ("dataset: !!python/object/apply:os.getcwd []\n", "could not determine a constructor"),
        ("dataset: {name: a\0b}\n", "special characters are not allowed"),
        ("[1]: 2\n", "a key must be a plain word"),
    ],
)
def test_what_is_no_declaration_is_refused(text: str, said: str) -> None:
    assert said in refused(text)


def test_the_line_of_bad_yaml_is_told_in_its_file(tmp_path: Path) -> None:
    path = tmp_path / "cells.yaml"
    path.write_text(f"{CELLS}  id: {{semantic: flag}}\n")
    assert f"{path}, line 8: 'id' is given twice; keep one" in refused(path)


def test_the_name_of_a_file_asks_for_a_path() -> None:
    assert refused("synapses.yaml") == (
        "'synapses.yaml' is the name of a file; give it as a path: Path('synapses.yaml')"
    )


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "no.yaml") == f"{tmp_path / 'no.yaml'}: No such file or directory"
    (tmp_path / "latin.yaml").write_bytes(b"dataset: {name: caf\xe9}")
    assert refused(tmp_path / "latin.yaml").startswith(f"{tmp_path / 'latin.yaml'}: not a YAML file: ")


@pytest.mark.parametrize("name", SPELLINGS)
def test_what_was_typed_is_declared_whatever_yaml_makes_of_it(name: str) -> None:
    text, said = spelled(name)
    assert rd.FeatureTable.from_yaml(text) == said


def test_a_layout_that_looks_like_a_number_keeps_its_name() -> None:
    table = rd.FeatureTable.from_yaml(f"{CELLS}layout: 0626\n")
    assert str(table.layout) == "0626"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2025-01-13T10:10:01Z", "2025-02-30", "line 3: '2025-02-30' is not a value: day is out of range for month"),
        ("2025-01-13T10:10:01Z", "2025-01-13T25:00:00Z", "line 3: '2025-01-13T25:00:00Z' is not a value: hour must be"),
        ("unit: nm", f"unit: nm, resolution_nm: [{'9' * 5000}, 4, 40]", "line 6: 99999999999999999999… has 5,000 char"),
        (
            "unit: nm",
            f"unit: nm, resolution_nm: [{'1:' * 3000}1, 4, 40]",
            "line 6: 1:1:1:1:1:1:1:1:1:1:… has 6,001",
        ),
        ("unit: nm", f"unit: nm, x: {'[' * 3000}{']' * 3000}", "line 6: nested more than 50 levels deep"),
        ("unit: nm", "unit: nm, x: &x [*x]", "line 6: contains itself by an alias"),
    ],
)
def test_an_impossible_value_is_refused_at_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = tmp_path / "cells.yaml"
    path.write_text(CELLS.replace(old, new, 1))
    assert refused(path).startswith(f"{path}, {said}")


@pytest.mark.parametrize("inner", ["[{}]", "{{<<: [{}]}}"])
def test_a_document_that_repeats_itself_without_bounds_is_refused(inner: str) -> None:
    levels = [f"k{level}: &v{level} {inner.format(', '.join([f'*v{level - 1}'] * 8))}\n" for level in range(1, 20)]
    text = "a: &v0 {x: 1}\n" + "".join(levels)
    assert refused(text) == "the YAML text, line 1: more than 200,000 values, aliases counted"


def test_a_document_without_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cells.yaml"
    path.write_text("# \n" * 4_000_000)
    assert refused(path) == f"{path}: more than 10,000,000 characters; split it into several files"

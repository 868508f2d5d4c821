"""A declaration in a file of its own: its tables, what is left to be decided, and who reviewed it."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.adopt.declaration_file import ReadFile, read_file
from registry_dagster.adopt.review import check_reviewed
from registry_dagster.errors import InvalidDeclaration, PublishRefused

DECLARED = """
dataset: {name: lab.cells}
materializations: [cave/minnie65_public@1300]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public}
"""


def read(text: str, tmp_path: Path) -> ReadFile:
    path = tmp_path / "cells.yaml"
    path.write_text(text)
    return read_file(path)


def test_a_file_may_say_where_its_table_is(tmp_path: Path) -> None:
    (table,) = read(DECLARED + "table: cells.parquet\n", tmp_path).tables
    assert table.source
    assert table.source.location == str(tmp_path / "cells.parquet")


def test_a_plain_declaration_has_one_table_without_a_place(tmp_path: Path) -> None:
    (table,) = read(DECLARED, tmp_path).tables
    assert table.source is None
    assert table.declared.dataset.name == "lab.cells"


def test_each_of_several_tables_has_its_own_state_layout_and_columns(tmp_path: Path) -> None:
    file = read(
        DECLARED
        + """
versions:
  - table: s3://lab/v943/cells
    materializations: [cave/minnie65_public@943]
    columns: {root_id: }
  - table: {location: cells.csv, types: {root_id: int64}}
    layout: pre_pt_root_id
    label: 0626
    columns: {valid: {semantic: flag}}
""",
        tmp_path,
    )
    first, second = file.tables
    assert [str(each) for each in first.declared.materializations] == ["minnie65_public@943"]
    assert dict(first.declared.columns) == {}
    assert list(second.declared.columns) == ["root_id", "valid"]
    assert str(second.declared.layout) == "pre_pt_root_id"
    assert second.label == "0626"
    assert second.source
    assert second.source.types == {"root_id": "int64"}


def test_what_tables_share_is_one_declaration(tmp_path: Path) -> None:
    versions = """
versions:
  - {table: a, layout: id, columns: {valid: {semantic: flag}}}
  - {table: b, layout: id, materializations: [cave/minnie65_public@943]}
"""
    shared = read(DECLARED + versions, tmp_path).shared
    assert list(shared.columns) == ["root_id"]
    assert [str(each) for each in shared.materializations] == ["minnie65_public@1300", "minnie65_public@943"]
    assert str(shared.layout) == "id"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (
            "table: a\nversions: [{table: b}]\n",
            "line 6: table: versions says where the tables are",
        ),
        ("versions:\n  - table: a\n    layouts: id\n", "line 8: versions.0.layouts: unknown key"),
        (
            "versions:\n  - table: a\n    columns:\n      x: {semantic: flags}\n",
            "line 9: versions.0.columns.x.semantic: unknown 'flags'; did you mean 'flag'?",
        ),
        ("versions:\n  - table: a\n    columns: {x: {semantic: position, axis: x}}\n", "line 8"),
        ("tabel: a\n", "line 6: tabel: unknown key"),
        ("versions: [{table: a, materializations: [1300]}]\n", "versions.0.materializations.0"),
        ("table: {location: a, types: 1}\n", "table.types"),
    ],
)
def test_what_is_wrong_is_reported_with_its_line(tmp_path: Path, more: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        read(DECLARED + more, tmp_path)
    assert said in str(refused.value)


def test_a_problem_of_what_all_tables_share_is_reported_where_it_is(tmp_path: Path) -> None:
    text = DECLARED.replace("id_space", "idspace") + "versions: [{table: a, layout: id}, {table: b}]\n"
    with pytest.raises(InvalidDeclaration, match=r"line 5: .*columns.root_id.idspace: unknown key"):
        read(text, tmp_path)


def test_every_todo_is_an_error_with_its_line(tmp_path: Path) -> None:
    columns = "  x: {semantic: TODO}\n  y: {semantic: position, unit: 'TODO: nm?'}\n"
    with pytest.raises(InvalidDeclaration) as refused:
        read(DECLARED.replace("lab.cells", "TODO") + columns + "# TODO: a comment\n", tmp_path)
    assert str(refused.value).splitlines()[1:] == [
        "  - line 2: dataset.name: TODO; replace it",
        "  - line 6: columns.x.semantic: TODO; choose a semantic, or delete the column",
        "  - line 7: columns.y.unit: TODO; nm?",
    ]


def test_a_draft_needs_the_name_of_who_read_it(tmp_path: Path) -> None:
    with pytest.raises(PublishRefused, match="cells.yaml, line 1: draft: reviewed_by: nobody has reviewed"):
        check_reviewed(read("reviewed_by:" + DECLARED, tmp_path))
    check_reviewed(read("reviewed_by: ada@lab.org" + DECLARED, tmp_path))
    check_reviewed(read(DECLARED, tmp_path))


def test_a_circle_of_references_is_no_obstacle_and_targets_come_first() -> None:
    from registry_dagster.adopt.order import Attempt, in_order

    def attempt(name: str, to: str | None) -> Attempt:
        reference = f"""
references: [{{columns: [root_id], to: {to}, annotation_type: segment, cardinality: "n:1", stability: unknown}}]"""
        text = DECLARED.replace("lab.cells", name) + (reference if to else "")
        return Attempt(name, read_file(text).tables[0])

    ordered = in_order([attempt("a", "b"), attempt("b", "c"), attempt("c", "a"), attempt("d", "e"), attempt("e", None)])
    assert [each.dataset for each in ordered] == ["c", "b", "a", "e", "d"]

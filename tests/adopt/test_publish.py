"""Publishing folders of declarations, files that say where their tables are, and standard input."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer

from registry_dagster.adopt.publishing import Result
from registry_dagster.cli.results import unless_refused
from registry_dagster.errors import (
    InvalidDeclaration,
    PublishRefused,
    RegistryError,
    TableNotFound,
    TableUnreachable,
)
from tests.adopt.conftest import Run
from tests.adopt.test_declaration_file import DECLARED

TABLE = "table: ../cells.parquet\n"


@pytest.fixture
def drafts(tmp_path: Path, cells: Path) -> Path:
    """Two drafts that can be published, and three that cannot."""
    folder = tmp_path / "drafts"
    folder.mkdir()
    to = "columns: [root_id], to: lab.z, annotation_type: segment, cardinality: '1:1', stability: unknown"
    (folder / "a.yaml").write_text(DECLARED.replace("lab.cells", "lab.a") + TABLE + f"references: [{{{to}}}]\n")
    (folder / "z.yaml").write_text("reviewed_by: ada@lab.org" + DECLARED.replace("lab.cells", "lab.z") + TABLE)
    (folder / "todo.yaml").write_text(DECLARED.replace("lab.cells", "TODO") + TABLE)
    (folder / "unread.yml").write_text("reviewed_by:" + DECLARED + TABLE)
    (folder / "gone.yaml").write_text(DECLARED.replace("lab.cells", "lab.gone") + "table: ../gone.parquet\n")
    (folder / "declaration.schema.json").write_text("{}")
    (folder / ".hidden.yaml").write_text("{")
    return folder


def test_a_folder_is_published_and_what_cannot_be_is_refused_with_the_reason(run: Run, drafts: Path) -> None:
    published = run("publish", "drafts", "-m", "First")
    assert published.exit_code == 1
    lines = published.stdout.splitlines()
    assert [line.split("\t")[1] for line in lines[:2]] == ["lab.z@v1", "lab.a@v1"]
    assert "nobody has reviewed this draft" in published.stdout
    assert "todo.yaml, line 2: still to be decided: dataset.name: TODO" in published.stdout
    assert "TableNotFound" in published.stdout
    assert lines[-2:] == ["sum\tpublished\t2", "sum\trefused\t3"]

    again = run("publish", "drafts", "-m", "First", "--json")
    assert again.exit_code == 1
    results = {Path(each["file"]).name: each["result"] for each in json.loads(again.stdout)}
    assert results == {
        "a.yaml": "unchanged",
        "z.yaml": "unchanged",
        "todo.yaml": "refused",
        "unread.yml": "refused",
        "gone.yaml": "refused",
    }


def test_a_plan_of_a_folder_writes_nothing(run: Run, drafts: Path, tmp_path: Path) -> None:
    for words in (("plan", "drafts"), ("publish", "drafts", "-m", "First", "--dry-run")):
        planned = run(*words)
        assert planned.stdout.splitlines()[-2:] == ["sum\trefused\t3", "sum\tto publish\t2"]
        assert not (tmp_path / "registry.db").exists()


def test_several_versions_in_one_file_are_published_in_their_order(run: Run, cells: Path, tmp_path: Path) -> None:
    (tmp_path / "other.parquet").write_bytes(cells.read_bytes())
    versions = "versions: [{table: cells.parquet, layout: id}, {table: other.parquet, layout: flat, label: new}]\n"
    (tmp_path / "cells.yaml").write_text(DECLARED + versions)
    published = run("publish", "cells.yaml", "-m", "First")
    assert published.exit_code == 0
    assert [line.split("\t")[:2] for line in published.stdout.splitlines()] == [
        ["published", "lab.cells@v1"],
        ["published", "lab.cells@v2"],
        ["sum", "published"],
    ]
    assert "lab.cells@v2" in run("show", "lab.cells@new").stdout


def test_standard_input_may_be_a_declaration(run: Run, cells: Path) -> None:
    assert (
        "published\tlab.cells@v1" in run("publish", "-", "--table", "cells.parquet", "-m", "x", typed=DECLARED).stdout
    )
    assert "unchanged" in run("publish", "-", "-m", "x", typed=f"{DECLARED}table: cells.parquet").stdout


def test_tables_of_several_datasets_may_have_one_label(run: Run, cells: Path, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(DECLARED + "table: cells.parquet\n")
    (tmp_path / "b.yaml").write_text(DECLARED.replace("lab.cells", "lab.others") + "table: cells.parquet\n")
    assert "sum\tpublished\t2" in run("publish", "a.yaml", "b.yaml", "--label", "size-paper", "-m", "x").stdout
    for name in ("lab.cells", "lab.others"):
        assert f"{name}@v1" in run("show", f"{name}@size-paper").stdout


@pytest.mark.parametrize(
    ("words", "error", "said"),
    [
        (("cells.yaml",), RegistryError, "cells.yaml does not say where its table is"),
        (("placed.yaml", "--table", "x"), RegistryError, "placed.yaml says where its table is; leave --table out"),
        (("cells.yaml", "placed.yaml", "--layout", "x", "--draft"), RegistryError, "--layout, --draft: for one table"),
        (("empty",), InvalidDeclaration, "empty has no declaration in it"),
        (("unread.yaml",), PublishRefused, "unread.yaml, line 1: draft: reviewed_by"),
    ],
)
def test_a_wrong_use_is_explained(
    run: Run, cells: Path, tmp_path: Path, words: tuple[str, ...], error: type[Exception], said: str
) -> None:
    (tmp_path / "cells.yaml").write_text(DECLARED)
    (tmp_path / "placed.yaml").write_text(DECLARED + "table: cells.parquet\n")
    (tmp_path / "unread.yaml").write_text(f"reviewed_by:{DECLARED}table: cells.parquet\n")
    (tmp_path / "empty").mkdir()
    refused = run("publish", *words, "-m", "x")
    assert isinstance(refused.exception, error)
    assert said in str(refused.exception)


def test_declarations_are_validated_without_a_table(run: Run, drafts: Path) -> None:
    checked = run("validate", "drafts")
    assert isinstance(checked.exception, RegistryError)
    assert checked.stdout.count("well formed") == 4
    assert "line 2: still to be decided" in checked.stdout
    assert "nobody has reviewed" in checked.stderr
    assert run("validate", "drafts/a.yaml", "-", typed=DECLARED).exit_code == 0


def test_the_exit_code_says_whether_trying_again_may_help() -> None:
    later, never = (Result("a.yaml", error("x")) for error in (TableUnreachable, TableNotFound))
    for results, code in (([later], 3), ([later, never], 1)):
        with pytest.raises(typer.Exit) as ended:
            unless_refused(results)
        assert ended.value.exit_code == code
    unless_refused([])

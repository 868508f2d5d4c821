"""Looking at a table and drafting its declaration on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from jsonschema import Draft202012Validator

from registry_dagster.adopt.declaration_file import DeclarationFile
from registry_dagster.errors import InvalidDeclaration
from tests.adopt.conftest import Run


def test_inspect_shows_what_the_registry_sees(run: Run, cells: Path) -> None:
    shown = run("inspect", "cells.parquet")
    assert shown.exit_code == 0
    assert [line.split("\t")[0] for line in shown.stdout.splitlines()[:7]] == [
        *("location", "format", "fingerprint", "last modified", "rows", "bytes", "files")
    ]
    assert "root_id" in shown.stdout
    data = json.loads(run("inspect", "cells.parquet", "--json").stdout)
    assert (data["rows"], data["files"], data["fields"]) == (2, 1, [{"path": "root_id", "type": "int64"}])


def test_a_size_that_is_unknown_is_not_zero(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("root_id\n1\n")
    assert json.loads(run("inspect", "cells.csv", "--json").stdout)["rows"] is None
    assert ["rows", "unknown"] in [line.split() for line in run("inspect", "cells.csv").stdout.splitlines()]


def test_a_draft_is_published_once_a_person_has_read_it(run: Run, tmp_path: Path) -> None:
    table = pa.table({"pt_root_id": pa.array([1], pa.int64()), "mystery": [0.5], "a\nb": [1]})
    pq.write_table(table, tmp_path / "cells.parquet")
    drafted = run("init", "cells.parquet", "--dataset", "lab.cells", "--materialization", "cave/minnie65_public@1300")
    assert drafted.exit_code == 0
    lines = drafted.stdout.splitlines()
    assert lines[0] == "# yaml-language-server: $schema=declaration.schema.json"
    assert "reviewed_by:" in lines
    assert "  # int64: CAVE's name for the segment at a point; 0 is outside of all" in lines
    assert "  pt_root_id: {semantic: root_id, id_space: minnie65_public, null_sentinel: 0}" in lines

    draft = tmp_path / "cells.yaml"
    draft.write_text(drafted.stdout)
    todo = run("publish", "cells.yaml", "-m", "First")
    line = lines.index("  mystery: {semantic: TODO}") + 1
    assert isinstance(todo.exception, InvalidDeclaration)
    assert f"line {line}: columns.mystery.semantic: TODO; choose a semantic, or delete the column" in str(
        todo.exception
    )

    decided = drafted.stdout.replace("  mystery: {semantic: TODO}", "  mystery: {semantic: feature}")
    decided = "\n".join(line for line in decided.splitlines() if "TODO}" not in line)
    draft.write_text(decided)
    assert "nobody has reviewed" in str(run("publish", "cells.yaml", "-m", "First").exception)
    draft.write_text(decided.replace("reviewed_by:", "reviewed_by: ada@lab.org"))
    assert "published\tlab.cells@v1" in run("publish", "cells.yaml", "-m", "First").stdout

    again = run("init", "cells.parquet", "--materialization", "cave/minnie65_public@1300").stdout
    assert "  # double: as published in lab.cells@v1" in again or "  # float64: as published in lab.cells@v1" in again
    assert "  mystery: {semantic: feature}" in again


def test_the_location_of_an_export_of_cave_says_more(run: Run, cells: Path, tmp_path: Path) -> None:
    folder = tmp_path / "minnie65_public" / "v1300" / "Synapses_PNI_2" / "id"
    folder.mkdir(parents=True)
    (folder / "part-0.parquet").write_bytes(cells.read_bytes())
    drafted = run("init", str(folder)).stdout
    for line in (
        "  name: minnie65_public.synapses_pni_2",
        "materializations: [cave/minnie65_public@1300]",
        "layout: id",
        "  root_id: {semantic: root_id, id_space: minnie65_public}",
    ):
        assert line in drafted.splitlines()


def test_the_schema_of_the_first_line_accepts_drafts_that_are_decided(run: Run) -> None:
    schema = json.loads(run("schema").stdout)
    assert schema == DeclarationFile.model_json_schema()
    validator = Draft202012Validator(schema)
    decided = {
        "reviewed_by": None,
        "dataset": {"name": "lab.cells"},
        "columns": {"x": {"semantic": "flag"}},
        "versions": [{"table": "s3://lab/x", "columns": {"x": None}, "materializations": ["lab@1"]}],
    }
    assert [error.message for error in validator.iter_errors(decided)] == []
    assert list(validator.iter_errors({**decided, "tabel": "x"}))

"""The command line, as a person uses it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.cli.program import Run, run_command
from tests.git_tree import commit_all

DECLARATION = """
dataset: {name: lab.cells, owners: ["team:cells"]}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the installed command in a folder with a table and a declaration."""
    pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64())}), tmp_path / "cells.parquet")
    (tmp_path / "cells.yaml").write_text(DECLARATION)
    environment = {**os.environ, "FEATURE_REGISTRY": f"lite://{tmp_path / 'registry.db'}", "COLUMNS": "200"}
    environment.pop("FEATURE_REGISTRY_PUBLISHER", None)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(words, environment, tmp_path)

    return run


def publish(run: Run, *more: str) -> subprocess.CompletedProcess[str]:
    return run("publish", "cells.yaml", "--table", "cells.parquet", "-m", "First", "--publisher", "ada", *more)


def test_versions_of_what_is_not_published_are_an_error(run: Run) -> None:
    listed = run("versions", "lab.no_such")
    assert (listed.returncode, listed.stdout) == (1, "")
    assert "lab.no_such: no version is published at" in listed.stderr


def test_publish_show_versions(run: Run, tmp_path: Path) -> None:
    published = publish(run)
    shown = run("show", "lab.cells")
    listed = run("versions", "lab.cells")

    assert published.returncode == 0
    assert published.stdout.splitlines() == [
        "published\tlab.cells@v1",
        "urn\turn:li:dataset:(urn:li:dataPlatform:feature-registry,lab.cells@v1,PROD)",
        f"in\tlite://{tmp_path / 'registry.db'}",
    ]
    assert "root_id · id_space minnie65_public" in shown.stdout
    assert "lab.cells@v1" in listed.stdout


def code_of(run: Run, version: str) -> str | None:
    record = json.loads(run("show", version, "--json").stdout)
    code = record["provenance"].get("code")
    return code and f"{code['repository']}@{code['commit']}:{code['path']}"


def test_a_declaration_from_a_work_tree_without_changes_says_its_commit(run: Run, tmp_path: Path) -> None:
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "other.yaml").write_text(f"table: ../cells.parquet{DECLARATION.replace('cells', 'other')}")
    commit = commit_all(tmp_path, "https://ada:hunter2@github.com/lab/tables.git")
    code = f"https://github.com/lab/tables@{commit}"
    assert f"code\t{code}:cells.yaml\n" in publish(run, "--dry-run").stdout
    assert f"code\t{code}:cells.yaml\n" in publish(run).stdout
    assert run("publish", "drafts", "-m", "First", "--publisher", "ada").returncode == 0
    assert code_of(run, "lab.cells@v1") == f"{code}:cells.yaml"
    assert code_of(run, "lab.other@v1") == f"{code}:drafts/other.yaml"

    (tmp_path / "drafts" / "other.yaml").write_text("changed")
    pq.write_table(pa.table({"root_id": pa.array([3], pa.int64())}), tmp_path / "cells.parquet")
    publish(run)
    assert code_of(run, "lab.cells@v2") is None


def test_no_code_is_recorded_where_it_is_not_wanted(run: Run, tmp_path: Path) -> None:
    commit_all(tmp_path)
    publish(run, "--code", "none")
    assert code_of(run, "lab.cells@v1") is None


def test_publishing_again_says_that_nothing_changed(run: Run) -> None:
    publish(run)
    assert "unchanged\tlab.cells@v1\n" in publish(run).stdout


def test_a_dry_run_writes_nothing(run: Run, tmp_path: Path) -> None:
    planned = publish(run, "--dry-run")
    assert "version\tlab.cells@v1\nresult\twould be published\n" in planned.stdout
    assert not (tmp_path / "registry.db").exists()


def test_json_is_for_programs(run: Run) -> None:
    receipt = json.loads(publish(run, "--json").stdout)
    record = json.loads(run("show", "lab.cells@v1", "--json").stdout)
    assert receipt["created"] is True
    assert record["digest"] == receipt["digest"]
    assert record["taken"]["version"] == "lab.cells@v1"
    assert record["described"]["owners"] == ["team:cells"]
    (listed,) = json.loads(run("versions", "lab.cells", "--json").stdout)
    assert listed == {
        name: value for name, value in record.items() if name not in ("taken", "described", "gaps", "expiry")
    }


def test_the_schema_describes_declarations(run: Run) -> None:
    schema = json.loads(run("schema").stdout)
    assert set(schema["properties"]) == {
        *("dataset", "materializations", "columns", "references", "signals", "inputs", "layout"),
        *("table", "versions", "reviewed_by", "reviewed"),
    }


@pytest.mark.parametrize(
    ("declaration", "said"),
    [
        (DECLARATION.replace("lab.cells", "Lab cells"), "dataset.name: 'Lab cells' is not a"),
        (DECLARATION.replace("root_id, id", "root_ids, id"), "unknown 'root_ids'; did you mean 'root_id'?"),
        (DECLARATION + "  root_id: {semantic: flag}\n", "'root_id' is given twice"),
        (DECLARATION.replace("root_id:", "cell_id:"), "cell_id: declared, but the table has no such column"),
        ("- 1\n", "expected a mapping of keys to values, got [1]"),
        ("{", "cells.yaml: not a YAML file"),
    ],
)
def test_bad_declarations_are_reported_where_and_what(run: Run, tmp_path: Path, declaration: str, said: str) -> None:
    (tmp_path / "cells.yaml").write_text(declaration)
    refused = publish(run)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "registry.db").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "lab.none"), "NotPublished: lab.none: no version is published"),
        (("show", "Lab"), "'Lab' is not the name of a dataset or version"),
        (("show", "lab.none", "--registry", "ftp://x"), "no store for targets that start with 'ftp:'"),
        (("publish", "no.yaml", "--table", "t", "-m", "x"), "no.yaml: No such file or directory"),
        (("publish", "cells.yaml", "--table", "none", "-m", "x"), "TableNotFound"),
        (("publish", "cells.yaml", "--table", "cells.parquet", "-m", "x"), "a publish needs a publisher"),
        (("publish", "cells.yaml", "--table", "cells.parquet", "-m", "x", "--format", "lanse"), "mean 'lance'?"),
    ],
)
def test_errors_are_one_message_and_exit_code_1(run: Run, words: tuple[str, ...], said: str) -> None:
    refused = run(*words)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr


def test_rows_of_many_files_are_counted_when_asked_for(run: Run, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for name in ("a", "b"):
        (tmp_path / "folder" / f"{name}.parquet").write_bytes((tmp_path / "cells.parquet").read_bytes())
    planned = [run("plan", "cells.yaml", "--table", "folder", "--json", *more).stdout for more in ((), ("--counts",))]
    assert [json.loads(text)["record"]["table"].get("rows") for text in planned] == [None, 4]


def test_a_plan_shows_what_publish_would_do(run: Run, tmp_path: Path) -> None:
    planned = run("plan", "cells.yaml", "--table", "cells.parquet")
    assert "version\tlab.cells@v1\nresult\twould be published\n" in planned.stdout
    assert json.loads(run("plan", "cells.yaml", "--table", "cells.parquet", "--json").stdout)["creates"] is True
    assert not (tmp_path / "registry.db").exists()


def test_a_diff_says_what_changed(run: Run, tmp_path: Path) -> None:
    publish(run)
    (tmp_path / "cells.yaml").write_text(DECLARATION.replace("1300", "1412"))
    publish(run)
    said = run("diff", "lab.cells@v1", "lab.cells@v2")
    assert "changes\tmaterializations\tminnie65_public@1300\t" in said.stdout
    changes = json.loads(run("diff", "lab.cells@v1", "lab.cells@v2", "--json").stdout)["changes"]
    assert {"part": "materializations", "what": "minnie65_public@1300"}.items() <= changes[0].items()


def test_environments_are_kept_apart(run: Run) -> None:
    publish(run, "--env", "DEV")
    assert run("show", "lab.cells", "--env", "DEV").returncode == 0
    assert run("show", "lab.cells").returncode == 1


def test_a_registry_out_of_reach_is_exit_code_3(run: Run) -> None:
    refused = run("show", "lab.cells", "--registry", "http://127.0.0.1:9")
    assert refused.returncode == 3
    assert "RegistryUnavailable" in refused.stderr


def test_debug_shows_where_an_error_arose(run: Run) -> None:
    assert "Traceback" in run("--debug", "show", "lab.none").stderr


def test_the_exit_codes_are_explained(run: Run) -> None:
    assert "Exit codes" in run("--help").stdout
    assert run("--version").stdout.strip()


def test_wrong_usage_is_exit_code_2(run: Run) -> None:
    assert run("publish", "cells.yaml").returncode == 2


def test_a_csv_file_is_published_with_the_types_it_is_given(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_text("root_id,name\n7,a\n")
    given = ("--publisher", "ada", "--table", "cells.csv", "-m", "First")
    refused = run("publish", "cells.yaml", *given, "--schema", "root_id")
    assert (refused.returncode, "--schema must be NAME=TYPE, once for each column" in refused.stderr) == (1, True)
    assert run("publish", "cells.yaml", *given, "--schema", "root_id=uint64").returncode == 0
    table = json.loads(run("show", "lab.cells", "--json").stdout)["table"]
    assert (table["pin"]["format"], [field["type"] for field in table["fields"]]) == ("csv", ["uint64", "string"])
    assert "data = pl.scan_pyarrow_dataset(source)" in run("show", "lab.cells", "--read", "polars").stdout


def test_an_opaque_table_is_published_with_words_on_how_to_read_it(run: Run, tmp_path: Path) -> None:
    (tmp_path / "cells.zip").write_bytes(b"PK")
    given = ("--publisher", "ada", "--table", "cells.zip", "-m", "First", "--format", "opaque")
    said = ("--schema", "root_id=uint64", "--schema", "at=timestamp[us, tz=UTC]", "--how-to-read", "Unzip it.")
    assert run("publish", "cells.yaml", *given, *said).returncode == 0
    pin = json.loads(run("show", "lab.cells", "--json").stdout)["table"]["pin"]
    assert (pin["how_to_read"], pin["fingerprint"].startswith("sha256:")) == ("Unzip it.", True)
    assert "says how to read it: Unzip it." in run("show", "lab.cells", "--read", "polars").stderr

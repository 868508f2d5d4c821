"""What people do after publishing, and how it is shown, on the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

Run = Callable[..., Result]
NAME = "lab.neurons"
DECLARATION = """
dataset: {name: lab.cells, title: Cells}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public}
"""


@pytest.fixture
def target(tmp_path: Path) -> str:
    """A registry with 1507, then a backfill of 943."""
    target = f"lite://{tmp_path / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        for number, version in enumerate(("1507", "943")):
            state = MaterializationVersion(system="m", version=version, source="manual")
            made = declared(NAME, title="Neurons", owners=["team:fly"], materializations=[state])
            registry.publish(made, facts(number, location="s3://lab/neurons"), message="why")
    return target


@pytest.fixture
def run(target: str) -> Run:
    ours = {"FEATURE_REGISTRY": target, "FEATURE_REGISTRY_PUBLISHER": "ada@lab.org", "COLUMNS": "250"}

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), env=ours)

    return run


def said(result: Result) -> str:
    assert result.exit_code == 0, result.exception
    return result.stdout


def test_every_act_says_what_it_recorded_and_where(run: Run, target: str) -> None:
    for words, recorded in (
        (("retire", f"{NAME}@v1"), f"retired\t{NAME}@v1\tada@lab.org\twrong"),
        (("retire", f"{NAME}@v1"), f"retired\t{NAME}@v1\tada@lab.org\twrong"),
        (("undo", f"{NAME}@v1"), f"{NAME}@v1\tretirement undone\tada@lab.org\twrong"),
        (("label", f"{NAME}@v1", "size-paper"), "labelled size-paper"),
        (("layout", f"{NAME}@v1", "by_id"), "layout by_id"),
        (("layout", NAME, "by_id"), "default layout by_id"),
        (("license", NAME, "CC-BY-4.0"), "license CC-BY-4.0"),
        (("describe", NAME, "--title", "All"), f"described\t{NAME}"),
    ):
        printed = said(run(*words, "-m", "wrong"))
        assert recorded in printed
        assert f"in\t{target}" in printed
    history = said(run("show", NAME, "--history")).splitlines()
    assert len(history) == 8
    assert all("\tada@lab.org\twrong" in line for line in history)
    one = json.loads(said(run("show", f"{NAME}@v1", "--history", "--json")))
    assert [act["act"] for act in one] == ["retire", "retire", "undo", "label", "layout"]
    assert "nothing was done to it" in run("show", f"{NAME}@v2", "--history").stderr


def test_the_reason_of_a_retirement_may_be_called_reason(run: Run) -> None:
    assert "ada@lab.org\told" in said(run("retire", f"{NAME}@v1", "--reason", "old"))


def test_describe_without_changes_shows_and_writes_nothing(run: Run) -> None:
    shown = said(run("describe", NAME))
    assert "Neurons" in shown
    assert "team:fly" in shown
    assert json.loads(said(run("show", NAME, "--history", "--json"))) == []


def test_show_says_which_version_the_name_was_taken_to_mean_and_why(run: Run) -> None:
    run("label", f"{NAME}@v1", "size-paper", "-m", "cited")
    shown = said(run("show", NAME))
    for part in (
        f"{NAME}@v1",
        "it is the current version, made against m@1507, though not the last published",
        f"{NAME}@v2: made against m@943, which is earlier",
        "Neurons",
        "team:fly",
        "size-paper",
    ):
        assert part in shown
    assert f"current: {NAME}@v1" in run("versions", NAME).stderr
    listed = said(run("list"))
    assert f"{NAME}@v2: made against m@943" in listed
    assert f"{NAME}@v1: it is the current version" in said(run("show", NAME, "--read", "polars"))


def test_a_table_is_addressed_by_clock_and_layout(run: Run) -> None:
    run("layout", f"{NAME}@v2", "by_id", "-m", "sorted")
    for words in (("--at", "m@943"), ("--layout", "by_id")):
        assert json.loads(said(run("show", NAME, *words, "--json")))["number"] == 2
        assert json.loads(said(run("column", NAME, "score", *words, "--json")))["taken"][0]["version"] == f"{NAME}@v2"
        assert json.loads(said(run("show", NAME, "--read", "polars", *words, "--json")))["version"] == f"{NAME}@v2"
        for command in ("join", "comparable", "compatible"):
            answer = json.loads(said(run(command, NAME, NAME, *words, "--json")))
            assert {each["version"] for each in answer["taken"]} == {f"{NAME}@v2"}
    refused = run("show", NAME, "--at", "m@1")
    assert refused.exit_code == 1
    assert "m@1: no such materialization version or system is recorded at" in str(refused.exception)


def test_a_version_is_compared_with_the_one_before_it_by_the_clock(run: Run) -> None:
    assert said(run("diff", f"{NAME}@v1")).startswith(f"before\t{NAME}@v2\nafter\t{NAME}@v1\n")


def test_lineage_and_digests_lead_to_a_version(run: Run) -> None:
    assert f"of\t{NAME}, taken as {NAME}@v1\nupstream\tmade against m@1507\n" in said(run("lineage", NAME))
    record = json.loads(said(run("show", f"{NAME}@v2", "--json")))
    assert json.loads(said(run("show", record["content_digest"], "--json")))["number"] == 2
    assert [each["version"] for each in json.loads(said(run("find", "--digest", record["digest"], "--json")))] == [
        f"{NAME}@v2"
    ]


def test_a_draft_with_inputs_and_a_layout_is_published(run: Run, tmp_path: Path, target: str) -> None:
    table, file = tmp_path / "cells.parquet", tmp_path / "cells.yaml"
    pq.write_table(pa.table({"root_id": [1, 2]}), table)
    file.write_text(DECLARATION)
    words = (str(file), "--table", str(table), "--draft", "--layout", "by_id", "--input", f"{NAME}@v2")
    planned = said(run("plan", *words, "--label", "first"))
    for part in ("title\tCells", "label\tfirst", "layout\tby_id", "draft\tyes", f"computed from\t{NAME}@v2"):
        assert part in planned
    published = json.loads(said(run("publish", *words, "-m", "why", "--json")))
    assert (published["version"], published["target"]) == ("lab.cells@v1", target)
    record = json.loads(said(run("show", "lab.cells@v1", "--json")))
    assert (record["draft"], record["layout"], record["inputs"]) == (True, {"name": "by_id"}, [f"{NAME}@v2"])
    assert "draft" in said(run("versions", "lab.cells"))
    assert said(run("dependents", f"{NAME}@v2")).count("lab.cells@v1")
    said(run("promote", "lab.cells@v1", "-m", "looked at"))
    assert json.loads(said(run("show", "lab.cells", "--json")))["now"]["draft"] is False


def test_owners_and_tags_could_not_be_cleared(run: Run) -> None:
    said(run("describe", NAME, "--tag", "curated", "-m", "why"))
    said(run("describe", NAME, "--no-owners", "-m", "Nobody looks after it"))
    described = json.loads(said(run("describe", NAME, "--json")))
    assert (described["owners"], described["tags"]) == ([], ["curated"])
    assert json.loads(said(run("describe", NAME, "--no-tags", "-m", "why", "--json")))["tags"] == []
    assert run("find", "--owner", "team:fly").exit_code == 1
    both = run("describe", NAME, "--owner", "ada", "--no-owners", "-m", "why")
    assert both.exit_code == 1
    assert "--owner and --no-owners contradict each other" in str(both.exception)

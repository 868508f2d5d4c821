"""Adopted tables as assets: what a command drafts is published by the job, and what the job publishes by a command."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

import registry_dagster as rd
from registry_dagster.cli.app import app
from registry_dagster.dagster.names import LEFT_OUT
from tests.dagster.component.project import Project, refused

SYNAPSES = dg.AssetKey(["lab.synapses", "lab@1", "id"])
SOMAS = dg.AssetKey(["lab.somas", "lab@1", "id"])
ATTRIBUTES = "registry: {publisher: ada@lab.org}\nadopted: [drafts]"


def run(*words: str) -> Result:
    return CliRunner().invoke(app, words)


@pytest.fixture
def adopted(project: Project, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A component with a folder of drafts: of two tables in two versions, one of them reviewed."""
    monkeypatch.setenv("FEATURE_REGISTRY", target)
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    for place in ("v1/synapses", "v2/synapses", "v1/somas"):
        (folder := tmp_path / "bucket" / "lab" / place / "id").mkdir(parents=True)
        pq.write_table(pa.table({"pt_root_id": pa.array([1, 2], pa.int64())}), folder / "a.parquet")
    project.attributes(ATTRIBUTES)
    drafts = project.component / "drafts"
    assert run("adopt", str(tmp_path / "bucket"), "--drafts", str(drafts), "--source", "cave").exit_code == 0
    assert run("review", str(drafts / "lab.synapses.yaml")).exit_code == 0
    return project


def look_at_all(defs: dg.Definitions, instance: dg.DagsterInstance) -> None:
    job = defs.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(instance=instance).success


def publish(defs: dg.Definitions, instance: dg.DagsterInstance, *keys: dg.AssetKey) -> bool:
    targets = [{"asset": key.to_user_string()} for key in keys]
    config = {"ops": {"publish": {"config": {"targets": targets, "message": "Adopt"}}}}
    job = defs.resolve_job_def("publish_feature_table")
    return job.execute_in_process(run_config=config, instance=instance, raise_on_error=False).success


def described(defs: dg.Definitions, key: dg.AssetKey) -> dg.AssetSpec:
    return next(spec for spec in defs.resolve_all_asset_specs() if spec.key == key)


def test_what_is_adopted_is_published_by_the_job_and_then_unchanged_for_the_command(
    adopted: Project, instance: dg.DagsterInstance, registry: rd.Registry
) -> None:
    drafts = adopted.component / "drafts"
    later = dg.AssetKey(["lab.synapses", "lab@2", "id"])
    defs = adopted.load()
    left_out = described(defs, dg.AssetKey(["lab.somas", "left out"]))
    assert "lab.somas.yaml, line 5: draft: reviewed_by: nobody has reviewed" in left_out.metadata[LEFT_OUT]
    assert "nobody has reviewed" in str(left_out.description)

    look_at_all(defs, instance)
    assert not registry.datasets()
    assert publish(defs, instance, SYNAPSES, later)
    first, second = registry.versions("lab.synapses")
    assert [str(each) for each in (*first.materializations, *second.materializations)] == ["lab@1", "lab@2"]
    assert run("review", str(drafts)).exit_code == 0
    assert run("publish", str(drafts), "-m", "Adopt").stdout.splitlines()[-2:] == [
        "sum\tpublished\t1",
        "sum\tunchanged\t2",
    ]

    defs = adopted.load()
    look_at_all(defs, instance)
    assert publish(defs, instance, SOMAS, SYNAPSES)
    assert len(registry.find(limit=None)) == 3


def test_its_gate_and_graph_know_them(adopted: Project) -> None:
    graph = adopted.load().resolve_asset_graph()
    assert {SYNAPSES, dg.AssetKey(["cave", "lab"])} <= graph.get(dg.AssetKey(["registry", "lab.synapses"])).parent_keys
    assert not graph.get(dg.AssetKey(["lab.somas", "left out"])).is_materializable


def test_a_label_and_a_draft_are_published_as_the_file_says(
    adopted: Project, instance: dg.DagsterInstance, registry: rd.Registry
) -> None:
    file = adopted.component / "drafts" / "lab.synapses.yaml"
    file.write_text(file.read_text().replace("    layout: id\n", "    label: first\n    draft: true\n"))
    left_out = described(adopted.load(), dg.AssetKey(["lab.synapses", "left out"]))
    assert "was changed after ada@lab.org had reviewed it" in left_out.metadata[LEFT_OUT]

    file.write_text(
        file.read_text().replace("label: first", "label: second").replace("label: second", "label: first", 1)
    )
    assert run("review", str(file)).exit_code == 0
    defs = adopted.load()
    look_at_all(defs, instance)
    keys = [dg.AssetKey(["lab.synapses", f"lab@{number}"]) for number in (1, 2)]
    assert publish(defs, instance, *keys)
    assert [(each.label, each.draft) for each in registry.versions("lab.synapses")] == [
        ("first", True),
        ("second", True),
    ]
    assert "sum\tunchanged\t2" in run("publish", str(file), "-m", "Adopt").stdout


def test_tables_of_one_state_and_layout_have_numbers(adopted: Project) -> None:
    file = adopted.component / "drafts" / "lab.synapses.yaml"
    file.write_text(file.read_text().replace("lab@2", "lab@1"))
    assert run("review", str(file)).exit_code == 0
    keys = {spec.key for spec in adopted.load().resolve_all_asset_specs()}
    assert keys >= {SYNAPSES, dg.AssetKey([*SYNAPSES.path, "2"])}


def test_a_folder_that_is_not_there_is_refused(project: Project) -> None:
    project.attributes(ATTRIBUTES)
    assert "adopted: there is no file or folder" in refused(project)

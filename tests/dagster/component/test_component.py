"""PublishComponent in a real project of Dagster's `dg`, as docs/component.md shows it."""

import re
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.component.component import PublishComponent
from tests.dagster.component.project import Project, refused
from tests.dagster.pipeline import cells_declared

GUIDE = (Path(__file__).parents[3] / "docs" / "component.md").read_text(encoding="utf-8")
# The first line of each block names its file.
FILES = dict(re.findall(r"^```\w+\n# (\S+)\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE))
CELLS, SYNAPSES = dg.AssetKey("cells"), dg.AssetKey("synapses")
SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
ELSEWHERE = """\
from pathlib import Path

import dagster as dg
import pyarrow as pa
import pyarrow.parquet as pq

import registry_dagster as rd

HERE = Path(__file__).parent


@rd.feature_table(rd.FeatureTable.from_yaml(HERE / "synapses.yaml"))
@dg.asset
def synapses(context: dg.AssetExecutionContext, registry: rd.FeatureRegistry) -> dg.MaterializeResult:
    ids = pa.array([1, 2], pa.int64())
    pq.write_table(pa.table({"id": ids, "cell_id": ids}), HERE / "synapses.parquet")
    return registry.table(context, HERE / "synapses.parquet")


everything = dg.define_asset_job("everything")
"""


@pytest.fixture
def guided(project: Project, tmp_path: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> Project:
    """The project of the guide."""
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.setenv("FEATURE_REGISTRY", target)
    project.write(**{Path(name).stem: text for name, text in FILES.items()})
    return project


def publish(defs: dg.Definitions, instance: dg.DagsterInstance, asset: str) -> bool:
    config = {"ops": {"publish": {"config": {"asset": asset, "message": "As the guide says"}}}}
    job = defs.resolve_job_def("publish_feature_table")
    return job.execute_in_process(run_config=config, instance=instance).success


def parents(defs: dg.Definitions, key: dg.AssetKey) -> set[dg.AssetKey]:
    return set(defs.resolve_asset_graph().get(key).parent_keys)


def sensors(defs: dg.Definitions) -> list[dg.SensorDefinition]:
    return [each for each in defs.sensors or () if isinstance(each, dg.SensorDefinition)]


def test_the_guides_assets_are_declared_materialized_and_published(
    guided: Project, instance: dg.DagsterInstance, registry: rd.Registry, tmp_path: Path
) -> None:
    defs = guided.load()
    assert defs.resolve_job_def("everything").execute_in_process(instance=instance).success
    assert not (tmp_path / "registry.db").exists()

    assert publish(defs, instance, "cells")
    assert publish(defs, instance, "synapses")

    published = registry.get("minnie65.synapses@v1")
    declared = rd.FeatureTable.from_yaml(guided.component / "synapses.yaml")
    assert published.provenance.publisher == "ada@lab.org"
    assert published.columns == declared.columns
    assert published.reference_versions == {"minnie65.cells": "minnie65.cells@v1"}


def test_a_file_that_commands_publish_declares_an_asset_too(guided: Project) -> None:
    file = guided.component / "synapses.yaml"
    text = file.read_text()
    states = "[{system: minnie65_public, version: 943, source: cave}]"
    versions = f"versions:\n  - {{table: s3://lab/v1300}}\n  - {{table: s3://lab/v943, materializations: {states}}}\n"
    file.write_text(f"reviewed_by:\n{text}{versions}")
    assert "synapses.yaml, line 1: draft: reviewed_by: nobody has reviewed this draft" in refused(guided)
    file.write_text(f"reviewed_by: ada@lab.org\n{text}{versions}")
    (declared,) = [spec for spec in guided.load().resolve_all_asset_specs() if spec.key == SYNAPSES]
    words = declared.metadata["registry/declaration"]
    assert words["made against"] == "minnie65_public@1300, minnie65_public@943"


def test_a_datasets_asset_comes_after_what_makes_it_and_the_systems_it_is_made_against(guided: Project) -> None:
    assert parents(guided.load(), dg.AssetKey(["registry", "minnie65.synapses"])) == {SYNAPSES, SYSTEM}


def test_its_gate_is_stopped_until_somebody_starts_it(guided: Project) -> None:
    (gate,) = sensors(guided.load())
    assert gate.default_status is dg.DefaultSensorStatus.STOPPED


def test_its_gate_asks_for_what_the_approvals_beside_it_name(guided: Project, instance: dg.DagsterInstance) -> None:
    (guided.component / "approvals.yaml").write_text("- {asset: cells, why: For the size paper, by: grace@lab.org}\n")
    defs = guided.load()
    assert defs.resolve_job_def("everything").execute_in_process(instance=instance).success

    (gate,) = sensors(defs)
    tick = gate.evaluate_tick(dg.build_sensor_context(instance, repository_def=defs.get_repository_def()))
    (request,) = tick.run_requests or ()
    (requested,) = request.run_config["ops"]["publish"]["config"]["targets"]
    assert (requested["asset"], requested["message"]) == ("cells", "For the size paper")


@pytest.mark.parametrize("attributes", ["datasets:\n  synapses: ../elsewhere/synapses.yaml", "resource_key: registry"])
def test_assets_elsewhere_carry_their_declarations_themselves(
    project: Project, instance: dg.DagsterInstance, target: str, monkeypatch: pytest.MonkeyPatch, attributes: str
) -> None:
    monkeypatch.setenv("FEATURE_REGISTRY", target)
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    elsewhere = project.package / "defs" / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "synapses.yaml").write_text(FILES["synapses.yaml"])
    (elsewhere / "assets.py").write_text(ELSEWHERE)
    project.attributes(attributes)

    defs = project.load()
    assert defs.resolve_job_def("everything").execute_in_process(instance=instance).success
    assert publish(defs, instance, "synapses")


def test_datasets_elsewhere_stand_in_its_graph(project: Project) -> None:
    project.attributes("datasets:\n  synapses: synapses.yaml")
    project.write(synapses=FILES["synapses.yaml"])
    assert parents(project.load(), dg.AssetKey(["registry", "minnie65.synapses"])) == {SYNAPSES, SYSTEM}


def test_the_environment_is_read_by_a_run_and_never_shown(project: Project) -> None:
    project.attributes(
        'registry:\n  target: "{{ env.NOT_SET_TARGET }}"\n  token: "{{ env.NOT_SET_TOKEN }}"\n  publisher: "0x10"\n'
        '  storage_options: {secret: "{{ env.NOT_SET_SECRET }}", timeout: 5, client_kwargs: {region_name: eu-north-1}, '
        'auth: [ada, "{{ env.NOT_SET_SECRET }}"]}'
    )
    defs = project.load()
    registry = (defs.resources or {})["registry"]
    assert registry.token == dg.EnvVar("NOT_SET_TOKEN")
    assert isinstance(registry.token, dg.EnvVar)
    assert registry.target == dg.EnvVar("NOT_SET_TARGET")
    assert registry.publisher == "0x10"
    assert isinstance(registry.storage_options["secret"], dg.EnvVar)
    assert registry.storage_options == {
        "secret": dg.EnvVar("NOT_SET_SECRET"),
        "timeout": 5,
        "client_kwargs": {"region_name": "eu-north-1"},
        "auth": ["ada", dg.EnvVar("NOT_SET_SECRET")],
    }


def test_a_setting_may_hold_dagsters_templates(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_DATA", "/data")
    project.attributes('registry: {target: "lite://{{ env.LAB_DATA }}/registry.db"}')
    assert (project.load().resources or {})["registry"].target == "lite:///data/registry.db"


def test_names_of_resource_and_job_can_be_chosen(project: Project) -> None:
    project.attributes("resource_key: meaning\njob_name: record_meaning")
    defs = project.load()
    assert set(defs.resources or {}) == {"meaning"}
    assert defs.resolve_job_def("record_meaning").name == "record_meaning"


def test_it_is_built_in_python_too() -> None:
    declared = rd.FeatureTable(**cells_declared())
    component = PublishComponent(registry=rd.FeatureRegistry(publisher="ada"), datasets={"cells": declared})
    defs = dg.build_defs_for_component(component)
    assert parents(defs, dg.AssetKey(["registry", "minnie65.cells"])) == {CELLS, SYSTEM}


def test_an_unknown_asset_is_answered_with_the_nearest(guided: Project) -> None:
    guided.write(defs=FILES["defs.yaml"].replace("synapses: synapses.yaml", "synapsis: synapses.yaml"))
    said = refused(guided)
    assert "no asset 'synapsis' in definitions; did you mean 'synapses'? Assets: cells, synapses" in said


def test_a_missing_file_is_answered_with_the_nearest(guided: Project) -> None:
    guided.write(defs=FILES["defs.yaml"].replace("  datasets:", "  definitions: [pipelines.py]\n  datasets:"))
    said = refused(guided)
    assert f"no file 'pipelines.py' in {guided.component}; did you mean 'pipeline.py'?" in said


def test_a_mistake_in_a_declarations_own_file_is_reported_at_its_line(guided: Project) -> None:
    guided.write(synapses=FILES["synapses.yaml"].replace("semantic: synapse_id", "semantic: synapsis_id"))
    said = refused(guided)
    assert f"{guided.component / 'synapses.yaml'}, line 5: columns.id.semantic: unknown" in said


def test_a_rule_that_no_schema_can_express_names_the_dataset_and_its_line(guided: Project) -> None:
    guided.write(defs=FILES["defs.yaml"].replace("name: minnie65.cells", "name: Cells"))
    said = refused(guided)
    line = FILES["defs.yaml"].splitlines().index("    cells:") + 2
    assert f"defs.yaml, line {line}: dataset.name: 'Cells' is not a dataset name" in said


def test_importing_the_package_does_not_import_the_component() -> None:
    component = "registry_dagster.dagster.component.component"
    program = f"import sys, registry_dagster as rd; rd.feature_table; print({component!r} in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_dg_lists_it(project: Project) -> None:
    listed = project.dg("list", "components", "--json")
    assert listed.returncode == 0, listed.stderr
    assert '"registry_dagster.PublishComponent"' in listed.stdout


def test_what_dg_scaffolds_passes_its_checks(project: Project) -> None:
    scaffolded = project.dg(
        "scaffold", "defs", "registry_dagster.PublishComponent", "publish", "--target", "{{ env.FEATURE_REGISTRY }}"
    )
    assert scaffolded.returncode == 0, scaffolded.stderr
    assert 'target: "{{ env.FEATURE_REGISTRY }}"' in (project.component / "defs.yaml").read_text()
    for what in ("yaml", "defs"):
        checked = project.dg("check", what)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_what_the_scaffold_holds_as_comments_is_right(guided: Project) -> None:
    assert guided.dg("scaffold", "defs", "registry_dagster.PublishComponent", "other").returncode == 0
    scaffolded = guided.package / "defs" / "other" / "defs.yaml"
    commented = re.compile(r"^( *)# (?=(?:target|token|gate|definitions|datasets):| +\S)", re.MULTILINE)
    guided.write(defs=commented.sub(r"\1", scaffolded.read_text()), cells=FILES["synapses.yaml"])
    scaffolded.unlink()

    defs = guided.load()
    assert parents(defs, dg.AssetKey(["registry", "minnie65.synapses"])) == {CELLS, SYNAPSES, SYSTEM}
    assert (defs.resources or {})["registry"].target == "lite:///data/registry.db"


def test_the_guides_project_passes_dgs_checks(guided: Project) -> None:
    checked = guided.dg("check", "defs")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_dg_scaffolds_it_in_python(project: Project) -> None:
    in_python = project.dg("scaffold", "defs", "registry_dagster.PublishComponent", "py", "--format", "python")
    assert in_python.returncode == 0, in_python.stderr
    assert "-> PublishComponent" in (project.package / "defs" / "py" / "component.py").read_text()


def test_dg_reports_each_bad_attribute_at_its_line(project: Project) -> None:
    project.attributes("""\
registry:
  targt: lite:///x.db
  token: plain text
gate: {aprovals: approvals.yaml}
definitions: pipeline.py
datasets:
  cells:
    dataset: {name: minnie65.cells}
    materializations:
      - {system: minnie65_public, version: 1300, sorce: cave}
    columns:
      id: {semantic: nucleus_idd}
      x:
        semantic: position
        axis: q
  synapses: 3
job: publish""")
    checked = project.dg("check", "yaml")
    assert checked.returncode == 1
    lines = re.findall(r"defs\.yaml:(\d+) - registry_dagster\.PublishComponent attributes\.(\S+) (.*)", checked.stdout)
    assert sorted({(int(line), where) for line, where, _ in lines}) == [
        (4, "registry.targt"),
        (5, "registry.token"),
        (6, "gate.aprovals"),
        (7, "definitions"),
        (12, "datasets.cells.materializations.0.sorce"),
        (14, "datasets.cells.columns.id.semantic"),
        (15, "datasets.cells.columns.x"),
        (17, "datasets.cells.columns.x.axis"),
        (18, "datasets.synapses"),
        (19, "job"),
    ]
    assert "'nucleus_idd' is not one of ['annotation_id'," in checked.stdout
    assert "not valid under any of the given schemas" not in checked.stdout

"""Several components in one project, and what each finds in its folder."""

import dagster as dg
import pytest

import registry_dagster as rd
from registry_dagster.dagster.declare.declaration import declaration_in
from registry_dagster.dagster.pin.code_location import gates_among
from tests.dagster.component.project import Project, refused

SYSTEM = dg.AssetKey(["cave", "minnie65_public"])
YAML = """\
type: registry_dagster.PublishComponent
attributes:
  registry: {{target: "{{{{ env.FEATURE_REGISTRY }}}}", publisher: ada@lab.org}}
  datasets:
    {name}:
      dataset: {{name: minnie65.{name}}}
      materializations: [{{system: minnie65_public, version: 1300, source: cave}}]
      columns: {{id: {{semantic: nucleus_id, source_table: nucleus_detection_v0}}}}
"""
ASSET = """\
import dagster as dg


@dg.asset
def {name}() -> None: ...
"""
DECLARED = """\
import dagster as dg
import registry_dagster as rd


@rd.feature_table(
    dataset=rd.Dataset(name="minnie65.{name}"),
    materializations=[rd.MaterializationVersion(system="minnie65_public", version=1300, source="cave")],
    columns={{"id": rd.NucleusId(source_table="nucleus_detection_v0")}},
)
@dg.asset
def {name}() -> None: ...
"""
TRANSLATOR = """\
import dagster as dg
import registry_dagster as rd


class LabTranslator(rd.FeatureRegistryTranslator):
    def get_asset_spec(self, data):
        spec = super().get_asset_spec(data)
        return spec.replace_attributes(key=spec.key.with_prefix("lab"))


@dg.template_var
def lab() -> LabTranslator:
    return LabTranslator()
"""
PARTITIONED = """\
import dagster as dg


@dg.asset(partitions_def=dg.StaticPartitionsDefinition(["1300", "1412"]))
def cells() -> None: ...
"""


def component(project: Project, folder: str, name: str, more: str = "") -> None:
    project.folder(folder, defs_yaml=YAML.format(name=name) + more, pipeline_py=ASSET.format(name=name))


def keys(defs: dg.Definitions) -> set[str]:
    return {key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys()}


def jobs(defs: dg.Definitions) -> dict[str, str]:
    """Declared asset → its publish job."""
    return {asset: gate.job for gate in gates_among(defs.sensors or ()) for asset in gate.assets}


def gates(defs: dg.Definitions) -> set[str]:
    return {sensor.name for sensor in defs.get_repository_def().sensor_defs}


def declared(defs: dg.Definitions, name: str) -> object:
    spec = defs.get_repository_def().assets_defs_by_key[dg.AssetKey(name)].specs_by_key[dg.AssetKey(name)]
    return declaration_in(spec.metadata)


def test_each_folders_component_has_a_job_and_a_gate_and_they_share_the_rest(project: Project) -> None:
    component(project, "publish", "cells")
    component(project, "axons", "axons")
    component(project, "lab/publish", "spines", more="  gate: {name: spines_gate}\n")
    defs = project.load()

    dg.Definitions.validate_loadable(defs)
    assert jobs(defs) == {
        "cells": "publish_feature_table",
        "axons": "publish_feature_table_axons",
        "spines": "publish_feature_table_lab_publish",
    }
    assert gates(defs) == {"publish_gate", "publish_feature_table_axons_gate", "spines_gate"}
    added = {"registry/minnie65.cells", "registry/minnie65.axons", "registry/minnie65.spines"}
    assert keys(defs) == {"cells", "axons", "spines", "cave/minnie65_public"} | added
    assert set(defs.resources or {}) == {"registry"}


def test_assets_that_are_declared_beside_the_yaml_are_found(project: Project) -> None:
    project.folder("publish", defs_yaml="type: registry_dagster.PublishComponent\n", one_py=DECLARED.format(name="one"))
    project.folder("publish", two_py=DECLARED.format(name="two"), sub_yaml="")
    defs = project.load()
    assert jobs(defs).keys() == {"one", "two"}
    assert "registry/minnie65.two" in keys(defs)


def test_a_file_beside_the_yaml_may_hold_whole_definitions(project: Project) -> None:
    whole = ASSET.format(name="made") + "\n\n@dg.definitions\ndef defs():\n    return dg.Definitions(assets=[made])\n"
    project.folder("publish", defs_yaml=YAML.format(name="made"), whole_py=whole)
    assert jobs(project.load()).keys() == {"made"}


def test_an_asset_that_is_made_by_no_file_beside_the_yaml_is_refused_unless_there_are_to_be_none(
    project: Project,
) -> None:
    project.folder("publish", defs_yaml=YAML.format(name="cell"), pipeline_py=ASSET.format(name="cells"))
    assert "datasets: no asset 'cell' in definitions; did you mean 'cells'?" in refused(project)
    project.folder("publish", defs_yaml=YAML.format(name="cell") + "  definitions: []\n")
    assert "registry/minnie65.cell" in keys(project.load())


def test_a_call_around_the_folder_uses_an_asset_that_is_made_elsewhere_in_it(project: Project) -> None:
    component(project, "publish", "cells")
    upstream = (
        'import registry_dagster as rd\n\nminnie = rd.materializations_asset("cave", "minnie65_public", key="{}")\n'
    )
    project.folder("upstream", minnie_py=upstream.format("cave/minnie65_public"))
    assert "Duplicate asset key" in refused_graph(project)

    graph = rd.definitions(project.load()).resolve_asset_graph()
    assert graph.get(SYSTEM).is_executable
    assert graph.get(dg.AssetKey(["registry", "minnie65.cells"])).parent_keys == {dg.AssetKey("cells"), SYSTEM}


def refused_graph(project: Project) -> str:
    with pytest.raises(dg.DagsterInvalidDefinitionError) as error:
        project.load().get_repository_def()
    return str(error.value)


def test_all_partitions_may_be_parts_of_one_table(project: Project) -> None:
    more = "  partitions: {cells: all}\n"
    project.folder("publish", defs_yaml=YAML.format(name="cells") + more, pipeline_py=PARTITIONED)
    assert getattr(declared(project.load(), "cells"), "partitions") == "all"  # noqa: B009


@pytest.mark.parametrize(
    "partitions",
    ["by_materialization", '{"1300": [minnie65_public@1300], "1412": [minnie65_public@1412]}'],
)
def test_the_materializations_may_follow_from_the_partition(project: Project, partitions: str) -> None:
    two = YAML.replace("source: cave}}]", "source: cave}}, {{system: minnie65_public, version: 1412, source: cave}}]")
    more = f"  partitions: {{cells: {partitions}}}\n"
    project.folder("publish", defs_yaml=two.format(name="cells") + more, pipeline_py=PARTITIONED)
    declaration = declared(project.load(), "cells")
    for_partition = getattr(declaration, "for_partition")  # noqa: B009
    assert list(map(str, for_partition("1412").materializations)) == ["minnie65_public@1412"]


@pytest.mark.parametrize(
    ("partitions", "said"),
    [
        ("{cell: all}", "partitions: no asset 'cell' in datasets; did you mean 'cells'?"),
        ('{cells: {"1": [minnie65_public@1301]}}', "'minnie65_public@1301' is not one of the materializations of"),
    ],
)
def test_partitions_that_fit_nothing_are_refused(project: Project, partitions: str, said: str) -> None:
    project.folder("publish", defs_yaml=YAML.format(name="cells") + f"  partitions: {partitions}\n")
    project.folder("publish", pipeline_py=PARTITIONED)
    assert said in refused(project)


def test_a_translator_comes_from_a_template(project: Project) -> None:
    text = YAML.format(name="cells") + '  translator: "{{ lab }}"\ntemplate_vars_module: .naming\n'
    project.folder("publish", defs_yaml=text, pipeline_py=ASSET.format(name="cells"), naming_py=TRANSLATOR)
    assert "lab/registry/minnie65.cells" in keys(project.load())

"""A version as a request to CAVE's catalogue: what both have words for, and nothing that is not known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from typer.testing import CliRunner, Result

from registry_dagster.cli.app import app
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.names import split_path
from registry_dagster.outward.export.carried import carried_in
from registry_dagster.outward.export.forms import FORMS, exported
from registry_dagster.outward.export.subject import subject_of
from registry_dagster.registry.registry import Registry
from registry_dagster.sources.cave_catalog.columns import meanings
from registry_dagster.sources.cave_catalog.request import request_json, requests_from
from registry_dagster.sources.cave_catalog.version import request_of
from tests.registry.declared import facts
from tests.strategies import dataset_versions

STATE = "[cave/minnie65_public@1300]"
DECLARATION = """
dataset: {name: minnie65.synapse.sizes}
materializations: STATE
layout: Pre-root
columns:
  id: {semantic: synapse_id, source_table: synapses_pni_2, copy_of: {table: synapses_pni_2, column: id}}
  pre_pt_root_id: {semantic: root_id, id_space: minnie65_public, side: pre, description: The axon.}
  supervoxel: {semantic: supervoxel_id, chunkedgraph: minnie3_v1}
  level2: {semantic: level2_id, chunkedgraph: minnie3_v1}
  point:
    {semantic: position, axis: xyz, frame: minnie65, unit: voxel, resolution_nm: [4, 4, 40],
     copy_of: {table: synapses_pni_2, column: ctr_pt_position}}
  tip_x: {semantic: position, axis: x, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  tip_y: {semantic: position, axis: y, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  tip_z: {semantic: position, axis: z, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  depth_z: {semantic: position, axis: z, frame: minnie65, unit: um}
  moved: {semantic: transformed_position, axis: xyz, frame: CCF, unit: um, transform: elastic}
  nucleus: {semantic: nucleus_id, source_table: nucleus_detection_v0}
  size: {semantic: size, unit: voxel, resolution_nm: [8, 8, 40]}
references:
  - {columns: [pre_pt_root_id], annotation_type: cell_type, to_table: cell_types_v1, to_columns: [pt_root_id],
     cardinality: "n:1", stability: version_pinned}
"""
TYPES = {
    **dict.fromkeys(("id", "pre_pt_root_id", "supervoxel", "level2", "nucleus"), "int64"),
    **dict.fromkeys(("tip_x", "tip_y", "tip_z", "depth_z", "size"), "float32"),
    **dict.fromkeys(("point", "moved"), "list<float64>"),
}
NAME = "minnie65.synapse.sizes@v1"


def target(folder: Path) -> str:
    return f"lite://{folder}/registry.db"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(target(tmp_path), publisher="ada@lab.org")


def publish(registry: Registry, text: str = DECLARATION, state: str = STATE, **types: str) -> str:
    declared = FeatureTable.from_yaml(text.replace("STATE", state))
    table = facts(12, location="gs://lab/sizes", **(types or TYPES))
    return registry.publish(declared, table, message="Sizes").version


def request(registry: Registry, name: str) -> dict[str, Any]:
    return json.loads(json.dumps(exported(subject_of(registry, name), "cave-catalog")))


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--registry", target(folder)])


def test_the_table_is_named_as_the_catalogue_names_tables(registry: Registry) -> None:
    body = request(registry, publish(registry))
    columns = body.pop("column_annotations")
    assert body == {
        "datastack": "minnie65_public",
        "name": "synapse_sizes.pre_root",
        "mat_version": 1300,
        "revision": 1,
        "uri": "gs://lab/sizes",
        "format": "delta",
        "asset_type": "table",
        "mutability": "static",
        "maturity": "stable",
        "source": "user",
        "properties": {
            "base_name": "synapse_sizes",
            "layout": "Pre-root",
            "feature_registry": {
                "version": NAME,
                "digest": registry.get(NAME).digest,
                "state": "version 12 of a Delta table",
            },
        },
    }
    assert [each["column_name"] for each in columns] == list(registry.get(NAME).columns)


def test_each_column_has_the_kind_and_the_links_that_its_meaning_has(registry: Registry) -> None:
    columns = {each.pop("column_name"): each for each in request(registry, publish(registry))["column_annotations"]}
    assert columns["id"] == {"links": [link("copy", "synapses_pni_2", "id")]}
    assert columns["pre_pt_root_id"] == {
        "description": "The axon.",
        "kind": {"kind": "segmentation", "node_level": "root_id"},
        "links": [link("join", "cell_types_v1", "pt_root_id")],
    }
    assert [columns[name]["kind"]["node_level"] for name in ("supervoxel", "level2")] == ["supervoxel_id", "level2_id"]
    assert columns["point"] == {
        "kind": {"kind": "packed_point", "resolution": [4, 4, 40]},
        "links": [link("copy", "synapses_pni_2", "ctr_pt_position")],
    }
    assert columns["tip_z"] == {
        "kind": {"kind": "split_point", "axis": "z", "point_group": "tip", "resolution": 40},
    }
    assert columns["depth_z"] == {"kind": {"kind": "split_point", "axis": "z", "resolution": 1000}}
    assert columns["nucleus"] == {"links": [link("join", "nucleus_detection_v0", "id")]}
    # The catalogue has no frame: a position in another one would be taken for one in the datastack's.
    assert columns["moved"] == columns["size"] == {}


def link(kind: str, table: str, column: str) -> dict[str, str]:
    return {"link_type": kind, "target_table": table, "target_column": column}


def test_what_the_catalogue_can_say_of_columns_comes_back(registry: Registry) -> None:
    record = registry.get(publish(registry))
    (read,) = requests_from(request(registry, NAME))
    found = meanings(read.columns, read.datastack)
    for name in ("supervoxel", "level2", "pre_pt_root_id", "point", "tip_x", "tip_y", "tip_z", "depth_z"):
        declared = record.columns[name].to_json()
        said = {**found[name].meaning, **found[name].more}
        assert {**declared, **{key: value for key, value in said.items() if value is not None}} == declared, name
        # What the semantic needs and the catalogue does not say is there, and open.
        assert {key for key, value in said.items() if value is None} == {"frame", "chunkedgraph"} & set(declared)
    assert (found["id"].id_table, found["nucleus"].id_table) == ("synapses_pni_2", "nucleus_detection_v0")
    assert [each.target_table for each in found["pre_pt_root_id"].joins] == ["cell_types_v1"]
    assert found["size"].meaning == {}


def test_maturity_is_that_of_now(registry: Registry) -> None:
    declared = FeatureTable.from_yaml(DECLARATION.replace("STATE", STATE))
    registry.publish(declared, facts(12, location="gs://lab/sizes", **TYPES), message="Trial", draft=True)
    assert request(registry, NAME)["maturity"] == "draft"
    registry.acts.promote(NAME, reason="final")
    assert request(registry, NAME)["maturity"] == "stable"
    registry.retire(NAME, reason="wrong")
    assert request(registry, NAME)["maturity"] == "deprecated"


def test_a_table_that_was_moved_is_registered_where_it_is_now(registry: Registry) -> None:
    subject = replace(subject_of(registry, publish(registry)), moved_to="s3://new/sizes")
    assert exported(subject, "cave-catalog")["uri"] == "s3://new/sizes"


COPY = """
dataset: {name: minnie65_public.synapses_pni_2}
materializations: STATE
layout: flat
columns:
  id: {semantic: synapse_id, copy_of: {table: synapses_pni_2, column: id}}
  pt_root_id: {semantic: root_id, id_space: minnie65_public, copy_of: {table: synapses_pni_2, column: pt_root_id}}
"""


def test_a_table_is_a_copy_if_each_of_its_columns_is_from_one_table(registry: Registry) -> None:
    columns = dict.fromkeys(("id", "pt_root_id"), "int64")
    body = request(registry, publish(registry, COPY, **columns))
    assert (body["name"], body["source"], body["source_table"]) == (
        "synapses_pni_2.flat",
        "materialization",
        "synapses_pni_2",
    )
    # A column that says nothing may be anything.
    more = request(registry, publish(registry, COPY.replace("flat", "more"), **columns, size="float32"))
    assert (more["source"], "source_table" in more) == ("user", False)
    two = COPY.replace("flat", "two").replace("{table: synapses_pni_2, column: id}", "{table: other, column: id}")
    assert "source_table" not in request(registry, publish(registry, two, **columns))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            "[minnie65_public@1300]",
            "is not made against a materialization version of CAVE, so CAVE's catalogue has no place for it: it is "
            "made against materialization/minnie65_public@1300.",
        ),
        ("[neuprint/hemibrain@v1.2.1]", "against neuprint/hemibrain@v1.2.1."),
        ("[cave/minnie65_public@1300, cave/minnie65_public@943]", "against several materialization versions of CAVE"),
        ("[cave/minnie65_public@latest]", "the version must be a whole number"),
    ],
)
def test_a_version_without_a_place_there_is_refused(registry: Registry, state: str, said: str, tmp_path: Path) -> None:
    publish(registry, state=state)
    refused = run(tmp_path, "export", NAME, "--as", "cave-catalog")
    assert isinstance(refused.exception, InvalidDeclaration)
    assert said in str(refused.exception)


def test_the_command_says_what_whoever_registers_it_must_add(registry: Registry, tmp_path: Path) -> None:
    publish(registry)
    done = run(tmp_path, "export", NAME, "--as", "cave-catalog")
    assert json.loads(done.stdout)["mat_version"] == 1300
    assert (
        done.stderr
        == f"note {NAME}: add is_managed, and access_group if the table has one; the registry knows neither\n"
    )
    assert "access_group" not in done.stdout


@given(dataset_versions())
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow])
def test_whatever_is_published_is_a_request_that_reads_back(record: DatasetVersion) -> None:
    state = MaterializationVersion(system="minnie65_public", version="1300", source="cave")
    ours = record.model_copy(update={"materializations": (state,)})
    asked = request_of(ours, maturity="draft")
    assert requests_from(json.loads(json.dumps(request_json(asked)))) == [asked]
    assert [each.name for each in asked.columns] == [split_path(p)[0] for p in ours.columns if len(split_path(p)) == 1]


def test_a_table_may_outlive_its_materialization_version(registry: Registry) -> None:
    state = "[{source: cave, system: minnie65_public, version: 1300, expires_on: 2099-12-01T00:00:00Z}]"
    subject = subject_of(registry, publish(registry, state=state))
    assert "expires_at" not in exported(subject, "cave-catalog")
    (note,) = [each for each in FORMS["cave-catalog"].missing(subject) if "expires_at" in each]
    assert note.startswith("minnie65_public@1300: expires on 2099-12-01 UTC, in ")
    assert note.endswith(" days: add expires_at if the table goes with it")


def test_what_the_catalogue_has_no_place_for_is_left_out_and_noted(registry: Registry) -> None:
    columns = ", ".join(f"{path}: {{semantic: root_id, id_space: minnie65_public}}" for path in ("a", "b", "pt.x"))
    join = "{columns: [a, b], to_table: t, annotation_type: cell_type, cardinality: n:1, stability: version_pinned}"
    text = f"dataset: {{name: lab.pairs}}\nmaterializations: {STATE}\ncolumns: {{{columns}}}\nreferences: [{join}]\n"
    types = {"a": "int64", "b": "int64", "pt": "struct<x: int64>", "pt.x": "int64"}
    subject = subject_of(registry, publish(registry, text, **types))
    said = exported(subject, "cave-catalog")["column_annotations"]
    assert [(each["column_name"], each.get("links")) for each in said] == [("a", None), ("b", None)]
    _, *notes = FORMS["cave-catalog"].missing(subject)
    assert notes == [
        "left out: pt.x; CAVE's catalogue has no place for fields of a struct",
        "left out: the join to t by a, b; a link there joins one column",
    ]


def test_a_record_is_not_rebuilt_from_a_request(registry: Registry) -> None:
    with pytest.raises(InvalidDeclaration, match="as croissant, ro-crate, datacite or dcat"):
        carried_in(request(registry, publish(registry)))


def test_an_answer_of_the_service_is_read_as_a_request() -> None:
    answer = {
        "id": "6f1e",
        "owner": 12,
        "datastack": "minnie65_public",
        "name": "my_table",
        "mat_version": None,
        "uri": "gs://lab/t",
        "properties": {"anything": None},
        "access_group": None,
        "created_at": "2026-05-01T00:00:00Z",
        "column_annotations": [],
        "columns": [
            {"name": "a", "dtype": "int64", "description": None, "kind": None},
            {"name": "b", "dtype": "int64", "kind": {"kind": "packed_point", "resolution": None}},
            {
                "name": "c",
                "dtype": "int64",
                "kind": {"kind": "new_in_2027"},
                "links": [{"link_type": "join", "target_table": "t"}],
            },
        ],
    }
    (read,) = requests_from([answer])
    assert (read.mat_version, read.layout, read.maturity) == (None, None, "stable")
    found = meanings(read.columns, "minnie65_public")
    assert found["a"].meaning == {}
    assert found["b"].meaning == {"semantic": "position", "axis": "xyz", "frame": None, "unit": None}
    assert (found["c"].meaning, found["c"].id_table) == ({}, "t")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("text", "must be a JSON object, with datastack, name and uri"),
        ([{"datastack": "a", "name": "b", "uri": "gs://x"}, 5], "1: a request must be a JSON object"),
        ([{"datastack": "a", "name": "b"}], "0.uri: required, but missing"),
        ({"datastack": "a", "name": "b", "uri": "gs://x", "mat_version": "x"}, "mat_version: must be a whole number"),
        ({"datastack": "a", "name": "b", "uri": "gs://x?X-Goog-Signature=1"}, "uri: the location carries"),
        ([{}] * 10_001, "10,001 requests are too many at once"),
    ],
)
def test_what_is_no_request_is_refused_with_its_place(data: object, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        requests_from(data)
    assert said in str(refused.value)

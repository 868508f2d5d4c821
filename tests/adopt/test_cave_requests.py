"""Requests to CAVE's catalogue become drafts: what was exported comes back, and nothing is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.errors import InvalidDeclaration, RegistryError
from registry_dagster.model.feature_table import FeatureTable
from tests.adopt.conftest import Run

DECLARATION = """
dataset: {name: minnie65.synapse_sizes}
materializations: [cave/minnie65_public@1300]
columns:
  id: {semantic: synapse_id, source_table: synapses_pni_2, copy_of: {table: synapses_pni_2, column: id}}
  pre_pt_root_id: {semantic: root_id, id_space: minnie65_public, side: pre, null_sentinel: 0, description: The axon.}
  pre_pt_supervoxel_id: {semantic: supervoxel_id, chunkedgraph: minnie3_v1, side: pre}
  ctr_pt_position:
    {semantic: position, axis: xyz, frame: minnie65, unit: voxel, resolution_nm: [4, 4, 40], role: center,
     copy_of: {table: synapses_pni_2, column: ctr_pt_position}}
  tip_x: {semantic: position, axis: x, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  tip_y: {semantic: position, axis: y, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  tip_z: {semantic: position, axis: z, frame: minnie65, unit: voxel, resolution_nm: [8, 8, 40]}
  soma: {semantic: nucleus_id, source_table: nucleus_detection_v0}
  quality: {semantic: score}
references:
  - {columns: [pre_pt_root_id], annotation_type: cell_type, to_table: cell_types_v1, to_columns: [pt_root_id],
     cardinality: "n:1", stability: version_pinned}
versions:
  - {table: lake/id, layout: id}
  - {table: lake/pre, layout: pre, draft: true}
"""
ROWS = pa.table(
    {
        **{name: pa.array([1], pa.int64()) for name in ("id", "pre_pt_root_id", "pre_pt_supervoxel_id")},
        "ctr_pt_position": pa.array([[1.0, 2.0, 3.0]], pa.list_(pa.float64())),
        **{name: pa.array([1.0]) for name in ("tip_x", "tip_y", "tip_z")},
        "soma": pa.array([1], pa.int64()),
        "quality": pa.array([0.5]),
    }
)
NAME = "minnie65.synapse_sizes"
ANSWERED = {
    "chunkedgraph: TODO": "chunkedgraph: minnie3_v1",
    "semantic: annotation_id\n    annotation_type: TODO": "semantic: synapse_id",
    "annotation_type: TODO\n    cardinality: TODO\n    stability: TODO": (
        "annotation_type: cell_type\n    cardinality: n:1\n    stability: version_pinned"
    ),
    "{semantic: annotation_id, annotation_type: TODO, source_table: nucleus_detection_v0}": (
        "{semantic: nucleus_id, source_table: nucleus_detection_v0}"
    ),
    "quality: {semantic: TODO}": "quality: {semantic: score}",
}
"""What the catalogue has no words for, as a person answers it."""


@pytest.fixture
def requests(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is exported of two published layouts of a table. The registry is another one from then on."""
    for layout in ("id", "pre"):
        write_deltalake(tmp_path / "lake" / layout, ROWS)
    (tmp_path / "sizes.yaml").write_text(DECLARATION)
    assert run("publish", "sizes.yaml", "-m", "Sizes").exit_code == 0
    found = [json.loads(run("export", f"{NAME}@v{n}", "--as", "cave-catalog").stdout) for n in (1, 2)]
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'another.db'}")
    return found


def adopt(run: Run, tmp_path: Path, requests: object) -> str:
    (tmp_path / "requests.json").write_text(json.dumps(requests))
    done = run("adopt", "cave-catalog", "requests.json")
    assert done.exception is None, done.exception
    return done.output


def reviewed(draft: Path) -> tuple[FeatureTable, ...]:
    text = draft.read_text().replace("reviewed_by:", "reviewed_by: ada@lab.org")
    for open_words, words in ANSWERED.items():
        text = text.replace(open_words, words)
    return tuple(each.declared for each in read_file(text, folder=draft.parent).tables)


def test_what_was_exported_comes_back_as_a_draft(run: Run, tmp_path: Path, requests: list[dict[str, Any]]) -> None:
    assert f"drafted\tdrafts/{NAME}.yaml\t2\n" in adopt(run, tmp_path, requests)
    draft = tmp_path / "drafts" / f"{NAME}.yaml"
    declared = tuple(each.declared for each in read_file(tmp_path / "sizes.yaml").tables)
    drafted = reviewed(draft)
    assert drafted == declared
    assert draft.read_text().endswith("    layout: pre\n    draft: true\n")
    assert run("list").stdout == ""


def test_a_draft_says_what_is_from_the_catalogue_and_what_from_names(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    adopt(run, tmp_path, requests)
    text = (tmp_path / "drafts" / f"{NAME}.yaml").read_text()
    assert "  # int64: CAVE's catalogue; CAVE's name for the segment at a point; 0 is outside of all" in text
    assert (
        "  # float64: CAVE's catalogue\n"
        "  tip_x: {semantic: position, axis: x, frame: minnie65, unit: voxel, resolution_nm: [8.0, 8.0, 40.0]}"
    ) in text


def test_one_request_is_read_from_standard_input_and_added_to_a_draft(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    adopt(run, tmp_path, requests[:1])
    draft = tmp_path / "drafts" / f"{NAME}.yaml"
    draft.write_text(draft.read_text().replace("reviewed_by:", "reviewed_by: ada@lab.org"))
    done = run("adopt", "cave-catalog", "-", typed=json.dumps(requests[1]))
    assert f"added to\tdrafts/{NAME}.yaml\t1\n" in done.stdout
    assert "reviewed_by:  # ada@lab.org had reviewed it; tables were added since" in draft.read_text()
    assert "sum\tunchanged\t1\n" in adopt(run, tmp_path, requests)


def other(tmp_path: Path, **parts: Any) -> dict[str, Any]:
    """A request that another program wrote for the same table."""
    request = {
        "datastack": "minnie65_public",
        "name": "sizes",
        "uri": str(tmp_path / "lake" / "id"),
        "mat_version": 943,
    }
    return {**request, "asset_type": "table", "is_managed": True, **parts}


def test_a_request_of_others_is_named_by_its_datastack(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    columns: list[Mapping[str, Any]] = [
        {"column_name": "quality", "kind": {"kind": "segmentation", "node_level": "root_id"}},
        {"column_name": "soma", "links": [{"link_type": "join", "target_table": "nuclei", "target_column": "id"}]},
        {"column_name": "gone", "description": "It was there."},
    ]
    said: dict[str, Any] = {"maturity": "deprecated", "mutability": "mutable", "access_group": "team"}
    said |= {"expires_at": "2027-01-31T00:00Z", "source": "materialization", "source_table": "synapses_pni_2"}
    adopt(run, tmp_path, other(tmp_path, **said, column_annotations=columns))
    text = (tmp_path / "drafts" / "minnie65_public.sizes.yaml").read_text()
    assert "materializations: [cave/minnie65_public@943]" in text
    assert "  # float64: root_id in CAVE's catalogue, but an id stored as float64 loses digits above 2^53" in text
    assert "  quality: {semantic: TODO}" in text
    assert "  soma: {semantic: annotation_id, annotation_type: TODO, source_table: nuclei}" in text
    words = " ".join(line.strip(" #") for line in text.splitlines())
    assert (
        "a copy of synapses_pni_2, says CAVE's catalogue, but of no column: add copy_of where it is so; "
        "deprecated in CAVE's catalogue: leave it out, or retire it after publishing; it may change, says CAVE's "
        "catalogue; a version is the state that is found when it is published; CAVE's catalogue drops its entry on "
        "2027-01-31; in CAVE's catalogue it is for the group team; CAVE's catalogue names columns that it does not "
        "have: gone"
    ) in words


def test_what_is_no_table_or_cannot_be_read_is_reported(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    (tmp_path / "requests.json").write_text(
        json.dumps([other(tmp_path, asset_type="view"), other(tmp_path, uri=str(tmp_path / "nowhere")), *requests])
    )
    done = run("adopt", "cave-catalog", "requests.json")
    assert done.exit_code == 1
    assert "skipped sizes: it is a view, and no table" in done.output
    assert "minnie65_public.sizes: " in done.output
    assert (tmp_path / "drafts" / f"{NAME}.yaml").exists()


def test_of_several_requests_for_one_place_those_that_are_not_taken_are_named(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]]
) -> None:
    said = adopt(run, tmp_path, [other(tmp_path, revision=2), other(tmp_path, mat_version=1412, revision=1)])
    assert (
        "skipped sizes of minnie65_public@1412, revision 1: for the same place as sizes of minnie65_public@943, "
        "revision 2, which is taken"
    ) in said
    assert "@1412" not in (tmp_path / "drafts" / "minnie65_public.sizes.yaml").read_text()


@pytest.mark.parametrize("layout", ["true", "1300", "pre\n    label: gold", "id: x"])
def test_a_layout_of_others_is_text_and_writes_no_line_of_its_own(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]], layout: str
) -> None:
    adopt(run, tmp_path, other(tmp_path, name=f"sizes.{layout}"))
    *_, last = (tmp_path / "drafts" / "minnie65_public.sizes.yaml").read_text().splitlines()
    assert last == f"    layout: {json.dumps(layout)}"


@pytest.mark.parametrize("size", ["1e999", "1" + "0" * 400, "-4", "true"])
def test_what_cannot_be_the_size_of_a_voxel_is_left_to_people(
    run: Run, tmp_path: Path, requests: list[dict[str, Any]], size: str
) -> None:
    kind = {"kind": "packed_point", "resolution": ["SIZE", 4, 40]}
    request = json.dumps(other(tmp_path, column_annotations=[{"column_name": "ctr_pt_position", "kind": kind}]))
    assert run("adopt", "cave-catalog", "-", typed=request.replace('"SIZE"', size)).exception is None
    text = (tmp_path / "drafts" / "minnie65_public.sizes.yaml").read_text()
    assert "  ctr_pt_position: {semantic: position, axis: xyz, frame: minnie65, unit: TODO" in text


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("{", "- cannot be read as JSON"),
        ("[1]", "0: a request must be a JSON object"),
        ('[{"datastack": "a", "name": "t", "uri": "s3://b/t", "revision": NaN}]', "NaN, which is not a number of JSON"),
    ],
)
def test_what_is_no_request_is_refused(run: Run, typed: str, said: str) -> None:
    refused = run("adopt", "cave-catalog", "-", typed=typed)
    assert isinstance(refused.exception, RegistryError)
    assert said in str(refused.exception)


def test_a_file_is_needed(run: Run) -> None:
    refused = run("adopt", "cave-catalog")
    assert isinstance(refused.exception, InvalidDeclaration | RegistryError)
    assert "adopt cave-catalog FILE" in str(refused.exception)

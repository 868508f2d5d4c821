"""What is proposed for a column: what names, types and the registry say, and nothing that they do not."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_dagster.adopt.conventions import propose
from registry_dagster.adopt.proposal import Context
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.yaml_text import flow
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Count
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

SYNAPSES = {
    "id": "int64",
    "size": "float32",
    "pre_pt_root_id": "int64",
    "post_pt_root_id": "int64",
    "pre_pt_supervoxel_id": "int64",
    "ctr_pt_position_x": "int32",
    "ctr_pt_position_y": "int32",
    "ctr_pt_position_z": "int32",
    "created": "timestamp[us, tz=UTC]",
    "valid": "bool",
}


def meanings(types: dict[str, str], **known: Any) -> dict[str, dict[str, Any]]:
    table = facts(**types)
    return {path: dict(each.meaning) for path, each in propose(table, Context.of(table, **known)).items()}


def test_a_synapse_table_of_cave() -> None:
    found = meanings(SYNAPSES, system="minnie65_public", table="synapses_pni_2")
    root = {"semantic": "root_id", "id_space": "minnie65_public", "null_sentinel": 0}
    center = {"semantic": "position", "frame": "minnie65", "unit": "TODO", "role": "center"}
    assert found == {
        "id": {"semantic": "synapse_id", "source_table": "synapses_pni_2"},
        "size": {"semantic": "size", "unit": "TODO"},
        "pre_pt_root_id": {**root, "side": "pre"},
        "post_pt_root_id": {**root, "side": "post"},
        "pre_pt_supervoxel_id": {"semantic": "supervoxel_id", "chunkedgraph": "TODO", "side": "pre"},
        **{f"ctr_pt_position_{axis}": {**center, "axis": axis} for axis in "xyz"},
        "created": {"semantic": "timestamp"},
        "valid": {"semantic": "flag"},
    }


@pytest.mark.parametrize(
    ("name", "dtype", "meaning"),
    [
        ("bodyId", "int64", {"semantic": "body_id", "id_space": "TODO"}),
        ("body_pre", "uint64", {"semantic": "body_id", "id_space": "TODO", "side": "pre"}),
        ("lvl2_id", "int64", {"semantic": "level2_id", "chunkedgraph": "TODO"}),
        ("nucleus_id", "int64", {"semantic": "nucleus_id"}),
        ("target_id", "int64", {"semantic": "target_id", "reference_table": "TODO"}),
        ("cell.type", "string", {"semantic": "label"}),
        ("nucleus_volume_um3", "float64", {"semantic": "volume", "unit": "um3"}),
        ("volume", "float64", {"semantic": "volume", "unit": "TODO"}),
        ("n_synapses", "int32", {"semantic": "count", "counted": "synapse"}),
        ("n_things", "int32", {"semantic": "count", "counted": "TODO"}),
        ("cleft_score", "float32", {"semantic": "score"}),
        ("embedding", "fixed_size_list<float32>[64]", {"semantic": "embedding", "model": "TODO", "anchor": "TODO"}),
        (
            "embedding",
            "list<float32>",
            {"semantic": "embedding", "model": "TODO", "anchor": "TODO", "dim": "TODO"},
        ),
        ("umap_x", "float32", {"semantic": "reduced_embedding", "method": "UMAP", "dim": 1, "component": 0}),
        ("seen", "timestamp[us]", {"semantic": "timestamp", "utc": "TODO"}),
        ("kind", "dictionary<values=string, indices=int32>", {"semantic": "label"}),
        ("__index_level_0__", "int64", {"semantic": "bookkeeping"}),
    ],
)
def test_what_a_name_says(name: str, dtype: str, meaning: dict[str, Any]) -> None:
    path = name.replace(".", r"\.")
    assert meanings({path: dtype})[path] == meaning


@pytest.mark.parametrize(
    ("name", "dtype"),
    [
        ("root_id", "float64"),
        ("x", "float32"),
        ("id", "int64"),
        ("session", "int32"),
        ("weight", "float32"),
        ("pre", "int64"),
        ("rank_vec", "fixed_size_list<float32>[17]"),
        ("pt_position", "string"),
        ("cell_type", "int8"),
        ("da", "float32"),
        ("notes", "string"),
        ("area", "string"),
        ("n_fiber_id", "int64"),
        ("cell_type_source", "string"),
        ("instance", "string"),
    ],
)
def test_what_a_name_does_not_say_is_left_to_people(name: str, dtype: str) -> None:
    assert meanings({name: dtype}) == {name: {"semantic": "TODO"}}


def test_an_id_stored_as_a_float_is_named_as_what_it_is() -> None:
    table = facts(root_id="float64")
    assert (
        "root_id by its name, but an id stored as float64 loses digits"
        in propose(table, Context.of(table))["root_id"].why
    )


def test_neighbouring_numbered_columns_are_one_vector() -> None:
    found = meanings({"id": "int64", **{f"emb_{number}": "float32" for number in range(64)}, "other_1": "float32"})
    assert list(found) == ["id", "emb_0", "other_1"]
    assert found["emb_0"] == {"semantic": "embedding", "last_column": "emb_63", "model": "TODO", "anchor": "TODO"}


def test_positions_of_three_kinds() -> None:
    struct = {"pt_position": "struct", "pt_position.x": "int32", "pt_position.y": "int32", "pt_position.z": "int32"}
    assert meanings(struct, system="v1dd_public") == {
        "pt_position": {"semantic": "position", "axis": "xyz", "frame": "v1dd", "unit": "TODO"}
    }
    address = {"location": "struct", "location.street": "string", "location.city": "string"}
    assert set(meanings(address)) == {"location.street", "location.city"}
    assert meanings({"somaLocation": "list<int32>"}, system="hemibrain")["somaLocation"] == {
        "semantic": "position",
        "axis": "xyz",
        "frame": "hemibrain",
        "unit": "voxel",
        "resolution_nm": [8, 8, 8],
    }
    named = meanings({f"pt_{axis}_nm": "float64" for axis in "xyz"}, system="lab")
    assert named["pt_x_nm"] == {"semantic": "position", "axis": "x", "frame": "TODO", "unit": "nm"}


def test_fields_of_a_struct_are_columns_and_elements_of_a_list_are_not() -> None:
    types = {"obs": "list<struct>", "obs.element": "struct", "obs.element.root_id": "int64", "tags": "list<string>"}
    found = meanings({**types, "tags.element": "string"}, system="lab")
    assert found["obs.element.root_id"] == {"semantic": "root_id", "id_space": "lab"}
    assert "tags.element" not in found


def test_the_same_column_elsewhere_in_the_registry(tmp_path: Any) -> None:
    state = MaterializationVersion(system="lab", version="1", source="cave")
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        empty = Published(registry.meanings)
        assert empty.proposal("weight", "int64", "lab") is None
        for name, columns in {
            "lab.a": {"weight": Count(counted="synapse"), "other": RootId(id_space="lab")},
            "lab.b": {"weight": Count(counted="synapse"), "other": RootId(id_space="elsewhere")},
        }.items():
            table = facts(weight="int64", other="int64", location=f"/data/{name}")
            registry.publish(declared(name, columns=columns, materializations=[state]), table, message="First")
        published = Published(registry.meanings)
        table = facts(weight="int64", other="int64", weights="int64")
        found = propose(table, Context.of(table, system="lab"), published)
        assert found["weight"].meaning == {"semantic": "count", "counted": "synapse"}
        assert found["weight"].why == "as published in lab.b@v1, lab.a@v1"
        assert (found["other"].meaning, found["other"].why) == (
            {"semantic": "TODO"},
            "published as root_id in lab.b@v1, root_id in lab.a@v1",
        )
        assert propose(table, Context.of(table, system="fly"), published)["weight"].meaning == {"semantic": "TODO"}
        assert published.proposal("weight", "int32", "lab") is None


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
KEYS = st.text("abnyß: #-", max_size=5)


@settings(max_examples=25)
@given(
    st.recursive(
        TEXTS | st.integers() | st.booleans(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    )
)
def test_what_is_written_is_read_as_the_same(value: Any) -> None:
    assert yaml.safe_load(flow(value)) == value


def test_every_proposed_semantic_exists() -> None:
    proposed = {each["semantic"] for each in meanings(SYNAPSES).values()}
    assert proposed <= set(SEMANTICS)

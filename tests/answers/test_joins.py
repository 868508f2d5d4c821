"""How two tables can be joined: on which columns, how often, for how long, and with what loss."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.join import Cardinality, Join, chained, inverted
from registry_dagster.answers.joins import Joins, joins
from registry_dagster.model.columns import AnyColumn
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.geometry import Position, TransformedPosition
from registry_dagster.model.identifiers import (
    AnnotationId,
    BodyId,
    FunctionalUnitKey,
    Identifier,
    NucleusId,
    RootId,
    SkeletonNodeId,
    SupervoxelId,
    SynapseId,
    TargetId,
)
from registry_dagster.model.quantities import Score
from registry_dagster.model.reference import Reference
from registry_dagster.model.signals import CompatibilityRange, Crosswalk, SpatialDrift
from tests.registry.records import record, related_versions
from tests.strategies import dataset_versions

MINNIE = "minnie65_public@943"
LATER = "minnie65_public@1300"
ROOT = RootId(id_space="minnie65_public", null_sentinel=0)
NUCLEUS = NucleusId(source_table="nucleus_detection_v0")
BODY = BodyId(id_space="hemibrain")


def synapses(version: str = MINNIE, **parts: Any) -> DatasetVersion:
    columns = {
        "id": SynapseId(source_table="synapses_pni_2"),
        "pre_pt_root_id": RootId(id_space="minnie65_public", side="pre", null_sentinel=0),
        "post_pt_root_id": RootId(id_space="minnie65_public", side="post", null_sentinel=0),
    }
    return record("minnie65.synapses@v1", version, **({"columns": columns} | parts))


def nuclei(version: str = MINNIE, **parts: Any) -> DatasetVersion:
    return record("minnie65.nuclei@v1", version, **({"columns": {"id": NUCLEUS, "pt_root_id": ROOT}} | parts))


def volumes(version: str = LATER, **parts: Any) -> DatasetVersion:
    return record("minnie65.volumes@v1", version, **({"columns": {"nucleus_id": NUCLEUS}} | parts))


def bodies(name: str, version: str = "hemibrain@v1.2", **parts: Any) -> DatasetVersion:
    return record(f"{name}@v1", version, **({"columns": {"bodyid": BODY}} | parts))


def pointing(to: str, **parts: Any) -> Reference:
    keys: dict[str, Any] = {"columns": ("bodyid",), "to_columns": ("bodyid",), "cardinality": "n:1"}
    keys |= {"annotation_type": "segment", "stability": "version_pinned"}
    return Reference(to=to, **(keys | parts))


def only(found: Joins) -> Join:
    assert len(found.joins) == 1, str(found)
    return found.joins[0]


def test_a_declared_reference_is_a_join_with_all_that_it_declares() -> None:
    meta = bodies("hemibrain.toon_meta", references=[pointing("hemibrain.points", expected_match_rate=0.98)])
    join = only(joins(meta, bodies("hemibrain.points")))
    assert (join.kind, join.verdict, join.basis) == ("declared", Verdict.EXACT, "declared")
    assert (join.columns, join.cardinality, join.stability) == ((("bodyid", "bodyid"),), "n:1", "version_pinned")
    assert [str(loss) for loss in join.losses] == [
        "2.0% of the rows of hemibrain.toon_meta@v1 find no partner (declared)"
    ]
    whole = bodies("hemibrain.toon_meta", references=[pointing("hemibrain.points", expected_match_rate=1.0)])
    (loss,) = only(joins(whole, bodies("hemibrain.points"))).losses
    assert str(loss) == "every row of hemibrain.toon_meta@v1 is expected to find a partner (declared)"
    assert join.reason.startswith("hemibrain.toon_meta@v1 declares bodyid → hemibrain.points; both name hemibrain@v1.2")


def test_a_reference_of_the_other_table_is_read_from_this_side() -> None:
    meta = bodies("hemibrain.toon_meta", references=[pointing("hemibrain.points", expected_match_rate=0.98)])
    join = only(joins(bodies("hemibrain.points"), meta))
    assert (join.kind, join.cardinality) == ("declared", "1:n")
    assert [loss.of for loss in join.losses] == ["hemibrain.toon_meta@v1"]


def test_references_of_both_tables_are_one_join() -> None:
    a = bodies("hemibrain.a", references=[pointing("hemibrain.b", expected_match_rate=0.98)])
    b = bodies("hemibrain.b", references=[pointing("hemibrain.a", cardinality="1:n", expected_match_rate=0.5)])
    join = only(joins(a, b))
    assert join.cardinality == "n:1"
    assert [(loss.of, loss.fraction) for loss in join.losses] == [("hemibrain.a@v1", 0.02), ("hemibrain.b@v1", 0.5)]


def test_references_that_contradict_each_other_leave_the_cardinality_open() -> None:
    a = bodies("hemibrain.a", references=[pointing("hemibrain.b")])
    b = bodies("hemibrain.b", references=[pointing("hemibrain.a", cardinality="1:1")])
    join = only(joins(a, b))
    assert join.cardinality is None
    assert "declared as 1:1 and as n:1, so its cardinality is unknown" in join.reason


def test_columns_that_a_reference_leaves_out_are_those_with_the_same_ids() -> None:
    a = bodies("hemibrain.a", references=[pointing("hemibrain.b", to_columns=())])
    b = record("hemibrain.b@v1", "hemibrain@v1.2", columns={"neuron": BODY, "score": Score()})
    assert only(joins(a, b)).columns == (("bodyid", "neuron"),)


def test_a_reference_to_a_column_that_is_not_there_is_no_join_and_is_reported() -> None:
    a = bodies("hemibrain.a", references=[pointing("hemibrain.b", to_columns=("body",))])
    found = joins(a, record("hemibrain.b@v2", "hemibrain@v1.2", columns={"score": Score()}))
    assert found.joins == ()
    assert found.notes == (
        "hemibrain.a@v1 declares bodyid → hemibrain.b (body), but hemibrain.b@v2 has no column body",
    )


def test_a_reference_says_beside_which_version_it_was_published() -> None:
    versions = {"hemibrain.b": "hemibrain.b@v7"}
    a = bodies("hemibrain.a", references=[pointing("hemibrain.b")], reference_versions=versions)
    assert "published beside hemibrain.b@v7" in only(joins(a, bodies("hemibrain.b"))).reason


def test_a_reference_between_id_spaces_is_reported_as_incompatible() -> None:
    a = bodies("hemibrain.a", references=[pointing("flywire.b", to_columns=("root_id",))])
    columns = {"root_id": RootId(id_space="flywire_fafb")}
    join = only(joins(a, record("flywire.b@v1", "flywire_fafb_public@630", columns=columns)))
    assert join.verdict is Verdict.INCOMPATIBLE
    assert "different ids" in join.reason


def test_a_reference_through_a_crosswalk_is_a_bridge() -> None:
    reference = pointing("flywire.b", to_columns=("root_id",), crosswalk="fly.matches")
    columns = {"root_id": RootId(id_space="flywire_fafb")}
    b = record("flywire.b@v1", "flywire_fafb_public@630", columns=columns)
    join = only(joins(bodies("hemibrain.a", references=[reference]), b))
    assert (join.kind, join.verdict, join.through) == ("bridge", Verdict.BRIDGEABLE, ("fly.matches",))


def test_root_ids_of_one_version_join_exactly_and_both_sides_are_offered() -> None:
    found = joins(synapses(), nuclei())
    assert [join.columns for join in found.joins] == [
        (("post_pt_root_id", "pt_root_id"),),
        (("pre_pt_root_id", "pt_root_id"),),
    ]
    assert {(join.kind, join.verdict, join.cardinality, join.basis) for join in found.joins} == {
        ("derived", Verdict.EXACT, None, "derived")
    }


def test_root_ids_of_two_versions_join_with_an_unknown_loss() -> None:
    join = joins(synapses(), nuclei(LATER)).joins[0]
    assert (join.verdict, join.stability, join.losses) == (Verdict.LOSSY, "version_pinned", ())
    assert "expected loss unknown" in str(join)


def test_what_survives_between_two_versions_is_the_loss_of_the_join() -> None:
    survival = CompatibilityRange(
        system="flywire_fafb_public", from_version="630", to_version="783", surviving_fraction=0.834, basis="measured"
    )
    columns = {"root_id": RootId(id_space="flywire_fafb")}
    ranks = record("flywire.ranks@v1", "flywire_fafb_public@630", columns=columns, signals=[survival])
    join = only(joins(ranks, record("flywire.neurons@v1", "flywire_fafb_public@783", columns=columns)))
    assert [(loss.what, loss.fraction, loss.basis) for loss in join.losses] == [("keys", 0.166, "measured")]


def test_nucleus_ids_of_one_table_join_over_versions() -> None:
    join = only(joins(nuclei(), volumes()))
    assert (join.columns, join.verdict, join.stability) == (
        (("id", "nucleus_id"),),
        Verdict.ID_STABLE,
        "stable_within_table",
    )


def test_stable_keys_come_before_lossy_ones() -> None:
    found = joins(nuclei(), nuclei(LATER).model_copy(update={"dataset": "minnie65.later"}))
    assert [join.verdict for join in found.joins] == [Verdict.ID_STABLE, Verdict.LOSSY]


def test_joins_that_keep_to_one_side_come_before_those_that_cross() -> None:
    found = joins(synapses(), synapses().model_copy(update={"dataset": "minnie65.embeddings"}))
    crossing = [{("pre" in left, "pre" in right) for left, right in join.columns} for join in found.joins[1:]]
    assert found.joins[0].columns == (("id", "id"),)
    assert crossing[:2] == [{(False, False)}, {(True, True)}]


def test_a_target_id_joins_the_table_whose_ids_it_holds() -> None:
    types = record("minnie65.types@v1", MINNIE, columns={"target_id": TargetId(reference_table="nucleus_detection_v0")})
    assert only(joins(types, nuclei())).columns == (("target_id", "id"),)


def test_a_target_id_that_names_its_dataset_is_declared() -> None:
    target = TargetId(reference_table="nucleus_detection_v0", dataset="minnie65.nuclei")
    types = record("minnie65.types@v1", MINNIE, columns={"target_id": target})
    join = only(joins(types, nuclei(columns={"id": NucleusId()})))
    assert (join.kind, join.columns) == ("declared", (("target_id", "id"),))


def test_a_reference_to_an_upstream_table_joins_what_holds_its_ids() -> None:
    reference = Reference(
        columns=("cell",),
        annotation_type="nucleus",
        to_table="nucleus_detection_v0",
        cardinality="n:1",
        stability="stable_within_table",
        null_sentinel=0,
    )
    types = record("minnie65.types@v1", MINNIE, types={"cell": "int64"}, references=[reference])
    join = only(joins(types, volumes(MINNIE)))
    assert (join.kind, join.columns, join.cardinality) == ("derived", (("cell", "nucleus_id"),), None)
    assert [str(each) for each in join.steps[0].null_sentinels] == ["cell = 0 means none in minnie65.types@v1"]
    elsewhere = joins(types, volumes("v1dd@1196"))
    assert elsewhere.joins == ()
    assert "but the tables share no upstream system" in elsewhere.notes[0]


def test_two_tables_that_point_at_one_dataset_join_through_its_key() -> None:
    a = record("fly.a@v1", "hemibrain@v1.2", types={"body": "int64"}, references=[pointing("fly.n", columns=("body",))])
    b = bodies("fly.b", references=[pointing("fly.n", cardinality="1:1")])
    join = only(joins(a, b))
    assert (join.kind, join.columns, join.cardinality) == ("derived", (("body", "bodyid"),), "n:1")


def test_ids_that_nothing_ties_together_are_reported_and_not_joined() -> None:
    found = joins(nuclei(columns={"id": NucleusId()}), volumes(MINNIE))
    assert found.joins == ()
    assert found.notes == ("id ↔ nucleus_id: both are nucleus ids, but table is not declared for both",)


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"score": Score()}, "minnie65.volumes@v1 declares no identifier column"),
        ({"sv": SupervoxelId(chunkedgraph="minnie3_v1")}, "no reference and no key in common"),
        ({"bodyid": BODY}, "are different ids"),
    ],
)
def test_no_join_says_why(columns: dict[str, AnyColumn], why: str) -> None:
    found = joins(nuclei(), volumes(columns=columns))
    assert found.joins == ()
    assert any(why in note for note in found.notes), found.notes


def test_skeleton_nodes_join_together_with_their_segment_only() -> None:
    node = SkeletonNodeId(skeleton_source="hemibrain", skeleton_version="v1.2")
    columns = {"bodyid": BODY, "node": node}
    found = joins(bodies("hemibrain.a", columns=columns), bodies("hemibrain.b", columns=columns))
    assert [join.columns for join in found.joins] == [(("bodyid", "bodyid"),), (("bodyid", "bodyid"), ("node", "node"))]
    alone = joins(bodies("hemibrain.a", columns={"node": node}), bodies("hemibrain.b", columns=columns))
    assert alone.joins == ()
    assert "is identified within its segment" in alone.notes[0]


def test_functional_units_join_by_their_whole_key_only() -> None:
    key: dict[str, Identifier] = {part: FunctionalUnitKey(part=part) for part in ("session", "scan_idx", "unit_id")}
    join = only(joins(nuclei(columns=key), volumes(MINNIE, columns=key)))
    assert [left for left, _ in join.columns] == ["session", "scan_idx", "unit_id"]
    assert joins(nuclei(columns=key), volumes(columns=key)).joins[0].verdict is Verdict.UNKNOWN
    part = {"session": key["session"]}
    assert "session 1, scan_idx 0, unit_id 0" in joins(nuclei(columns=key), volumes(MINNIE, columns=part)).notes[0]


def test_null_sentinels_of_both_sides_are_named() -> None:
    join = joins(synapses(), nuclei()).joins[1]
    assert [each.to_dict() for each in join.steps[0].null_sentinels] == [
        {"version": "minnie65.synapses@v1", "column": "pre_pt_root_id", "value": "0"},
        {"version": "minnie65.nuclei@v1", "column": "pt_root_id", "value": "0"},
    ]


def test_a_table_that_holds_both_keys_is_a_bridge() -> None:
    found = joins(synapses(), volumes(), bridges=[nuclei(), synapses(), bodies("hemibrain.points")])
    assert {join.through for join in found.joins} == {("minnie65.nuclei@v1",)}
    pre = found.joins[1]
    assert (pre.kind, pre.verdict, pre.stability) == ("bridge", Verdict.BRIDGEABLE, "version_pinned")
    assert [step.columns for step in pre.steps] == [(("pre_pt_root_id", "pt_root_id"),), (("id", "nucleus_id"),)]
    assert [step.compatibility.verdict for step in pre.steps] == [Verdict.EXACT, Verdict.ID_STABLE]


def test_a_bridge_is_no_better_than_its_weakest_step() -> None:
    found = joins(synapses(), volumes(), bridges=[nuclei(LATER)])
    assert {join.verdict for join in found.joins} == {Verdict.LOSSY}


def test_a_way_through_one_and_the_same_key_is_no_bridge() -> None:
    found = joins(nuclei(), volumes(MINNIE), bridges=[volumes(MINNIE).model_copy(update={"dataset": "other"})])
    assert [join.kind for join in found.joins] == ["derived"]


def crosswalk(**parts: Any) -> DatasetVersion:
    signal = Crosswalk(dataset="minnie65.roots", from_version=MINNIE, to_version=LATER, basis="measured")
    held = {"columns": {"old": ROOT, "new": ROOT}, "signals": [signal]}
    return record("minnie65.roots@v1", MINNIE, LATER, **(held | parts))


def rooted(name: str, version: str) -> DatasetVersion:
    return record(f"minnie65.{name}@v1", version, columns={"root_id": ROOT})


def test_a_crosswalk_bridges_two_versions_where_references_name_its_columns() -> None:
    def to(name: str, column: str) -> Reference:
        return pointing(f"minnie65.{name}", columns=(column,), to_columns=("root_id",), cardinality="1:1")

    walk = crosswalk(references=[to("a", "old"), to("b", "new")])
    bridge, direct = joins(rooted("a", MINNIE), rooted("b", LATER), bridges=[walk]).joins
    assert (bridge.kind, bridge.verdict, bridge.basis) == ("bridge", Verdict.BRIDGEABLE, "measured")
    assert (bridge.columns, bridge.cardinality) == ((("root_id", "old"), ("new", "root_id")), "1:1")
    assert (direct.kind, direct.verdict) == ("derived", Verdict.LOSSY)


@pytest.mark.parametrize(("carried", "verdict"), [(("old", "new"), Verdict.BRIDGEABLE), (("old",), Verdict.LOSSY)])
def test_a_crosswalk_carries_the_columns_it_names(carried: tuple[str, ...], verdict: Verdict) -> None:
    signal = Crosswalk(
        dataset="minnie65.roots", from_version=MINNIE, to_version=LATER, columns=carried, basis="declared"
    )
    columns = {"old": RootId(id_space="m943"), "new": RootId(id_space="m1300")}
    walk = crosswalk(columns=columns, signals=[signal])
    a = record("minnie65.a@v1", MINNIE, columns={"root_id": columns["old"]})
    b = record("minnie65.b@v1", LATER, columns={"root_id": columns["new"]})
    assert only(joins(a, b, bridges=[walk])).verdict is verdict


def test_a_crosswalk_does_not_speak_for_a_version_it_does_not_hold() -> None:
    columns = {"old": RootId(id_space="m943"), "new": RootId(id_space="m1300")}
    walk = crosswalk(columns=columns).model_copy(update={"materializations": rooted("a", LATER).materializations})
    a = record("minnie65.a@v1", MINNIE, columns={"root_id": columns["old"]})
    b = record("minnie65.b@v1", LATER, columns={"root_id": columns["new"]})
    assert only(joins(a, b, bridges=[walk])).verdict is Verdict.LOSSY


def test_which_column_of_a_crosswalk_holds_which_version_is_not_guessed() -> None:
    found = joins(rooted("a", MINNIE), rooted("b", LATER), bridges=[crosswalk()])
    bridges = [join for join in found.joins if join.kind == "bridge"]
    assert {join.verdict for join in bridges} == {Verdict.LOSSY}
    assert all("which of its columns holds which version is not recorded" in join.reason for join in bridges)


def test_a_crosswalk_that_was_not_given_is_named() -> None:
    a = rooted("a", MINNIE).model_copy(update={"signals": crosswalk().signals})
    found = joins(a, rooted("b", LATER))
    assert found.compatibility.verdict is Verdict.BRIDGEABLE
    assert [join.verdict for join in found.joins] == [Verdict.LOSSY]
    assert "minnie65.roots is recorded as the crosswalk" in found.notes[0]


def points(name: str, frame: str, signals: Any = (), dtype: str = "float64", **parts: Any) -> DatasetVersion:
    unit: dict[str, Any] = {"unit": "nm"} | parts
    columns = {axis: Position(axis=axis, frame=frame, **unit) for axis in ("x", "y", "z")}
    return record(f"{name}@v1", MINNIE, columns=columns, types=dict.fromkeys("xyz", dtype), signals=signals)


def drift(p95: float | None, **parts: Any) -> SpatialDrift:
    kind: dict[str, Any] = {"kind": "registration_residual", "basis": "measured"}
    return SpatialDrift(p95_nm=p95, **(kind | parts))


def test_the_tolerance_of_a_nearest_point_join_is_the_drift_and_the_rounding() -> None:
    a = points("a", "minnie65", [drift(500)], dtype="int32", unit="voxel", resolution_nm=(4, 4, 40))
    (near,) = joins(a, points("b", "minnie65", unit="um")).nearest
    assert (near.a.nm_per_unit, near.b.nm_per_unit) == ((4, 4, 40), (1000, 1000, 1000))
    assert (near.rounding_nm, near.tolerance_nm, near.basis) == (20.199, 520.199, "measured")
    assert near.reason == "registration residual p95 500 nm (measured); rounding 20.199 nm"


def test_drifts_of_both_tables_add_up_and_one_that_both_record_counts_once() -> None:
    shared = drift(100)
    a = points("a", "minnie65", [shared, drift(None, max_nm=30)])
    b = points("b", "minnie65", [shared, drift(None, axis_p95_nm=(3, 4, 0), basis="literature")])
    (near,) = joins(a, b).nearest
    assert (near.tolerance_nm, near.basis, len(near.drifts)) == (135, "derived", 3)


@pytest.mark.parametrize(
    "other", [{"from_frame": "v1dd"}, {"to_version": "minnie65_public@1300"}, {"columns": ("elsewhere",)}]
)
def test_a_drift_of_other_frames_versions_or_columns_does_not_count(other: dict[str, Any]) -> None:
    (near,) = joins(points("a", "minnie65", [drift(500, **other)]), points("b", "minnie65")).nearest
    assert (near.tolerance_nm, near.basis) == (None, None)
    assert near.reason == "no spatial drift is recorded for these points"


def test_a_median_alone_is_no_tolerance() -> None:
    (near,) = joins(points("a", "minnie65", [drift(None, p50_nm=50)]), points("b", "minnie65")).nearest
    assert near.tolerance_nm is None
    assert "only the median of a drift is recorded" in near.reason


def test_points_of_two_frames_are_compared_only_where_a_drift_between_them_is_recorded() -> None:
    apart = joins(points("a", "FAFB14"), points("b", "FAFB14.1"))
    assert apart.nearest == ()
    assert "positions: no drift between the frames FAFB14 and FAFB14.1 is recorded" in apart.notes
    between = drift(12_000, kind="frame_offset", from_frame="FAFB14", to_frame="FAFB14.1", basis="literature")
    (near,) = joins(points("a", "FAFB14", [between]), points("b", "FAFB14.1")).nearest
    assert (near.tolerance_nm, near.basis) == (12_000, "literature")


def test_coordinates_are_one_point_by_their_names_and_points_of_one_role_come_first() -> None:
    def placed(role: Any) -> dict[str, AnyColumn]:
        return {f"{role}_{axis}": Position(axis=axis, frame="m", unit="nm", role=role) for axis in ("x", "y", "z")}

    a = record("a@v1", MINNIE, columns=placed("pre") | placed("post"))
    carried = TransformedPosition(axis="xyz", frame="m", unit="um", role="post", transform="elastic")
    b = record("b@v1", MINNIE, columns={"pt": carried}, types={"pt": "list<float32>"})
    found = joins(a, b).nearest
    assert [near.a.columns for near in found] == [("post_x", "post_y", "post_z"), ("pre_x", "pre_y", "pre_z")]
    assert found[0].b.transform == "elastic"


def test_two_points_of_one_kind_are_distinguished_by_their_names() -> None:
    names = [f"{end}{axis}" for end in ("a", "b") for axis in ("X", "Y", "Z")]
    columns = {name: Position(axis=name[1].lower(), frame="m", unit="nm") for name in names}
    found = joins(record("a@v1", MINNIE, columns=columns), points("b", "m")).nearest
    assert [near.a.columns for near in found] == [("aX", "aY", "aZ"), ("bX", "bY", "bZ")]


def test_coordinates_that_make_no_point_are_not_joined() -> None:
    flat = record("a@v1", MINNIE, columns={axis: Position(axis=axis, frame="m", unit="nm") for axis in ("x", "y")})
    assert joins(flat, points("b", "m")).nearest == ()


@pytest.mark.parametrize(
    ("steps", "whole"),
    [
        (["n:1", "1:1"], "n:1"),
        (["n:1", "1:n"], "n:m"),
        (["1:1", "1:n"], "1:n"),
        (["1:1"], "1:1"),
        (["n:1", None], None),
    ],
)
def test_cardinalities_follow_one_another(steps: list[Cardinality | None], whole: Cardinality | None) -> None:
    assert chained(steps) == whole
    assert chained([inverted(step) for step in reversed(steps)]) == inverted(whole)


def test_the_answer_reads_in_words_and_as_json() -> None:
    found = joins(synapses(), volumes(), bridges=[nuclei()])
    assert str(found).splitlines()[:4] == [
        "minnie65.synapses@v1 ↔ minnie65.volumes@v1: 2 ways by key",
        "minnie65.synapses@v1 ↔ minnie65.volumes@v1 through minnie65.nuclei@v1: bridgeable (bridge)",
        "  minnie65.synapses@v1 → minnie65.nuclei@v1 on post_pt_root_id = pt_root_id",
        "  minnie65.nuclei@v1 → minnie65.volumes@v1 on id = nucleus_id",
    ]
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["joins"][0]["steps"][0]["columns"] == [["post_pt_root_id", "pt_root_id"]]
    assert plain["joins"][0]["cardinality"] is None


def ways(found: Joins, *, turned: bool = False) -> set[object]:
    """Each join as a value, read from `b` to `a` when turned."""
    facts: set[object] = set()
    for join in found.joins:
        steps = [frozenset((right, left) if turned else (left, right) for left, right in s.columns) for s in join.steps]
        cardinality = inverted(join.cardinality) if turned else join.cardinality
        order = tuple(reversed(steps)) if turned else tuple(steps)
        losses = frozenset(join.losses)
        facts.add((join.kind, order, join.verdict, cardinality, join.stability, join.basis, losses))
    return facts


@given(related_versions("one"), related_versions("two"), related_versions("three"))
def test_joins_do_not_depend_on_who_comes_first(a: DatasetVersion, b: DatasetVersion, c: DatasetVersion) -> None:
    found, back = joins(a, b, bridges=[c]), joins(b, a, bridges=[c])
    assert ways(found) == ways(back, turned=True)
    tolerances = [{(n.b.columns, n.a.columns, n.tolerance_nm, n.basis) for n in back.nearest}]
    assert [{(n.a.columns, n.b.columns, n.tolerance_nm, n.basis) for n in found.nearest}] == tolerances


@given(related_versions(), related_versions(), related_versions() | dataset_versions())
def test_joins_are_ranked_and_say_what_is_not_known(a: DatasetVersion, b: DatasetVersion, c: DatasetVersion) -> None:
    found = joins(a, b, bridges=[c])
    assert [join.verdict for join in found.joins] == sorted((join.verdict for join in found.joins), reverse=True)
    assert found.joins or found.notes
    for join in found.joins:
        assert join.reason
        assert (join.basis is None) == (join.verdict is Verdict.UNKNOWN)
        assert join.kind != "bridge" or join.verdict <= Verdict.BRIDGEABLE


@given(dataset_versions(), dataset_versions(), dataset_versions())
def test_any_records_have_an_answer(a: DatasetVersion, b: DatasetVersion, c: DatasetVersion) -> None:
    found = joins(a, b, bridges=[a, b, c])
    assert found.joins or found.notes
    assert str(found)
    json.dumps(found.to_dict(), allow_nan=False)
    assert joins(a, a).compatibility.verdict is Verdict.EXACT


@given(related_versions(), related_versions())
def test_annotation_ids_without_a_declared_table_are_never_joined_undeclared(
    a: DatasetVersion, b: DatasetVersion
) -> None:
    def untabled(version: DatasetVersion) -> DatasetVersion:
        kinds = (AnnotationId, NucleusId, SynapseId)
        columns = {
            path: column.model_copy(update={"source_table": None}) if isinstance(column, kinds) else column
            for path, column in version.columns.items()
            if not isinstance(column, TargetId)
        }
        return version.model_copy(update={"columns": columns, "references": ()})

    one, other = untabled(a), untabled(b)
    for join in joins(one, other).joins:
        for left, _ in join.columns:
            assert not isinstance(one.columns[left], AnnotationId | NucleusId | SynapseId)

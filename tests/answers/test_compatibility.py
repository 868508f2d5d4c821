"""Whether tables and materialization versions go together: the verdict, its reason, and what it rests on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry_dagster.answers.answer import Verdict
from registry_dagster.answers.compatibility import compatibility
from registry_dagster.answers.lifecycle import lifecycle
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import BodyId, NucleusId, RootId, SupervoxelId, SynapseId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.signals import CompatibilityRange, Crosswalk
from tests.registry.records import moment, record, related_versions, upstream, upstreams
from tests.strategies import dataset_versions, materializations

MINNIE = "minnie65_public"
ROOT = RootId(id_space=MINNIE, null_sentinel=0)
NUCLEUS = NucleusId(source_table="nucleus_detection_v0")
FLYWIRE = RootId(id_space="flywire_fafb")
SURVIVAL = CompatibilityRange(
    system="flywire_fafb_public", from_version="630", to_version="783", surviving_fraction=0.834, basis="measured"
)


def neurons(version: str | MaterializationVersion, **parts: Any) -> DatasetVersion:
    return record("minnie65.neurons@v1", version, **({"columns": {"pt_root_id": ROOT}} | parts))


def cells(version: str | MaterializationVersion, **parts: Any) -> DatasetVersion:
    return record("minnie65.cells@v2", version, **({"columns": {"root_id": ROOT}} | parts))


def test_tables_of_one_version_are_exact() -> None:
    found = compatibility(neurons("minnie65_public@943"), cells("minnie65_public@943"))
    assert (found.verdict, found.basis) == (Verdict.EXACT, "declared")
    assert found.reason == "both name minnie65_public@943"


@pytest.mark.parametrize("aliased", [0, 1])
def test_an_alias_is_the_same_version(aliased: int) -> None:
    names = ["minnie65_phase3_v1@943", "minnie65_public@943"]
    versions = [upstream(name) for name in names]
    versions[aliased] = upstream(names[aliased], aliases=(names[1 - aliased],))
    found = compatibility(neurons(versions[0]), cells(versions[1]))
    assert found.verdict is Verdict.EXACT
    assert "names of one version" in found.reason


def test_the_same_moment_of_one_system_is_timestamp_equal() -> None:
    at = moment("2023-08-01")
    found = compatibility(
        neurons(upstream("minnie65_public@661", timestamp=at)), cells(upstream("minnie65_public@s1", timestamp=at))
    )
    assert (found.verdict, found.basis) == (Verdict.TIMESTAMP_EQUAL, "derived")


def test_the_same_moment_of_annotations_and_of_a_segmentation_is_not_timestamp_equal() -> None:
    at = moment("2023-08-01")
    one = upstream("minnie65_public@661", timestamp=at, kind="annotations")
    other = upstream("minnie65_public@s1", timestamp=at, kind="segmentation")
    assert compatibility(neurons(one), cells(other)).verdict is Verdict.LOSSY


def test_root_ids_of_two_versions_are_lossy_with_an_unknown_loss() -> None:
    found = compatibility(neurons("minnie65_public@943"), cells("minnie65_public@1300"))
    assert (found.verdict, found.basis, found.losses) == (Verdict.LOSSY, "derived", ())
    assert "minnie65_public@943 and minnie65_public@1300 are different versions" in found.reason
    assert "pt_root_id ↔ root_id" in found.reason


def test_nucleus_ids_of_one_table_hold_over_versions() -> None:
    found = compatibility(
        record("minnie65.nuclei@v1", "minnie65_public@943", columns={"id": NUCLEUS}),
        record("minnie65.volumes@v1", "minnie65_public@1300", columns={"nucleus_id": NUCLEUS, "root_id": ROOT}),
    )
    assert (found.verdict, found.basis) == (Verdict.ID_STABLE, "derived")
    assert "nucleus_detection_v0" in found.reason


def test_one_key_that_does_not_hold_makes_the_whole_lossy_and_the_other_is_named() -> None:
    columns = {"id": NUCLEUS, "root_id": ROOT}
    found = compatibility(
        record("a@v1", "minnie65_public@943", columns=columns), record("b@v1", "minnie65_public@1300", columns=columns)
    )
    assert found.verdict is Verdict.LOSSY
    assert found.reason.endswith("; better: id")
    assert {fact.key: fact.verdict for fact in found.links[0].keys} == {
        "id": Verdict.ID_STABLE,
        "root_id": Verdict.LOSSY,
    }


def test_supervoxels_hold_within_one_chunkedgraph_and_not_between_two() -> None:
    def at(version: str, graph: str) -> DatasetVersion:
        return record(f"m{version}@v1", f"{MINNIE}@{version}", columns={"sv": SupervoxelId(chunkedgraph=graph)})

    assert compatibility(at("943", "minnie3_v1"), at("1300", "minnie3_v1")).verdict is Verdict.ID_STABLE
    apart = compatibility(at("943", "minnie3_v1"), at("1300", "minnie3_v2"))
    assert apart.verdict is Verdict.INCOMPATIBLE
    assert "minnie3_v2" in apart.reason


def test_ids_of_a_table_that_is_not_declared_are_unknown() -> None:
    found = compatibility(
        record("a@v1", "minnie65_public@943", columns={"id": SynapseId()}),
        record("b@v1", "minnie65_public@1300", columns={"id": SynapseId(source_table="synapses_pni_2")}),
    )
    assert (found.verdict, found.basis) == (Verdict.UNKNOWN, None)
    assert "table is not declared for both" in found.reason


def test_body_ids_of_another_version_are_unknown_unless_a_range_says_that_they_hold() -> None:
    columns = {"bodyid": BodyId(id_space="hemibrain")}
    old = record("hemibrain.toon@v1", "hemibrain@v1.2", columns=columns)
    new = record("hemibrain.synapses@v1", "hemibrain@v1.2.1", columns=columns)
    assert compatibility(old, new).verdict is Verdict.UNKNOWN
    held = CompatibilityRange(system="hemibrain", from_version="v1.1", to_version="v1.2.1", basis="literature")
    found = compatibility(old.model_copy(update={"signals": (held,)}), new)
    assert (found.verdict, found.basis) == (Verdict.ID_STABLE, "literature")


def flywire(version: str, name: str = "flywire.ranks", **parts: Any) -> DatasetVersion:
    return record(f"{name}@v1", f"flywire_fafb_public@{version}", columns={"root_id": FLYWIRE}, **parts)


def test_a_measured_range_says_how_many_keys_survive() -> None:
    found = compatibility(flywire("630", signals=[SURVIVAL]), flywire("783"))
    assert (found.verdict, found.basis) == (Verdict.LOSSY, "measured")
    assert [str(loss) for loss in found.losses] == ["16.6% of the keys of flywire.ranks@v1 find no partner (measured)"]
    assert found.reason.endswith(
        "keys are lost over the range flywire_fafb_public 630 to 783 (83.4% of keys at its far end)"
    )


def test_what_survives_to_the_end_of_a_range_is_not_said_of_a_version_inside_it() -> None:
    found = compatibility(flywire("630", signals=[SURVIVAL]), flywire("700"))
    assert (found.verdict, found.losses) == (Verdict.LOSSY, ())


def test_a_record_at_the_end_of_a_range_does_not_say_whose_keys_survive() -> None:
    found = compatibility(flywire("783", signals=[SURVIVAL]), flywire("630"))
    assert (found.verdict, found.basis, found.losses) == (Verdict.LOSSY, "measured", ())
    assert "83.4%" in found.reason


def test_a_range_with_one_end_is_measured_between_the_record_and_that_end() -> None:
    back = SURVIVAL.model_copy(update={"to_version": None})
    assert compatibility(flywire("783", signals=[back]), flywire("630")).losses[0].fraction == 0.166


def test_a_range_about_another_column_says_nothing() -> None:
    other = SURVIVAL.model_copy(update={"columns": ("nucleus_id",)})
    assert compatibility(flywire("630", signals=[other]), flywire("783")).basis == "derived"


@pytest.mark.parametrize("beyond", ["1412", "public_2024"])
def test_stable_ids_are_not_said_to_hold_beyond_their_declared_range(beyond: str) -> None:
    held = CompatibilityRange(system=MINNIE, from_version="343", to_version="1300", basis="declared")
    nuclei = record("a@v1", "minnie65_public@943", columns={"id": NUCLEUS}, signals=[held])
    assert compatibility(nuclei, upstream("minnie65_public@1078")).verdict is Verdict.ID_STABLE
    assert compatibility(nuclei, upstream(f"minnie65_public@{beyond}")).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("start", "end"),
    [("minnie65_public@943", "minnie65_public@1300"), ("1300", "943"), (None, "minnie65_public@1300")],
)
def test_a_crosswalk_between_the_two_makes_them_bridgeable(start: str | None, end: str) -> None:
    # As a published record may hold it: its ends were free text once.
    ends = {"from_version": start, "to_version": end}
    signal = Crosswalk(dataset="minnie65.roots", basis="measured").model_copy(update=ends)
    found = compatibility(neurons("minnie65_public@943", signals=[signal]), cells("minnie65_public@1300"))
    assert (found.verdict, found.basis) == (Verdict.BRIDGEABLE, "measured")
    assert found.reason.startswith("minnie65_public@943 and minnie65_public@1300")
    assert "minnie65.roots" in found.reason


@pytest.mark.parametrize(
    "ends", [{}, {"to_version": "minnie65_public@1181"}, {"to_version": "minnie65_public@1300", "columns": ("other",)}]
)
def test_a_crosswalk_that_leads_elsewhere_bridges_nothing(ends: dict[str, Any]) -> None:
    signal = Crosswalk(table="roots", basis="declared", **ends)
    found = compatibility(neurons("minnie65_public@943", signals=[signal]), cells("minnie65_public@1300"))
    assert found.verdict is Verdict.LOSSY


def test_segments_of_different_id_spaces_are_incompatible() -> None:
    found = compatibility(
        flywire("630"), record("hemibrain.toon@v1", "hemibrain@v1.2", columns={"bodyid": BodyId(id_space="hemibrain")})
    )
    assert (found.verdict, found.basis) == (Verdict.INCOMPATIBLE, "declared")
    assert found.not_compared == ("flywire_fafb_public@630", "hemibrain@v1.2")


def test_a_crosswalk_carries_keys_between_id_spaces() -> None:
    signal = Crosswalk(dataset="fly.matches", to_version="hemibrain@v1.2", basis="declared")
    bodies = record("hemibrain.toon@v1", "hemibrain@v1.2", columns={"bodyid": BodyId(id_space="hemibrain")})
    assert compatibility(flywire("630", signals=[signal]), bodies).verdict is Verdict.BRIDGEABLE


def test_one_id_space_under_two_names_of_the_system_is_judged_by_the_moments() -> None:
    def at(system: str, **facts: Any) -> DatasetVersion:
        return neurons(upstream(f"{system}@943", **facts))

    early, late = {"timestamp": moment("2024-01-22")}, {"timestamp": moment("2025-01-13")}
    assert compatibility(at("one", **early), at("two", **early)).verdict is Verdict.TIMESTAMP_EQUAL
    assert compatibility(at("one", **early), at("two", **late)).verdict is Verdict.LOSSY
    assert compatibility(at("one", **early), at("two")).verdict is Verdict.UNKNOWN


def test_of_two_materialization_versions_alone_only_identity_is_known() -> None:
    one, other = upstream("minnie65_public@943"), upstream("minnie65_public@1300")
    assert compatibility(one, one).verdict is Verdict.EXACT
    assert compatibility(one, other).verdict is Verdict.UNKNOWN
    assert compatibility(one, upstream("v1dd@1196")).verdict is Verdict.UNKNOWN


def test_a_table_goes_with_another_materialization_version_as_well_as_its_keys_hold() -> None:
    other = upstream("minnie65_public@1300")
    assert compatibility(neurons("minnie65_public@943"), other).verdict is Verdict.LOSSY
    assert compatibility(neurons("minnie65_public@943", columns={"id": NUCLEUS}), other).verdict is Verdict.ID_STABLE
    assert compatibility(neurons("minnie65_public@943", columns={}), other).verdict is Verdict.UNKNOWN


def test_a_system_that_one_side_alone_names_is_reported_and_does_not_count() -> None:
    matched = record("fly.matches@v1", "hemibrain@v1.2.1", "minnie65_public@943", columns={"root_id": ROOT})
    found = compatibility(matched, cells("minnie65_public@943"))
    assert found.verdict is Verdict.EXACT
    assert found.not_compared == ("hemibrain@v1.2.1",)
    assert "not compared: hemibrain@v1.2.1" in str(found)


def test_the_weakest_system_is_the_verdict() -> None:
    def matched(hemibrain: str, minnie: str) -> DatasetVersion:
        columns = {"bodyid": BodyId(id_space="hemibrain"), "root_id": ROOT}
        return record("fly.matches@v1", f"hemibrain@{hemibrain}", f"{MINNIE}@{minnie}", columns=columns)

    assert compatibility(matched("v1.2", "943"), matched("v1.2", "1300")).verdict is Verdict.LOSSY
    assert compatibility(matched("v1.1", "943"), matched("v1.2", "1300")).verdict is Verdict.UNKNOWN


def test_each_of_several_versions_counts_with_its_best_counterpart() -> None:
    both = record("a@v1", "minnie65_public@943", "minnie65_public@1300", columns={"root_id": ROOT})
    assert compatibility(both, both).verdict is Verdict.EXACT
    found = compatibility(both, cells("minnie65_public@943"))
    assert found.verdict is Verdict.LOSSY
    assert {(link.a, link.verdict) for link in found.links} == {
        ("minnie65_public@943", Verdict.EXACT),
        ("minnie65_public@1300", Verdict.LOSSY),
    }


@pytest.mark.parametrize(
    "facts",
    [{"timestamp": moment("2025-01-13")}, {"uuid": "other"}, {"kind": "skeletons"}],
    ids=lambda facts: next(iter(facts)),
)
def test_one_name_with_contradicting_facts_is_unknown(facts: dict[str, Any]) -> None:
    known = {"timestamp": moment("2024-01-22"), "uuid": "31597d95", "kind": "segmentation"}
    found = compatibility(upstream("minnie65_public@943", **known), upstream("minnie65_public@943", **(known | facts)))
    assert (found.verdict, found.basis) == (Verdict.UNKNOWN, None)
    assert "recorded with different" in found.reason


def test_one_name_at_two_sources_is_two_systems() -> None:
    one, other = upstream("hemibrain@v1.2", source="neuprint"), upstream("hemibrain@v1.2", source="dvid")
    assert compatibility(one, other).verdict is Verdict.UNKNOWN
    assert compatibility(one, upstream("hemibrain@v1.2")).verdict is Verdict.EXACT


def test_the_lifecycle_is_beside_the_verdict() -> None:
    passing = upstream("minnie65_public@1078", expires_on=moment("2026-02-01"), status="available")
    found = compatibility(neurons(passing), cells(passing), at=moment("2026-03-01"))
    assert found.verdict is Verdict.EXACT
    assert [each.state for each in found.lifecycle] == ["expired"]


@pytest.mark.parametrize(
    ("facts", "at", "words"),
    [
        ({}, None, "m@1: lifecycle unknown"),
        ({"status": "available"}, None, "m@1: available"),
        ({"status": "available", "expires_on": moment("2026-02-01")}, None, "m@1: expires on 2026-02-01"),
        ({"expires_on": moment("2026-02-01")}, "2026-01-31", "m@1: expires on 2026-02-01"),
        ({"expires_on": moment("2026-02-01")}, "2026-02-01", "m@1: expired, with expiry date 2026-02-01"),
        (
            {"status": "running", "expires_on": moment("2026-02-01")},
            "2026-01-01",
            "m@1: running, expires on 2026-02-01",
        ),
        ({"status": "archived"}, "2026-01-01", "m@1: archived"),
    ],
)
def test_a_lifecycle_reads_in_words(facts: dict[str, Any], at: str | None, words: str) -> None:
    assert str(lifecycle(upstream("m@1", **facts), at=moment(at) if at else None)) == words


def test_a_moment_without_a_time_zone_is_refused() -> None:
    with pytest.raises(InvalidDeclaration, match="has no time zone"):
        lifecycle(upstream("m@1"), at=moment("2026-01-01").replace(tzinfo=None))


def test_verdicts_are_ordered_and_unknown_is_below_all_that_joins() -> None:
    joining = [Verdict.LOSSY, Verdict.BRIDGEABLE, Verdict.ID_STABLE, Verdict.TIMESTAMP_EQUAL, Verdict.EXACT]
    assert sorted(Verdict) == [Verdict.INCOMPATIBLE, Verdict.UNKNOWN, *joining]


def test_an_answer_reads_in_words_and_as_json() -> None:
    passing = upstream("minnie65_public@943", expires_on=moment("2026-02-01"))
    found = compatibility(neurons(passing), cells("minnie65_public@1300"))
    assert str(found).splitlines()[0] == "minnie65.neurons@v1 ~ minnie65.cells@v2: lossy (derived)"
    plain = json.loads(json.dumps(found.to_dict()))
    assert plain["verdict"] == "lossy"
    assert plain["lifecycle"][0] == {
        "version": "minnie65_public@943",
        "state": "expiring",
        "expires_on": "2026-02-01T00:00:00Z",
    }


sides = related_versions() | upstreams | dataset_versions() | materializations


@given(sides, sides)
def test_compatibility_does_not_depend_on_who_comes_first(
    a: DatasetVersion | MaterializationVersion, b: DatasetVersion | MaterializationVersion
) -> None:
    found, turned = compatibility(a, b), compatibility(b, a)
    assert (found.verdict, found.basis) == (turned.verdict, turned.basis)
    assert set(found.not_compared) == set(turned.not_compared)
    assert {(link.a, link.b, link.verdict) for link in found.links} == {(k.b, k.a, k.verdict) for k in turned.links}


@given(sides, sides)
def test_every_answer_has_a_reason_and_a_basis_unless_it_is_unknown(
    a: DatasetVersion | MaterializationVersion, b: DatasetVersion | MaterializationVersion
) -> None:
    found = compatibility(a, b)
    assert found.reason
    assert (found.basis is None) == (found.verdict is Verdict.UNKNOWN)
    assert str(found)
    json.dumps(found.to_dict(), allow_nan=False)


@given(sides, sides)
def test_nothing_is_exact_without_a_name_in_common(
    a: DatasetVersion | MaterializationVersion, b: DatasetVersion | MaterializationVersion
) -> None:
    def names(side: DatasetVersion | MaterializationVersion) -> set[str]:
        versions = side.materializations if isinstance(side, DatasetVersion) else (side,)
        return {name for version in versions for name in (str(version), *version.aliases)}

    if compatibility(a, b).verdict is Verdict.EXACT:
        assert names(a) & names(b)


@given(sides)
def test_everything_is_exact_with_itself(a: DatasetVersion | MaterializationVersion) -> None:
    assert compatibility(a, a).verdict is Verdict.EXACT


@given(dataset_versions(), dataset_versions(), st.sampled_from(["943", "1300"]))
def test_without_declared_keys_and_signals_other_versions_are_unknown(
    a: DatasetVersion, b: DatasetVersion, version: str
) -> None:
    silent = {"columns": {}, "references": (), "signals": ()}
    one = a.model_copy(update={**silent, "materializations": (upstream("minnie65_public@117"),)})
    other = b.model_copy(update={**silent, "materializations": (upstream(f"minnie65_public@{version}"),)})
    assert compatibility(one, other).verdict is Verdict.UNKNOWN


def crosswalk() -> DatasetVersion:
    """Roots of two versions, each in a column of its own."""
    roots = {f"root_{at}": RootId(id_space=MINNIE, at=f"minnie65_public@{at}") for at in (943, 1300)}
    return record("minnie65.roots@v1", "minnie65_public@943", "minnie65_public@1300", columns=roots)


@pytest.mark.parametrize("version", ["943", "1300"])
def test_a_crosswalk_goes_with_the_tables_of_either_version(version: str) -> None:
    """It was lossy with both: its column of the other version was compared, too."""
    assert compatibility(crosswalk(), neurons(f"minnie65_public@{version}")).verdict is Verdict.EXACT
    assert compatibility(neurons(f"minnie65_public@{version}"), crosswalk()).verdict is Verdict.EXACT
    assert compatibility(crosswalk(), neurons("minnie65_public@1181")).verdict is Verdict.LOSSY
    assert compatibility(crosswalk(), crosswalk()).verdict is Verdict.EXACT

"""Publishing with the rights that docs/datahub.md lists, and what becomes of a publish where one of them is lacking."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.datahub.acts import highest_from
from registry_dagster.datahub.assignments import assigned
from registry_dagster.datahub.urns import container_urn, version_set_urn, version_urn
from registry_dagster.errors import AccessDenied, RegistryError
from registry_dagster.http import HttpClient
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from tests.gms.rights import EVERYTHING, Grant, Rights
from tests.gms.server import StandInGms
from tests.gms.state import key_of
from tests.registry.declared import declared, facts, reference

NAME = "hemibrain.neurons"
V1, V2 = version_urn(f"{NAME}@v1", "PROD"), version_urn(f"{NAME}@v2", "PROD")
TOKEN = "token-of-a-publisher"
PAGE = container_urn(NAME, "PROD")
VIEW = Grant(frozenset(["VIEW_ENTITY_PAGE"]))
CREATE = Grant(frozenset(["CREATE_ENTITY"]))
PAGES = Grant(frozenset(["EDIT_ENTITY"]), frozenset(["container"]))
RECORDS = frozenset(["dataset", "container", "versionSet"])
PUBLISHER = Rights((VIEW, CREATE, PAGES))


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms(token="administrator", rights={TOKEN: PUBLISHER}) as server:
        yield server


def opened(gms: StandInGms, token: str = TOKEN) -> Registry:
    return Registry(GmsStore(HttpClient(gms.url, token, retries=0, backoff=0)), publisher="ada@lab.org")


def publish(gms: StandInGms, number: int = 0, token: str = TOKEN) -> tuple[str, tuple[str, ...]]:
    with opened(gms, token) as registry:
        receipt = registry.publish(declared(owners=["bob", "team:fly"], tags=["x"]), facts(number), message="why")
        assert registry.get(receipt.version) == receipt.record
        return receipt.version, receipt.notes


def leave_remains(gms: StandInGms) -> None:
    """What a server leaves of a second version whose record it left out."""
    gms.put(V2, "datasetKey", key_of(V2))
    gms.put(V2, "subTypes", {"typeNames": ["Feature Dataset Version"]})


def left_out(notes: tuple[str, ...], words: str) -> str:
    """The one note that begins so."""
    (note,) = [each for each in notes if each.startswith(words)]
    return note


def test_publishing_takes_no_right_to_edit_versions(gms: StandInGms) -> None:
    with opened(gms) as registry:
        for number in range(3):
            assert registry.publish(declared(), facts(number), message="why").version == f"{NAME}@v{number + 1}"
        joined = declared("hemibrain.synapses", references=(reference(NAME),))
        receipt = registry.publish(joined, facts(), message="why")
    assert [each for each in receipt.notes if "token" in each] == []
    assert highest_from(gms.entities[PAGE]) == 3


def test_where_create_entity_is_refused_create_is_sent_and_said() -> None:
    with StandInGms(unknown_kinds=["CREATE_ENTITY"]) as gms, opened(gms) as registry:
        receipt = registry.publish(declared(), facts(), message="why")
        assert "takes Edit Entity on datasets" in left_out(receipt.notes, "the server refuses the change type")
        gms.reset_requests()
        assert registry.publish(declared(), facts(1), message="why").version == f"{NAME}@v2"
        assert len(gms.requests_of("POST", "/aspects")) == 1, "it is remembered"
        plan = registry.plan(declared(), facts(2))
        assert left_out(plan.warnings, "the server refuses the change type")
        with opened(gms) as other:
            again = other.publish(declared(), facts(1), message="why")
        assert (again.version, again.created) == (f"{NAME}@v2", False)


def test_nothing_is_written_on_users_and_groups(gms: StandInGms) -> None:
    publish(gms)
    assert [urn for urn in gms.entities if urn.startswith(("urn:li:corpuser", "urn:li:corpGroup"))] == []
    owners = gms.entities[PAGE]["ownership"]["owners"]
    assert [each["owner"] for each in owners] == ["urn:li:corpuser:bob", "urn:li:corpGroup:fly"]


def test_what_may_not_be_defined_is_not_assigned_and_said(gms: StandInGms) -> None:
    gms.rights[TOKEN] = Rights((VIEW, Grant(CREATE.privileges, RECORDS), PAGES))
    version, notes = publish(gms)
    assert version == f"{NAME}@v1"
    note = left_out(notes, "not assigned")
    assert "featureRegistry.version" in note or "featureRegistry." in note
    assert "With Create Entity on glossaryTerm, structuredProperty, tag, `feature-registry doctor --repair`" in note
    for urn in (V1, PAGE):
        for aspect, value in gms.entities[urn].items():
            assert assigned(aspect, value) <= gms.entities.keys(), "nothing points at what does not exist"
    with opened(gms) as registry:
        (line,) = registry.verify(version, record=True).record[:1]
        assert "was changed" not in line
        assert "doctor --repair" in line


def test_without_the_right_to_edit_the_page_it_is_published_and_the_number_not_recorded(gms: StandInGms) -> None:
    publish(gms)
    gms.rights[TOKEN] = Rights((VIEW, CREATE))
    with opened(gms) as registry:
        for number in (1, 2):
            receipt = registry.publish(declared(title="Renamed"), facts(number), message="why")
            note = left_out(receipt.notes, "this token may not edit the page of hemibrain.neurons")
            assert "Edit Entity on the container" in note
    assert receipt.version == f"{NAME}@v3"
    assert highest_from(gms.entities[PAGE]) == 1


def test_without_the_right_to_create_the_page_nothing_is_published(gms: StandInGms) -> None:
    gms.rights[TOKEN] = Rights((VIEW, Grant(CREATE.privileges, frozenset(["dataset"]))))
    with opened(gms) as registry, pytest.raises(AccessDenied) as denied:
        registry.publish(declared(), facts(), message="why")
    assert "Create Entity on container brings that" in str(denied.value)
    assert PAGE in str(denied.value)
    assert V1 not in gms.entities


def test_a_denial_is_said_in_the_servers_words_without_the_token(gms: StandInGms) -> None:
    gms.rights[TOKEN] = Rights((VIEW, Grant(CREATE.privileges, frozenset(["container"])), PAGES))
    with opened(gms) as registry, pytest.raises(AccessDenied) as denied:
        registry.publish(declared(), facts(), message="why")
    assert "urn:li:corpuser:somebody is unauthorized to modify entity: HttpStatus: 403" in str(denied.value)
    assert TOKEN not in str(denied.value)


def test_joins_that_may_not_be_written_are_left_out_and_said(gms: StandInGms) -> None:
    publish(gms)
    kinds = frozenset(["dataset", "container", "glossaryTerm", "glossaryNode", "structuredProperty", "tag"])
    gms.rights[TOKEN] = Rights((VIEW, Grant(CREATE.privileges, kinds), PAGES))
    with opened(gms) as registry:
        joined = declared("hemibrain.synapses", references=(reference(NAME),))
        receipt = registry.publish(joined, facts(), message="why")
    assert "erModelRelationship" in left_out(receipt.notes, "1 joins are not written as relationships")
    assert receipt.record.reference_versions == {NAME: f"{NAME}@v1"}


def test_remains_that_may_not_be_completed_are_left_out_and_the_next_number_is_taken(gms: StandInGms) -> None:
    publish(gms)
    leave_remains(gms)
    version, notes = publish(gms, 1)
    assert version == f"{NAME}@v3"
    assert "Edit Entity" in left_out(notes, f"{NAME}@v2 is left out: aspects without a record are there")
    assert publish(gms, 2)[0] == f"{NAME}@v4"


def test_a_key_alone_counts_as_given_and_the_next_number_is_taken(gms: StandInGms) -> None:
    publish(gms)
    gms.put(V2, "datasetKey", key_of(V2))
    version, notes = publish(gms, 1)
    assert version == f"{NAME}@v3"
    assert "Edit Entity" in left_out(notes, f"{NAME}@v2 is left out: aspects without a record are there")
    assert publish(gms, 2)[0] == f"{NAME}@v4"


def test_who_may_edit_publishes_over_a_key_alone(gms: StandInGms) -> None:
    publish(gms)
    gms.put(V2, "datasetKey", key_of(V2))
    assert publish(gms, 1, "administrator")[0] == f"{NAME}@v2"
    assert highest_from(gms.entities[PAGE]) == 2


def test_a_refusal_that_passes_leaves_the_dataset_guarded(gms: StandInGms) -> None:
    with opened(gms) as registry:

        def writes(number: int) -> int:
            gms.reset_requests()
            registry.publish(declared(), facts(number), message="why")
            return len(gms.requests_of("POST", "/aspects"))

        writes(0)
        guarded = writes(1)
        gms.faults.next("422")
        assert writes(2) > guarded
        assert writes(3) == guarded, "the number is raised in the same request again"


def test_what_may_not_be_recorded_of_one_version_is_not_said_of_another(gms: StandInGms) -> None:
    rights = Grant(CREATE.privileges, frozenset([*RECORDS, "glossaryTerm", "glossaryNode", "structuredProperty"]))
    gms.rights[TOKEN] = Rights((VIEW, rights, PAGES))
    there = MaterializationVersion(system="elsewhere", version="1", source="cave")
    with opened(gms) as registry:
        first = registry.publish(declared(), facts(), message="why")
        second = registry.publish(declared("lab.cells", materializations=(there,)), facts(), message="why")
    source = first.record.materializations[0].source
    assert source in left_out(first.notes, "not recorded")
    assert "cave" in left_out(second.notes, "not recorded")
    assert source not in left_out(second.notes, "not recorded")


def test_who_may_edit_completes_remains(gms: StandInGms) -> None:
    publish(gms)
    leave_remains(gms)
    assert publish(gms, 1, "administrator")[0] == f"{NAME}@v2"


def test_lineage_that_may_not_be_written_is_left_out_and_said(gms: StandInGms) -> None:
    gms.rights[TOKEN] = Rights((VIEW, CREATE, PAGES), judges_lineage=True)
    _, notes = publish(gms)
    assert "Edit Lineage" in left_out(notes, f"the lineage of {NAME}@v1 is not written")
    assert "upstreamLineage" not in gms.entities[V1]


def test_lineage_that_may_not_be_read_is_said_and_not_taken_for_removed(gms: StandInGms) -> None:
    writes = Grant(frozenset(["EDIT_LINEAGE"]))
    gms.rights[TOKEN] = Rights((VIEW, CREATE, PAGES, writes), judges_lineage=True)
    version, notes = publish(gms)
    assert "View Lineage" in left_out(notes, f"upstreamLineage of {NAME}@v1 is not readable with this token")
    assert "upstreamLineage" in gms.entities[V1]
    with opened(gms) as registry:
        (line,) = registry.verify(version, record=True).record
        assert "upstreamLineage" in line
        assert "was removed" not in line


def test_a_version_that_may_not_be_viewed_leaves_the_outcome_unknown(gms: StandInGms) -> None:
    publish(gms)
    publish(gms, 1)
    gms.rights[TOKEN] = Rights((VIEW, CREATE, PAGES), hidden=frozenset([V2]))
    for number in (1, 2):
        with opened(gms) as registry, pytest.raises(AccessDenied, match="v2.* View Entity Page"):
            registry.publish(declared(), facts(number), message="why")
    assert version_urn(f"{NAME}@v3", "PROD") not in gms.entities


def test_so_does_one_that_may_not_be_viewed_once_it_is_sent(gms: StandInGms) -> None:
    with opened(gms) as registry:
        registry.publish(declared(), facts(), message="why")
        gms.rights[TOKEN] = Rights((VIEW, CREATE, PAGES), hidden=frozenset([V2]))
        with pytest.raises(RegistryError, match="not known.*View Entity Page"):
            registry.publish(declared(), facts(1), message="why")
        gms.rights[TOKEN] = PUBLISHER
        again = registry.publish(declared(), facts(1), message="why")
        assert (again.version, again.created) == (f"{NAME}@v2", False)


def test_one_version_that_may_not_be_viewed_keeps_no_other_out(
    gms: StandInGms, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(3):
        publish(gms, number)
    gms.rights["token-of-a-reader"] = Rights((VIEW,), hidden=frozenset([V2]))
    with opened(gms, "token-of-a-reader") as registry:
        assert [each.number for each in registry.versions(NAME)] == [1, 3]
        assert registry.get(NAME).number == 3
        with pytest.raises(AccessDenied, match="View Entity Page"):
            registry.get(f"{NAME}@v2")
    assert V2 in caplog.text


def test_everything_is_allowed_to_an_administrator(gms: StandInGms) -> None:
    gms.rights["token-of-root"] = EVERYTHING
    assert [each for each in publish(gms, token="token-of-root")[1] if "token" in each] == []


def test_retiring_takes_the_right_to_edit_the_page_and_says_so(gms: StandInGms) -> None:
    publish(gms)
    gms.rights[TOKEN] = Rights((VIEW, CREATE))
    with opened(gms) as registry, pytest.raises(AccessDenied, match="nothing was recorded: that takes Edit Entity on"):
        registry.retire(f"{NAME}@v1", reason="wrong")


def test_without_the_right_to_edit_versions_a_retirement_is_recorded_and_its_badge_missing(
    gms: StandInGms, caplog: pytest.LogCaptureFixture
) -> None:
    publish(gms)
    with opened(gms) as registry:
        (note,) = registry.retire(f"{NAME}@v1", reason="wrong").notes
        retirement = registry.retirement(f"{NAME}@v1")
        assert retirement is not None
        assert retirement.reason == "wrong"
        registry.acts.undo(f"{NAME}@v1", reason="right after all")
    assert "DataHub's own deprecation does not show it: that takes Edit Entity on the version" in note
    assert f"recorded of {NAME}@v1, but DataHub's own deprecation does not show it" in caplog.text
    assert "deprecation" not in gms.entities[V1]


def test_repairing_adds_what_could_not_be_written(gms: StandInGms) -> None:
    gms.rights[TOKEN] = Rights((VIEW, Grant(CREATE.privileges, RECORDS), PAGES))
    version, _ = publish(gms)
    before = gms.entities[V1]["datasetProperties"]
    with opened(gms) as registry:
        assert all("could not be completed" in line and "Create Entity" in line for line in list(registry.repair()))
    with opened(gms, "administrator") as registry:
        assert all("is complete now" in line for line in list(registry.repair()))
        assert registry.verify(version, record=True).record == ()
        assert list(registry.repair()) == []
    assert gms.entities[V1]["datasetProperties"] == before
    assert [each["tag"] for each in gms.entities[PAGE]["globalTags"]["tags"]] == ["urn:li:tag:x"]


def test_repairing_lets_version_sets_name_the_current_version(gms: StandInGms) -> None:
    for number in range(2):
        publish(gms, number)
    version_set = version_set_urn("feature-registry", NAME, "PROD")
    gms.put(version_set, "versionSetProperties", {**gms.entities[version_set]["versionSetProperties"], "latest": V1})
    with opened(gms) as registry:
        (line,) = registry.repair()
        assert "Edit Entity on version sets" in line
    with opened(gms, "administrator") as registry:
        assert list(registry.repair()) == [f"{NAME}: its version set names {NAME}@v2 now, not {NAME}@v1"]
        assert list(registry.repair()) == []


def test_the_doctor_says_which_privilege_is_lacking_to_what(gms: StandInGms) -> None:
    with opened(gms) as registry:
        about = registry.about()
    assert about["right to publish"] == "yes"
    assert about["right to retire"] == "lacking EDIT_ENTITY on dataset"
    assert about["right to read"] == "lacking VIEW_LINEAGE on dataset"

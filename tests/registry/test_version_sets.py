"""On a server each version set names the current version, and default search shows no other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.urns import PLATFORM, materialization_urn, sort_id, version_set_urn, version_urn
from registry_dagster.http import HttpClient
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from tests.gms.http import Request
from tests.gms.routes import Answer, failure
from tests.gms.server import StandInGms
from tests.gms.state import Database
from tests.registry.declared import declared, facts

NAME = "hemibrain.neurons"
SET = version_set_urn(PLATFORM, NAME, "PROD")
RELEASES = ["v1.2.0", "v1.7.0"]


@pytest.fixture(params=RELEASES)
def gms(request: pytest.FixtureRequest) -> Iterator[StandInGms]:
    with StandInGms(version=request.param) as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    with opened(gms) as registry:
        yield registry


def opened(gms: StandInGms) -> Registry:
    return Registry(GmsStore(HttpClient(gms.url, retries=0)), publisher="ada@lab.org")


def state(version: str | int, **known: Any) -> MaterializationVersion:
    return MaterializationVersion(system="minnie65_public", version=version, source="cave", **known)


def publish(registry: Registry, at: str | int, version: int, **parts: Any) -> Receipt:
    draft = parts.pop("draft", False)
    table = declared(materializations=(state(at),), **parts)
    return registry.publish(table, facts(version), message="why", draft=draft)


def said(receipt: object) -> list[str]:
    """What a receipt says of default search."""
    assert isinstance(receipt, Receipt)
    return sorted(each for each in receipt.notes if each.startswith("DataHub's default search shows "))


def shown(gms: StandInGms, kind: str = "@v") -> list[str]:
    """The members of version sets that default search shows."""
    gms.refresh_search()
    members = {urn: each["versionProperties"] for urn, each in gms.entities.items() if "versionProperties" in each}
    flagged = [urn.split(",")[1] for urn, each in members.items() if each.get("isLatest") is not False]
    return sorted(each for each in flagged if kind in each)


def latest(gms: StandInGms, urn: str = SET) -> str:
    return gms.entities[urn]["versionSetProperties"]["latest"].split(",")[1]


def test_a_version_made_against_an_earlier_state_is_not_shown(gms: StandInGms, registry: Registry) -> None:
    for at, version in ((1300, 1), (943, 2), (1412, 3), (661, 4)):
        publish(registry, at, version)
        assert latest(gms) == registry.get(NAME).name
        assert shown(gms) == [registry.get(NAME).name]
    assert registry.get(NAME).name == f"{NAME}@v3"


def test_an_earlier_state_that_is_recorded_later_is_not_shown(gms: StandInGms, registry: Registry) -> None:
    for at, version in ((1300, 1), (943, 2), (1412, 3), (661, 4)):
        publish(registry, at, version)
    assert shown(gms, "minnie65") == ["minnie65_public@1412"]
    assert latest(gms, version_set_urn("cave", "minnie65_public", "PROD")) == "minnie65_public@1412"


def test_states_that_are_imported_at_once_leave_the_latest_alone(gms: StandInGms, registry: Registry) -> None:
    registry.record_materializations([state(943)])
    registry.record_materializations([state(each) for each in (1412, 117, 1300, 343)])
    assert shown(gms, "minnie65") == ["minnie65_public@1412"]
    registry.record_materializations([state(each, status="expired") for each in (1412, 117)])
    assert shown(gms, "minnie65") == ["minnie65_public@1412"]
    assert latest(gms, version_set_urn("cave", "minnie65_public", "PROD")) == "minnie65_public@1412"


def test_moments_decide_which_state_is_the_latest(gms: StandInGms, registry: Registry) -> None:
    moments = {"summer": 2024, "winter": 2023, "10": 2020, "9": 2025}
    for name, year in moments.items():
        registry.record_materializations([state(name, timestamp=datetime(year, 1, 1, tzinfo=timezone.utc))])
    assert shown(gms, "minnie65") == ["minnie65_public@9"]


def test_status_and_aliases_never_touch_the_place_in_the_set(gms: StandInGms, registry: Registry) -> None:
    registry.record_materializations([state(1300)])
    registry.record_materializations([state(1300, status="expired", aliases=["minnie65_phase3_v1@1300"])])
    urn = materialization_urn(state(1300), "PROD")
    assert [each.get("isLatest") for each in gms.history(urn, "versionProperties")] == [True]
    assert registry.materialization(state(1300)).aliases == ("minnie65_phase3_v1@1300",)


def test_a_state_that_lost_its_place_in_the_set_gets_it_back(gms: StandInGms, registry: Registry) -> None:
    registry.record_materializations([state(1300)])
    urn = materialization_urn(state(1300), "PROD")
    gms.delete(urn, "versionProperties")
    registry.record_materializations([state(1300, status="expired")])
    assert gms.entities[urn]["versionProperties"]["version"] == {"versionTag": "1300"}


def test_each_act_moves_the_set_to_the_current_version(gms: StandInGms, registry: Registry) -> None:
    publish(registry, 1300, 1)
    publish(registry, 1412, 2)
    registry.retire(f"{NAME}@v2", reason="wrong")
    assert (latest(gms), shown(gms)) == (f"{NAME}@v1", [f"{NAME}@v1"])
    registry.acts.undo(f"{NAME}@v2", reason="right after all")
    assert (latest(gms), shown(gms)) == (f"{NAME}@v2", [f"{NAME}@v2"])
    publish(registry, 1412, 3, draft=True)
    assert (latest(gms), shown(gms)) == (f"{NAME}@v2", [f"{NAME}@v2"])
    registry.acts.promote(f"{NAME}@v3", reason="checked")
    assert (latest(gms), shown(gms)) == (f"{NAME}@v3", [f"{NAME}@v3"])
    registry.acts.layout(f"{NAME}@v2", "by_root", reason="sorted")
    registry.describe(Dataset(name=NAME, default_layout="by_root"), message="usual", publisher="ada@lab.org")
    assert (latest(gms), shown(gms)) == (f"{NAME}@v2", [f"{NAME}@v2"])


def test_a_version_that_was_deleted_is_no_longer_named_after_the_next_publish(
    gms: StandInGms, registry: Registry
) -> None:
    publish(registry, 1300, 1)
    publish(registry, 1412, 2)
    gms.put(version_urn(f"{NAME}@v2", "PROD"), "status", {"removed": True})
    with opened(gms) as later:
        publish(later, 943, 3)
        assert latest(gms) == later.get(NAME).name == f"{NAME}@v1"


def test_a_version_that_is_current_asks_for_no_set_and_an_earlier_one_takes_two_requests_more(
    gms: StandInGms, registry: Registry
) -> None:
    for at in (943, 1300):
        publish(registry, at, at)
    gms.reset_requests()
    publish(registry, 1300, 3)
    usual = len(gms.requests)
    assert not gms.requests_of("POST", "/openapi/v3/entity/versionSet/batchGet")
    gms.reset_requests()
    publish(registry, 943, 4)
    assert len(gms.requests) == usual + 2


def test_many_versions_are_corrected_in_two_requests(gms: StandInGms, registry: Registry) -> None:
    names = [f"lab.a{number}" for number in range(8)]
    for at in (1300, 943):
        gms.reset_requests()
        outcomes = registry.publish_many(
            [Publication(declared(name, materializations=(state(at),)), facts(at), "why") for name in names]
        )
        assert not any(map(said, outcomes))
    assert shown(gms, "lab.") == [f"{name}@v1" for name in names]
    assert len([each for each in gms.requests if each.proposals == len(names)]) == 1


class _Denying(StandInGms):
    """Nobody may edit version sets there."""

    denies = True

    def _process(self, database: Database, request: Request, authorization: str, body: bytes) -> Answer:
        if self.denies and b"versionSetProperties" in body and b"proposals" in body:
            return failure(403, "User is unauthorized to modify entity.")
        return super()._process(database, request, authorization, body)


def test_without_the_right_the_receipt_says_what_default_search_shows() -> None:
    with _Denying() as gms, opened(gms) as registry:
        publish(registry, 1300, 1)
        receipt = publish(registry, 943, 2)
        assert receipt.created
        version, materialization = said(receipt)
        assert version.startswith(f"DataHub's default search shows {NAME}@v2, not {NAME}@v1, which is current")
        assert "Edit Entity on version sets" in version
        assert materialization.startswith(
            "DataHub's default search shows minnie65_public@943 beside minnie65_public@1300, which is current"
        )
        gms.denies = False
        with opened(gms) as later:
            assert said(publish(later, 943, 2)) == []
        assert said(publish(registry, 943, 2)) == []
        assert shown(gms, "minnie65") == ["minnie65_public@1300"]
        assert (latest(gms), shown(gms)) == (f"{NAME}@v1", [f"{NAME}@v1"])


@pytest.mark.parametrize("fault", ["answer_lost", "500", "lost_before_commit", "commit_then_500"])
def test_a_failure_while_the_set_is_corrected_costs_neither_the_version_nor_the_set(fault: Any) -> None:
    with StandInGms() as gms, opened(gms) as registry:
        for at in (1300, 943):
            publish(registry, at, at)
        gms.faults.next("slow", fault)
        gms.faults.delay = 0.0
        assert said(publish(registry, 943, 5)) == []
        assert (latest(gms), shown(gms)) == (f"{NAME}@v1", [f"{NAME}@v1"])


def test_an_embedded_file_names_the_current_version(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        for at, version in ((1300, 1), (943, 2)):
            publish(registry, at, version)
        named = registry._store.read([SET])[SET]["versionSetProperties"]["latest"]
        assert named == version_urn(f"{NAME}@v1", "PROD")
        registry.retire(f"{NAME}@v1", reason="wrong")
        named = registry._store.read([SET])[SET]["versionSetProperties"]["latest"]
        assert named == version_urn(f"{NAME}@v2", "PROD")


@pytest.mark.parametrize(("one", "other"), [("1", "01"), ("v1.2", "v1.02"), ("2024-1-1", "2024-01-01")])
def test_versions_that_differ_in_zeros_have_sort_ids_of_their_own(one: str, other: str) -> None:
    assert sort_id(one) != sort_id(other)
    with StandInGms() as gms, opened(gms) as registry:
        for each in (one, other):
            registry.record_materializations([state(each)])
            gms.refresh_search()
        assert len(registry.materializations()) == 2

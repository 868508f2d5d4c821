"""What a declaration says of the clock is compared with what is recorded: warned of, never refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import RegistryUnavailable
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.clock_warnings import Recorded, clock_warnings, name_warnings
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from registry_dagster.stores.handoff_folder import FileStore
from registry_dagster.stores.lite.store import LiteStore
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
MOMENT = "2025-01-13T10:10:01Z"


def version(text: object, system: str = "minnie65_public", **more: Any) -> MaterializationVersion:
    return MaterializationVersion.from_json({"system": system, "version": str(text), "source": "cave", **more})


RECORDED = (
    version(343, timestamp="2022-02-24T08:10:00Z", status="expired", expires_on="2023-02-24T00:00:00Z"),
    version(943, timestamp="2024-01-22T08:10:00Z", status="available"),
    version(1300, timestamp=MOMENT, status="available"),
    version(1822, timestamp="2025-06-27T08:10:00Z", status="running"),
    version(1900, timestamp="2025-07-27T08:10:00Z", status="failed"),
)


def said_of(state: MaterializationVersion, *recorded: MaterializationVersion) -> list[str]:
    held = {each.key: each for each in recorded}
    return list(clock_warnings([state], held, Recorded(recorded), NOW))


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (version(13000), "13000 is not among the 5 recorded versions of minnie65_public; did you mean 1300?"),
        (version(77), "77 is not among the 5 recorded versions of minnie65_public: 1300, 1822, 1900, 343, 943"),
        (version(343), "minnie65_public@343: recorded as expired since 2023-02-24"),
        (version(1822), "minnie65_public@1822: recorded as still running, so it may not be complete"),
        (version(1900), "minnie65_public@1900: recorded as failed"),
        (version(1, "minnie65_pubic"), "new here: system minnie65_pubic; did you mean 'minnie65_public'?"),
        (version(1, "h01"), "new here: system h01; known: minnie65_public"),
        (version(1, timestamp="2027-01-01T00:00:00Z"), "its timestamp 2027-01-01 00:00:00 UTC is in the future"),
    ],
)
def test_a_wrong_clock_is_warned_of(state: MaterializationVersion, said: str) -> None:
    assert any(said in line for line in said_of(state, *RECORDED))


def test_a_source_that_makes_a_twin_is_warned_of() -> None:
    left_out = MaterializationVersion(system="minnie65_public", version="1300", timestamp=RECORDED[2].timestamp)
    (line,) = said_of(left_out, *RECORDED)
    assert line == (
        "minnie65_public@1300: source is left out but recorded as cave; declare source cave to mean that one"
    )
    (line,) = said_of(version(1300, source="caev", timestamp=MOMENT), *RECORDED)
    assert "source is declared as caev but recorded as cave" in line


def test_a_right_clock_is_not_warned_of() -> None:
    assert said_of(version(1300), *RECORDED) == []
    assert said_of(version(1, timestamp=MOMENT)) == []


def test_that_no_timestamp_is_known_is_said_only_where_none_is_recorded() -> None:
    (line,) = said_of(version(1300))
    assert line.startswith("minnie65_public@1300: no timestamp is declared or recorded")


def test_names_that_nobody_used_are_warned_of_where_others_are_known() -> None:
    columns = {"root_id": RootId(id_space="minnie65_pulbic")}
    table = declared(
        materializations=[version(1300)], columns=columns, references=[reference("lab.cels", columns=["root_id"])]
    )
    used = {"id space": {"h01"}, "frame": {"minnie65"}, "dataset": {"lab.cells"}}
    assert list(name_warnings(table, Recorded(RECORDED, used))) == [
        "new here: id space minnie65_pulbic; known: h01, minnie65_public; did you mean minnie65_public?",
        "new here: dataset lab.cels; known: lab.cells; did you mean lab.cells?",
    ]
    assert list(name_warnings(table, Recorded(RECORDED))) == []


@pytest.fixture(params=["lite", "file", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    if request.param == "gms":
        with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
            yield registry
        return
    target = f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        yield registry


def made_against(
    state: MaterializationVersion, name: str = "minnie65.cells", space: str = "minnie65_public"
) -> FeatureTable:
    return declared(name, materializations=[state], columns={"body_id": RootId(id_space=space)})


def test_a_plan_and_a_receipt_say_what_is_wrong_with_the_clock(registry: Registry) -> None:
    registry.record_materializations(RECORDED)
    wrong = "13000 is not among the 5 recorded versions of minnie65_public; did you mean 1300?"
    table = made_against(version(13000, timestamp=MOMENT))
    assert wrong in registry.plan(table, facts(body_id="int64")).warnings
    receipt = registry.publish(table, facts(body_id="int64"), message="why")
    assert receipt.created
    assert wrong in receipt.notes
    assert wrong in receipt.to_markdown()
    late = registry.publish(made_against(version(343)), facts(1, body_id="int64"), message="why")
    assert late.notes == ("minnie65_public@343: recorded as expired since 2023-02-24",)


def test_a_plan_says_which_names_are_new(registry: Registry) -> None:
    registry.record_materializations(RECORDED)
    registry.publish(made_against(version(1300)), facts(body_id="int64"), message="why")
    typo = registry.plan(made_against(version(1300), "minnie65.others", "minnie65_pulbic"), facts(1, body_id="int64"))
    assert [line for line in typo.warnings if "new here" in line] == [
        "new here: id space minnie65_pulbic; known: minnie65_public; did you mean minnie65_public?"
    ]
    assert registry.plan(made_against(version(1300)), facts(2, body_id="int64")).warnings == ()


def test_a_receipt_did_not_say_which_names_are_new(registry: Registry) -> None:
    registry.record_materializations(RECORDED)
    registry.publish(made_against(version(1300)), facts(body_id="int64"), message="why")
    typo = made_against(version(1300), "minnie65.others", "minnie65_pulbic")
    with Registry.open(registry.target, publisher="bob@lab.org") as fresh:
        said = "new here: id space minnie65_pulbic; known: minnie65_public; did you mean minnie65_public?"
        assert fresh.publish(typo, facts(1, body_id="int64"), message="why").notes == (said,)
        assert fresh.publish(typo, facts(2, body_id="int64"), message="why").notes == ()
    pointing = declared(
        "minnie65.more",
        materializations=[version(1300)],
        columns={"body_id": RootId(id_space="minnie65_public")},
        references=[reference("minnie65.cels")],
    )
    notes = registry.publish(pointing, facts(3, body_id="int64"), message="why").notes
    assert any(line.startswith("new here: dataset minnie65.cels; known: ") for line in notes)
    assert any(line.endswith("did you mean minnie65.cells?") for line in notes)


def test_names_cost_a_server_no_request_once_they_are_known() -> None:
    with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(made_against(RECORDED[2]), facts(body_id="int64"), message="why")
        gms.reset_requests()
        registry.publish(made_against(RECORDED[2]), facts(1, body_id="int64"), message="why")
        again = len(gms.requests)
        with Registry.open(gms.url, publisher="bob@lab.org") as fresh:
            fresh.publish(made_against(RECORDED[2]), facts(2, body_id="int64"), message="why")
            gms.reset_requests()
            fresh.publish(made_against(RECORDED[2]), facts(3, body_id="int64"), message="why")
        assert len(gms.requests) == again
        assert gms.requests_of("POST", "/api/graphql") == []


def test_the_recorded_timestamp_is_frozen_into_the_record(registry: Registry) -> None:
    registry.record_materializations(RECORDED)
    receipt = registry.publish(made_against(version(1300)), facts(body_id="int64"), message="why")
    assert receipt.notes == ()
    assert registry.get(receipt.version).materializations[0].timestamp == RECORDED[2].timestamp


def test_an_empty_table_is_warned_of(registry: Registry) -> None:
    assert "the table has no rows" in registry.plan(declared(), facts(rows=0)).warnings
    assert "the table has no rows" not in registry.plan(declared(), facts(rows=1)).warnings


def test_publishing_asks_a_server_once_more_only_if_a_state_is_not_recorded() -> None:
    with StandInGms() as gms, Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(made_against(RECORDED[2]), facts(body_id="int64"), message="why")

        def searches(state: MaterializationVersion, number: int) -> int:
            gms.reset_requests()
            registry.publish(made_against(state), facts(number, body_id="int64"), message="why")
            return len(gms.requests_of("POST", "/api/graphql"))

        assert searches(RECORDED[2], 1) == 0
        assert searches(RECORDED[1], 2) == 1
        assert searches(RECORDED[1], 3) == 0


def test_a_warning_that_cannot_be_given_stops_no_publish(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Iterator[str]:
        raise RegistryUnavailable("the search index is down")

    for store in (LiteStore, FileStore, GmsStore):
        monkeypatch.setattr(store, "search", fail)
    future = (datetime.now(timezone.utc) + timedelta(days=2)).isoformat()
    table = made_against(version(1300, timestamp=future))
    receipt = registry.publish(table, facts(body_id="int64"), message="why")
    assert receipt.created
    (warning,) = receipt.notes
    assert "is in the future" in warning

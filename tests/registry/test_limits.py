"""What a server would drop for its size is refused, cut or warned of before anything is written."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote_plus

import pytest

from registry_dagster.datahub.limits import MOST_TEXT_BYTES, MOST_URN_BYTES, fits_a_urn, searchable, size_warnings
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, user_urn, version_urn
from registry_dagster.errors import InvalidDeclaration, StoreRefused
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.identifiers import BodyId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.gms.state import is_well_formed
from tests.registry.declared import declared, facts

LONG = "神経細胞" * 3_000
"""12,000 characters, 36,000 bytes."""


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        yield registry


def plussed(length: int) -> MaterializationVersion:
    """Names of signs that take three bytes each."""
    return MaterializationVersion(system="a" + "+" * length, version="v" + "+" * length, source="s" + "+" * length)


@pytest.mark.parametrize("act", ["plan", "publish"])
def test_a_materialization_version_that_the_server_would_drop_is_refused(
    gms: StandInGms, registry: Registry, act: str
) -> None:
    table = declared(materializations=(plussed(60),))
    with pytest.raises(InvalidDeclaration, match=f"takes 6..? bytes URL-encoded.* more than {MOST_URN_BYTES}"):
        registry.plan(table, facts()) if act == "plan" else registry.publish(table, facts(), message="first")
    assert not [urn for urn in gms.entities if "dataset:" in urn]


def test_recording_a_materialization_version_that_the_server_would_drop_is_refused(registry: Registry) -> None:
    changes = registry.record_materializations([plussed(60), plussed(1)])
    assert [each.outcome for each in changes.versions] == ["refused", "new"]


def test_an_owner_whose_brackets_are_encoded_twice_is_refused(registry: Registry) -> None:
    tag = "(" * 120
    with pytest.raises(InvalidDeclaration, match="URL-encoded"):
        registry.publish(declared(tags=[tag]), facts(), message="first")


def test_nothing_that_is_taken_is_dropped(gms: StandInGms, registry: Registry) -> None:
    registry.publish(declared(materializations=(plussed(30),)), facts(), message="first")
    assert all(map(is_well_formed, gms.entities))
    assert registry.get("hemibrain.neurons").materializations == (plussed(30),)


def test_long_job_names_are_recorded_but_not_shown(gms: StandInGms, registry: Registry) -> None:
    origin = Origin(run_id="r1", job="m/" + "j" * 190, op="m/" + "ö" * 60)
    plan = registry.plan(declared(), facts(), origin=origin)
    assert any("too long for a URN" in warning for warning in plan.warnings)
    receipt = registry.publish(declared(), facts(), message="first", origin=origin)
    assert any("too long for a URN" in note for note in receipt.notes)
    assert registry.get(receipt.version).provenance.dagster_op == origin.op
    assert not any("dataJob" in urn for urn in gms.entities)


def test_long_texts_are_found_and_read_whole(registry: Registry) -> None:
    columns = {"body_id": BodyId(id_space="hemibrain", description=LONG)}
    registry.publish(declared(columns=columns, description=LONG, title="Long words"), facts(), message=LONG)
    record = registry.get("hemibrain.neurons")
    assert record.columns["body_id"].description == LONG
    assert record.provenance.message == LONG
    assert registry.dataset("hemibrain.neurons").description == LONG
    assert [each.version for each in registry.find("neurons")] == ["hemibrain.neurons@v1"]
    assert [each.name for each in registry.datasets("long")] == ["hemibrain.neurons"]
    assert registry.verify("hemibrain.neurons@v1", record=True).record == ()


def test_a_long_text_that_an_earlier_release_wrote_whole_is_intact(gms: StandInGms, registry: Registry) -> None:
    registry.publish(declared(), facts(), message=LONG)
    urn = version_urn("hemibrain.neurons@v1", "PROD")
    stored = gms.entities[urn]["versionProperties"]
    gms.put(urn, "versionProperties", {**stored, "comment": LONG})
    assert registry.verify("hemibrain.neurons@v1", record=True).record == ()


def test_a_description_that_is_too_long_for_the_history_is_refused(gms: StandInGms, registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    with pytest.raises(InvalidDeclaration, match=f"at most {MOST_TEXT_BYTES:,} fit; shorten the description"):
        registry.describe(Dataset(name="hemibrain.neurons", description=LONG), message="more words")
    assert "description" not in gms.entities[container_urn("hemibrain.neurons", "PROD")]["containerProperties"]


def test_an_aspect_that_no_change_event_holds_is_warned_of(registry: Registry) -> None:
    columns = {f"c{number}": BodyId(id_space="hemibrain", description="d" * 1500) for number in range(1500)}
    table = facts(**dict.fromkeys(columns, "int64"))
    assert any("sends no change event" in each for each in registry.plan(declared(columns=columns), table).warnings)
    receipt = registry.publish(declared(columns=columns), table, message="wide")
    assert any("sends no change event" in note for note in receipt.notes)


def test_a_plan_refuses_what_does_not_fit_a_request(registry: Registry) -> None:
    columns = {f"c{number}": BodyId(id_space="hemibrain", description="d" * 4000) for number in range(2000)}
    with pytest.raises(StoreRefused, match="one request holds at most"):
        registry.plan(declared(columns=columns), facts(**dict.fromkeys(columns, "int64")))


def test_a_cut_text_takes_as_much_as_fits() -> None:
    assert searchable("short") == "short"
    assert MOST_TEXT_BYTES - 4 < len(searchable(LONG).encode()) <= MOST_TEXT_BYTES
    assert searchable(searchable(LONG)) == searchable(LONG)


def test_lengths_are_counted_as_the_stand_in_counts_them() -> None:
    for size in range(150, 170):
        urn = user_urn("ü" * 40 + "(" * 20 + "a" * size)
        assert fits_a_urn(urn) == is_well_formed(urn) == (len(quote_plus(urn)) <= MOST_URN_BYTES)


def test_sizes_are_in_bytes() -> None:
    assert list(size_warnings([Proposal("urn:li:dataset:x", "status", {"a": "d" * 4_400_000})])) == []
    assert len(list(size_warnings([Proposal("urn:li:dataset:x", "status", {"a": "神" * 1_600_000})]))) == 1

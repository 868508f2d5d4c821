"""Publishers that know different things of what is recorded."""

from __future__ import annotations

from datetime import datetime, timezone
from pathlib import Path

import pytest

from registry_dagster.errors import InvalidDeclaration, MaterializationConflict, VersionConflict
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Origin, Publication, Receipt
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts, reference


def at(day: int) -> MaterializationVersion:
    moment = datetime(2025, 1, day, tzinfo=timezone.utc)
    return MaterializationVersion(system="lab", version="1", source="cave", timestamp=moment)


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"lite://{tmp_path}/registry.db"


def opened(target: str) -> Registry:
    return Registry.open(target, publisher="ada@lab.org")


def test_facts_that_contradict_each_other_in_one_batch_are_a_conflict(target: str) -> None:
    with opened(target) as registry:
        first, second = registry.publish_many(
            [
                Publication(declared("lab.a", materializations=(at(1),)), facts(), "why"),
                Publication(declared("lab.b", materializations=(at(2),)), facts(), "why"),
            ]
        )
        assert isinstance(first, Receipt)
        assert isinstance(second, MaterializationConflict)
        assert registry.materialization(at(1)) == at(1)


def test_who_knows_less_erases_nothing_that_another_recorded_meanwhile(target: str) -> None:
    bare = MaterializationVersion(system="lab", version="1", source="cave")
    with opened(target) as one, opened(target) as other:
        one.publish(declared("lab.a", materializations=(bare,)), facts(), message="first")
        other.publish(declared("lab.b", materializations=(at(1),)), facts(), message="second")
        expired = MaterializationVersion(system="lab", version="1", source="cave", status="expired")
        one.publish(declared("lab.c", materializations=(expired,)), facts(), message="third")

        recorded = one.materialization(bare)
        assert recorded is not None
        assert (recorded.timestamp, recorded.status) == (at(1).timestamp, "expired")


def test_a_description_that_another_gave_meanwhile_stays(target: str) -> None:
    with opened(target) as one, opened(target) as other:
        one.publish(declared("lab.a"), facts(), message="first")
        other.describe(Dataset(name="lab.a", description="By hand."), message="Renamed", publisher="bob@lab.org")
        tagged = declared("lab.a").model_copy(update={"dataset": Dataset(name="lab.a", tags=["new"])})
        one.publish(tagged, facts(1), message="second")
        assert (one.dataset("lab.a").description, one.dataset("lab.a").tags) == ("By hand.", ("new",))


def test_an_input_that_another_published_meanwhile_is_linked(target: str) -> None:
    origin = Origin(inputs=[("lab.up", facts(5).identity)])
    with opened(target) as one, opened(target) as other:
        one.publish(declared("lab.down"), facts(), message="first", origin=origin)
        other.publish(declared("lab.up"), facts(5), message="meanwhile")
        receipt = one.publish(declared("lab.down"), facts(1), message="second", origin=origin)
        assert receipt.record.inputs == ("lab.up@v1",)


def test_two_inputs_of_one_dataset_are_two(target: str) -> None:
    origin = Origin(inputs=[("lab.up", facts(5).identity), ("lab.up", facts(6).identity)])
    with opened(target) as registry:
        for number in (5, 6):
            registry.publish(declared("lab.up"), facts(number), message="read")
        receipt = registry.publish(declared("lab.down"), facts(), message="made of both", origin=origin)
        assert receipt.record.inputs == ("lab.up@v1", "lab.up@v2")


def test_a_label_is_given_once_in_a_batch(target: str) -> None:
    with opened(target) as registry:
        first, second = registry.publish_many(
            [Publication(declared("lab.a"), facts(number), "why", label="final") for number in (0, 1)]
        )
        assert isinstance(first, Receipt)
        assert isinstance(second, VersionConflict)
        assert registry.get("lab.a@final").name == "lab.a@v1"


def test_the_order_of_a_declaration_is_not_content(target: str) -> None:
    joins = (reference("lab.b"), reference("lab.c"))
    with opened(target) as registry:
        registry.publish(declared("lab.a", references=joins), facts(), message="first")
        again = registry.publish(declared("lab.a", references=joins[::-1]), facts(), message="second")
        assert not again.created


def test_tags_of_unchanged_content_exist_before_the_dataset_names_them(target: str) -> None:
    with opened(target) as registry:
        registry.publish(declared("lab.a"), facts(), message="first")
        renamed = declared("lab.a").model_copy(
            update={"dataset": Dataset(name="lab.a", owners=["team:new"], tags=["new"])}
        )
        assert not registry.publish(renamed, facts(), message="second").created
        stored = registry._store.read(["urn:li:tag:new", "urn:li:corpGroup:new"])  # pyright: ignore[reportPrivateUsage]
        assert list(stored) == ["urn:li:tag:new"], "groups are referred to and never written"


@pytest.mark.parametrize(
    "location",
    [
        "s3://AKIAABCDEFGHIJKLMNOP:secret@bucket/table",
        "https://host/table?X-Amz-Signature=abc",
        "https://host/table;token=abc",
        "abfss://container@account/table/sig=aB3dE6gH9jK2mN5pQ8",
        "DefaultEndpointsProtocol=https;AccountKey=abc==",
        "s3://bucket/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc/table",
    ],
)
def test_a_location_with_a_credential_never_becomes_a_record(location: str) -> None:
    with pytest.raises(InvalidDeclaration, match="which must not be published") as refused:
        TableFacts.from_json({**facts().to_json(), "location": location})
    assert "abc" not in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("location", ["abfss://container@account.dfs.core.windows.net/t", "s3://bucket:9000/a@b/t"])
def test_what_only_looks_like_one_passes(location: str) -> None:
    assert TableFacts.from_json({**facts().to_json(), "location": location}).location == location

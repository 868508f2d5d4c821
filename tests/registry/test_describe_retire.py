"""Meaning evolves: what a Dataset is called, and which versions should no longer be used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished, PublishRefused
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.retirement import Retirement
from registry_dagster.registry.plan import Origin
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts, reference

NAME = "hemibrain.neurons"


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture(params=["lite", "gms"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """With two versions."""
    target = f"lite://{tmp_path}/registry.db" if request.param == "lite" else request.getfixturevalue("gms").url
    with Registry.open(target, publisher="ada@lab.org") as registry:
        title, owners = "Neurons", ["team:fly", "bob@lab.org"]
        for number in range(2):
            registry.publish(
                declared(title=title, owners=owners, tags=["fly"], description="All."), facts(number), message="why"
            )
        yield registry


class TestDescribing:
    def test_what_is_given_changes_and_the_rest_stays(self, registry: Registry) -> None:
        described = registry.describe(
            Dataset(name=NAME, title="All neurons", tags=["fly", "em"]), message="Renamed", publisher="bob@lab.org"
        )
        assert described == Dataset(
            name=NAME, title="All neurons", description="All.", owners=["team:fly", "bob@lab.org"], tags=["fly", "em"]
        )
        assert registry.dataset(NAME) == described

    def test_versions_stay_as_they_are(self, registry: Registry) -> None:
        before = registry.versions(NAME)
        registry.describe(
            Dataset(name=NAME, title="All neurons", owners=["team:em"]), message="Renamed", publisher="bob@lab.org"
        )
        assert registry.versions(NAME) == before
        assert all(registry.verify(record.name, record=True).record == () for record in before)

    def test_a_dataset_without_versions_cannot_be_described(self, registry: Registry) -> None:
        with pytest.raises(NotPublished, match="hemibrain.types: no such dataset .*publish a version first"):
            registry.describe(
                Dataset(name="hemibrain.types", title="Types"), message="Renamed", publisher="bob@lab.org"
            )

    def test_the_store_keeps_the_history(self, gms: StandInGms) -> None:
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            registry.publish(declared(title="One"), facts(), message="why")
            for title in ("Two", "Three", "Three"):
                registry.describe(Dataset(name=NAME, title=title), message="Renamed", publisher="bob@lab.org")
        history = gms.history(container_urn(NAME, "PROD"), "containerProperties")
        assert [each["name"] for each in history] == ["One", "Two", "Three"]

    def test_tags_that_are_new_exist_before_they_are_pointed_at_and_owners_are_not_written(
        self, gms: StandInGms
    ) -> None:
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            registry.publish(declared(), facts(), message="why")
            registry.describe(
                Dataset(name=NAME, owners=["team:new", "new@lab.org"], tags=["new"]),
                message="Renamed",
                publisher="bob@lab.org",
            )
        assert "urn:li:tag:new" in gms.entities
        assert not {"urn:li:corpGroup:new", "urn:li:corpuser:new@lab.org"} & gms.entities.keys()


class TestRetiring:
    def test_who_why_and_what_instead_are_told(self, registry: Registry) -> None:
        told = registry.retire(f"{NAME}@v1", reason="wrong unit", replacement=f"{NAME}@v2")
        assert told == Retirement("wrong unit", "ada@lab.org", f"{NAME}@v2")
        assert registry.retirement(f"{NAME}@v1") == told
        assert registry.retirement(f"{NAME}@v2") is None
        assert all(part in str(told) for part in ("wrong unit", "ada@lab.org", f"{NAME}@v2"))

    def test_the_record_stays_and_the_version_can_be_read(self, registry: Registry) -> None:
        before = registry.get(f"{NAME}@v1")
        registry.retire(f"{NAME}@v1", reason="wrong unit")
        assert registry.get(f"{NAME}@v1") == before
        assert registry.verify(f"{NAME}@v1", record=True).record == ()
        assert len(registry.versions(NAME)) == 2

    def test_it_can_be_said_again_in_other_words_by_somebody_else(self, registry: Registry) -> None:
        registry.retire(f"{NAME}@v1", reason="wrong unit")
        registry.retire(f"{NAME}@v1", reason="wrong frame", publisher="größe, (b)@lab.org")
        retirement = registry.retirement(f"{NAME}@v1")
        assert retirement is not None
        assert (retirement.reason, retirement.by) == ("wrong frame", "größe, (b)@lab.org")

    def test_a_join_left_to_the_registry_never_leads_to_a_retired_version(self, registry: Registry) -> None:
        registry.retire(f"{NAME}@v2", reason="wrong unit")
        joined = declared("hemibrain.synapses", references=(reference(NAME),))
        assert registry.plan(joined, facts()).record.reference_versions == {NAME: f"{NAME}@v1"}
        registry.retire(f"{NAME}@v1", reason="older still")
        plan = registry.plan(joined, facts())
        assert plan.record.reference_versions == {}
        assert any("has no version that may be linked" in line and "wrong unit" in line for line in plan.warnings)

    def test_a_join_to_a_retired_version_that_is_named_is_made_with_a_warning(self, registry: Registry) -> None:
        registry.retire(f"{NAME}@v2", reason="wrong unit")
        plan = registry.plan(declared("hemibrain.synapses", references=(reference(f"{NAME}@v2"),)), facts())
        assert plan.record.reference_versions == {f"{NAME}@v2": f"{NAME}@v2"}
        assert any(line.startswith(f"linked to {NAME}@v2, which is retired") for line in plan.warnings)

    def test_what_was_read_is_recorded_as_it_was_read_also_when_it_is_retired(self, registry: Registry) -> None:
        registry.retire(f"{NAME}@v2", reason="wrong unit")
        origin = Origin(inputs=[(NAME, facts(1).identity)])
        plan = registry.plan(declared("hemibrain.types"), facts(), origin=origin)
        assert plan.record.inputs == (f"{NAME}@v2",)
        assert any(line.startswith(f"computed from {NAME}@v2, which is retired") for line in plan.warnings)

    def test_publishing_goes_on_after_a_retired_version(self, registry: Registry) -> None:
        registry.retire(f"{NAME}@v2", reason="wrong unit")
        assert registry.publish(declared(), facts(2), message="better").version == f"{NAME}@v3"
        assert not registry.publish(declared(), facts(1), message="the retired one again").created

    @pytest.mark.parametrize(
        ("version", "words", "error", "said"),
        [
            (f"{NAME}@v1", {"reason": " "}, PublishRefused, "needs a reason"),
            (NAME, {"reason": "x"}, InvalidDeclaration, "is not an exact version; write hemibrain.neurons@vN"),
            (f"{NAME}@v1", {"reason": "x", "replacement": NAME}, InvalidDeclaration, "is not an exact version"),
            (f"{NAME}@v3", {"reason": "x"}, NotPublished, "@v3: not published"),
            (f"{NAME}@v1", {"reason": "x", "replacement": f"{NAME}@v3"}, NotPublished, "@v3: not published"),
        ],
    )
    def test_what_cannot_be_retired_is_refused_with_the_reason(
        self, registry: Registry, version: str, words: dict[str, str], error: type[Exception], said: str
    ) -> None:
        with pytest.raises(error, match=said):
            registry.retire(version, **words)
        assert registry.retirement(f"{NAME}@v1") is None

    def test_nobody_retires_nothing(self, gms: StandInGms, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("FEATURE_REGISTRY_PUBLISHER", raising=False)
        with Registry.open(gms.url) as registry:
            registry.publish(declared(), facts(), message="why", publisher="ada")
            with pytest.raises(PublishRefused, match="needs a publisher"):
                registry.retire(f"{NAME}@v1", reason="wrong")

    def test_a_deprecation_made_in_datahubs_own_views_is_shown(self, gms: StandInGms) -> None:
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            registry.publish(declared(), facts(), message="why")
            deprecation = {"deprecated": True, "note": "old", "actor": "urn:li:corpuser:eve"}
            gms.put(version_urn(f"{NAME}@v1", "PROD"), "deprecation", deprecation)
            assert registry.retirement(f"{NAME}@v1") == Retirement("old", "eve", in_datahub=True)
            gms.put(version_urn(f"{NAME}@v1", "PROD"), "deprecation", {**deprecation, "deprecated": False})
            assert registry.retirement(f"{NAME}@v1") is None

    def test_a_replacement_that_is_no_version_of_ours_is_left_out(self, gms: StandInGms) -> None:
        with Registry.open(gms.url, publisher="ada@lab.org") as registry:
            registry.publish(declared(), facts(), message="why")
            for other in ("urn:li:dataset:(urn:li:dataPlatform:hive,DB.Table,PROD)", "urn:li:chart:(looker,x)"):
                deprecation = {"deprecated": True, "note": "old", "actor": "urn:li:corpuser:eve", "replacement": other}
                gms.put(version_urn(f"{NAME}@v1", "PROD"), "deprecation", deprecation)
                assert registry.retirement(f"{NAME}@v1") == Retirement("old", "eve", in_datahub=True)

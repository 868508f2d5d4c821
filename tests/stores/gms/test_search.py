"""Finding in a DataHub server, whose search lags behind and shows what others edited."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.search import Search
from registry_dagster.datahub.urns import property_urn, version_urn
from registry_dagster.errors import AccessDenied, RegistryError, RegistryUnavailable, StoreRefused
from registry_dagster.http import HttpClient
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.quantities import Feature
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from registry_dagster.stores.open import open_store
from tests.gms.http import Request
from tests.gms.routes import Answer
from tests.gms.server import StandInGms
from tests.gms.state import Database
from tests.registry.declared import declared, facts
from tests.stores.answering import answering

NAME = "hemibrain.neurons"


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    with Registry(GmsStore(HttpClient(gms.url, retries=0)), publisher="ada@lab.org") as opened:
        yield opened


def test_the_versions_of_a_dataset_are_found_though_the_search_does_not_know_them(
    gms: StandInGms, registry: Registry
) -> None:
    for version in range(3):
        gms.faults.next(*["stale_search"] * 5)
        registry.publish(declared(), facts(version), message="next")
    assert not registry.find()
    assert [row.version for row in registry.find(dataset=NAME)] == [f"{NAME}@v{number}" for number in (3, 2, 1)]


def test_what_others_wrote_into_the_searchable_facts_is_not_believed(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    assigned = {"propertyUrn": property_urn("featureRegistry.format"), "values": [{"string": "lance"}]}
    urn = version_urn(f"{NAME}@v1", "PROD")
    registry._store.upsert([Proposal(urn, "structuredProperties", {"properties": [assigned]})])
    assert not registry.find(format="lance")


def test_all_versions_are_found_and_not_the_latest_alone(registry: Registry) -> None:
    registry.publish_many([Publication(declared(), facts(version), "next") for version in range(250)])
    found = [row.version for row in registry.stream()]
    assert sorted(found) == sorted(f"{NAME}@v{number}" for number in range(1, 251))


def test_words_that_a_version_and_its_dataset_share_out_among_them_are_found(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="Segmented by hand")
    registry.describe(Dataset(name=NAME, title="Kenyon cells"), message="Renamed", publisher="ada@lab.org")
    assert [row.version for row in registry.find(text="kenyon hand")] == [f"{NAME}@v1"]
    assert not registry.find(text="kenyon foot")


@pytest.mark.parametrize("release", ["v1.0.0", "v1.1.0", "v1.7.0"])
def test_on_every_release_versions_are_found_newest_first(release: str) -> None:
    with StandInGms(version=release) as gms, Registry(open_store(gms.url), publisher="ada@lab.org") as registry:
        for version, name in enumerate(["c.a", "b.a", "d.a"]):
            registry.publish(declared(name), facts(version), message="first")
        assert [row.version for row in registry.find()] == ["d.a@v1", "b.a@v1", "c.a@v1"]
        assert [row.name for row in registry.datasets()]


def test_a_server_that_hides_its_schema_is_searched_with_what_every_release_knows() -> None:
    with _SilentAboutItself(version="v1.0.0") as gms, Registry(open_store(gms.url), publisher="a") as registry:
        registry.publish(declared(), facts(), message="first")
        assert [row.version for row in registry.find(text="neurons")] == [f"{NAME}@v1"]


class _SilentAboutItself(StandInGms):
    """Introspection is turned off there."""

    def _process(self, database: Database, request: Request, authorization: str, body: bytes) -> Answer:
        if b"__type" in body:
            return Answer(200, {"errors": [{"message": "Introspection has been disabled for this request"}]})
        return super()._process(database, request, authorization, body)


@pytest.mark.parametrize("text", ["nuc", "nuc vol", "Nucléus", "kenyon volu"])
def test_the_beginning_of_a_word_finds_what_the_embedded_file_finds(
    text: str, registry: Registry, tmp_path: Path
) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as embedded:
        for opened in (registry, embedded):
            table = declared("lab.nucleus_volumes", title="Kenyon cells")
            opened.publish(table, facts(), message="Segmented by hand")
            opened.publish(declared("lab.other"), facts(1), message="Enucleated by hand")
        found = [row.version for row in embedded.find(text=text)]
        assert [row.version for row in registry.find(text=text)] == found == ["lab.nucleus_volumes@v1"]


def test_a_plan_says_which_columns_the_index_leaves_out(registry: Registry) -> None:
    columns = {f"c{number}": "float32" for number in range(1001)}
    wide = declared(columns={"c0": Feature(description="x" * 4097), "c1": Feature(description="x")})
    warnings = registry.plan(wide, facts(**columns)).warnings
    assert any(
        "has 1,001 columns, and DataHub's search finds words in the first 1,000 only" in each for each in warnings
    )
    assert [each for each in warnings if "4,096" in each] == [
        "c0: DataHub's search finds words in the first 4,096 characters only"
    ]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (401, AccessDenied),
        (403, AccessDenied),
        (400, StoreRefused),
        (404, StoreRefused),
        (429, RegistryUnavailable),
        (500, RegistryUnavailable),
        (None, RegistryUnavailable),
    ],
)
def test_a_search_that_failed_is_an_error_and_not_nothing_found(code: int | None, error: type[RegistryError]) -> None:
    """DataHub answers 200 to a failed query, with the data of an empty one beside the error."""
    failed = {"message": "Index not found", "extensions": {"code": code} if code else {}}
    body = {"errors": [failed], "data": {"scrollAcrossEntities": {"nextScrollId": None, "searchResults": []}}}
    with answering(200, json.dumps(body)) as url:
        store = GmsStore(HttpClient(url, retries=0))
        with pytest.raises(error, match=url) as raised:
            list(store.search(Search("dataset", "PROD")))
    assert type(raised.value) is error
    assert error is AccessDenied or "Index not found" in str(raised.value)

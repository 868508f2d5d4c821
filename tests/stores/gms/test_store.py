"""A DataHub server as the registry: what is sent, what is believed, and what is said when things go wrong."""

from __future__ import annotations

import json
import logging
import math
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from datahub.ingestion.graph.client import DataHubGraph
from datahub.ingestion.graph.config import DatahubClientConfig
from datahub.metadata import schema_classes as models

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, version_urn
from registry_dagster.datahub.version import version_proposals
from registry_dagster.errors import (
    AccessDenied,
    CorruptRecord,
    RegistryError,
    RegistryUnavailable,
    StoreRefused,
    VersionConflict,
)
from registry_dagster.http import HttpClient
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.quantities import Feature
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import MOST_PROPOSALS, GmsStore
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Refusal
from tests.gms.faults import FAULTS, Fault
from tests.gms.server import Faults, StandInGms
from tests.registry.declared import declared, facts, reference
from tests.stores.answering import answering

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.dG9rZW4"
NAME = "hemibrain.neurons"
V1, V2 = version_urn(f"{NAME}@v1", "PROD"), version_urn(f"{NAME}@v2", "PROD")


class Recording(HttpClient):
    """Keeps what it sends."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.sent: list[tuple[str, Any]] = []

    def post(self, path: str, body: Any, headers: Any = None) -> Any:
        self.sent.append((path, body))
        return super().post(path, body, headers)


def plain(address: str, token: str | None = None, retries: int = 0, timeout: float = 30.0) -> HttpClient:
    """A connection that neither pauses nor, by default, tries a request again, so that each answer shows."""
    return HttpClient(address, token, timeout=(30.0, timeout), retries=retries, backoff=0)


def opened(gms: StandInGms, token: str | None = None, retries: int = 0, timeout: float = 30.0) -> Registry:
    return Registry(GmsStore(plain(gms.url, token, retries, timeout)), publisher="ada@lab.org")


def timeout_for(gms: StandInGms, fault: Fault) -> float:
    """Less than the delay of the faults that delay; long for all others."""
    gms.faults.delay = 0.8
    return 0.5 if fault in ("slow", "late_commit") else 30.0


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("FEATURE_REGISTRY", "DATAHUB_GMS_URL", "DATAHUB_GMS_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture
def registry(gms: StandInGms) -> Iterator[Registry]:
    with opened(gms) as registry:
        yield registry


@pytest.fixture
def started(registry: Registry) -> Registry:
    """A registry with a first version: the next write is a commit."""
    registry.publish(declared(), facts(), message="first")
    return registry


def lacking(gms: StandInGms, receipt: Receipt) -> set[str]:
    """The aspects of a published version that are not there."""
    proposals = version_proposals(receipt.record, Dataset(name=receipt.record.dataset), "PROD")
    return {each.aspect for each in proposals if each.aspect not in gms.entities.get(each.urn, {})}


class TestRequests:
    def test_a_second_version_takes_one_write_and_two_reads(self, gms: StandInGms, started: Registry) -> None:
        gms.reset_requests()
        started.publish(declared(), facts(1), message="second")
        assert [each.path for each in gms.requests] == [
            "/openapi/v3/entity/dataset/batchGet",
            "/aspects?action=ingestProposalBatch",
            "/openapi/v3/entity/dataset/batchGet",
        ]

    def test_joins_take_two_more_to_learn_what_they_are_linked_to(self, gms: StandInGms, started: Registry) -> None:
        joined = declared("hemibrain.synapses", references=(reference(NAME),))
        started.publish(joined, facts(), message="first")
        gms.reset_requests()
        assert started.publish(joined, facts(1), message="second").created
        assert len(gms.requests) == 6

    def test_many_versions_share_their_requests(self, gms: StandInGms) -> None:
        beyond: list[int] = []
        for count in (30, 120):
            gms.reset()
            with opened(gms) as registry:
                outcomes = registry.publish_many(
                    [Publication(declared(f"lab.table_{number}"), facts(number), "why") for number in range(count)]
                )
            assert all(isinstance(outcome, Receipt) and outcome.created for outcome in outcomes)
            assert max(each.proposals for each in gms.requests) <= MOST_PROPOSALS
            proposals = sum(each.proposals for each in gms.requests)
            beyond.append(len(gms.requests) - math.ceil(proposals / MOST_PROPOSALS))
        assert max(beyond) <= 22

    def test_versions_of_one_dataset_are_sent_one_a_request(self, gms: StandInGms, started: Registry) -> None:
        gms.reset_requests()
        started.publish_many([Publication(declared(), facts(number), "why") for number in range(1, 4)])
        assert [each.proposals for each in gms.requests if each.proposals] == [11, 11, 11]
        latest = [gms.entities[version_urn(f"{NAME}@v{n}", "PROD")]["versionProperties"]["isLatest"] for n in (1, 2, 3)]
        assert latest == [False, False, False]
        assert gms.entities[version_urn(f"{NAME}@v4", "PROD")]["versionProperties"]["isLatest"] is True

    def test_writes_are_synchronous_rest_li_batches_and_versions_create_only(self, gms: StandInGms) -> None:
        http = Recording(gms.url)
        with Registry(GmsStore(http), publisher="ada@lab.org") as registry:
            registry.publish(declared(title="Neurons", owners=["team:fly"], tags=["x"]), facts(), message="why")
            registry.retire(f"{NAME}@v1", reason="wrong")
        sent = [(path, body) for path, body in http.sent if "/batchGet" not in path and not path.endswith("/graphql")]
        writes = [body for _, body in sent]
        assert {path for path, _ in sent} == {"/aspects?action=ingestProposalBatch"}
        assert {body["async"] for body in writes} == {"false"}
        version = [
            (each["changeType"], each["headers"].get("If-Version-Match"))
            for body in writes
            for each in body["proposals"]
            if each["entityUrn"] == V1 and each["aspectName"] != "deprecation"
        ]
        assert len(version) == 11
        assert set(version) == {("CREATE_ENTITY", "-1")}
        sent = [each for body in writes for each in body["proposals"]]
        assert "If-None-Match" not in {name for each in sent for name in each["headers"]}
        assert "versionSetProperties" not in {each["aspectName"] for each in sent}


class TestTooLarge:
    def test_more_proposals_than_one_request_holds_are_refused_with_their_number(self, gms: StandInGms) -> None:
        with closing(open_store(gms.url)) as store:
            commit = [Proposal(f"{V1[:-6]}{n},PROD)", "status", {"removed": False}) for n in range(MOST_PROPOSALS + 1)]
            with pytest.raises(StoreRefused, match="takes 201 proposals, but one request holds at most 200"):
                store.check(commit)
            store.check(commit[1:])

    def test_a_record_of_more_than_15_mib_is_refused_before_anything_is_written(self, gms: StandInGms) -> None:
        before = gms.entities
        columns = {f"c{number}": Feature(description="µ" * 20_000) for number in range(80)}
        table = facts(**dict.fromkeys(columns, "float32"))
        with opened(gms) as registry, pytest.raises(StoreRefused) as refusal:
            registry.publish(declared(columns=columns), table, message="wide")
        assert "bytes, but one request holds at most 15,728,640" in str(refusal.value)
        assert f"The largest part is schemaMetadata of {V1}" in str(refusal.value)
        assert gms.entities == before
        assert not any(each.proposals for each in gms.requests)

    def test_one_that_is_too_large_leaves_the_others_alone(self, gms: StandInGms, registry: Registry) -> None:
        columns = {f"c{number}": Feature(description="µ" * 20_000) for number in range(80)}
        large = Publication(declared("large", columns=columns), facts(**dict.fromkeys(columns, "float32")), "why")
        outcomes = registry.publish_many([large, Publication(declared(), facts(), "why")])
        assert [type(outcome) for outcome in outcomes] == [StoreRefused, Receipt]
        assert container_urn("large", "PROD") not in gms.entities


class TestFaults:
    @pytest.mark.parametrize("fault", FAULTS)
    def test_after_any_one_fault_of_the_commit_the_version_is_published_once(
        self, gms: StandInGms, fault: Fault
    ) -> None:
        with opened(gms, timeout=timeout_for(gms, fault)) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults.next(fault)
            receipt = registry.publish(declared(), facts(1), message="second")
        assert [each.fault for each in gms.requests if each.fault] == [fault]
        assert (receipt.version, receipt.created) == (f"{NAME}@v2", True)
        assert lacking(gms, receipt) == set()
        with opened(gms) as another:
            assert another.get(f"{NAME}@v2") == receipt.record
            assert not another.publish(declared(), facts(1), message="again").created
            assert len(another.versions(NAME)) == 2

    @pytest.mark.parametrize("fault", FAULTS)
    def test_a_client_that_tries_again_by_itself_ends_the_same(self, gms: StandInGms, fault: Fault) -> None:
        with opened(gms, retries=2, timeout=timeout_for(gms, fault)) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults.next(fault)
            receipt = registry.publish(declared(), facts(1), message="second")
        assert (receipt.version, receipt.created) == (f"{NAME}@v2", True)
        assert lacking(gms, receipt) == set()

    @pytest.mark.parametrize("fault", ["commit_then_500", "answer_lost", "slow", "duplicate_delivery", "stale_search"])
    def test_a_commit_that_was_carried_out_is_published_whatever_was_answered(
        self, gms: StandInGms, fault: Fault
    ) -> None:
        with opened(gms, timeout=timeout_for(gms, fault)) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults = Faults.random(0, 1.0, [fault], delay=0.8)
            assert registry.publish(declared(), facts(1), message="second").created
            gms.faults = Faults()
            assert registry.get(NAME).number == 2

    @pytest.mark.parametrize(
        ("fault", "error", "said"),
        [
            ("lost_before_commit", RegistryUnavailable, "is not published, as far as the store says"),
            ("refused", RegistryUnavailable, "is not published, as far as the store says"),
            ("429", RegistryUnavailable, "returned 429 for a write"),
            ("500", RegistryUnavailable, "returned 500 for a write"),
            ("503", RegistryUnavailable, "returned 503 for a write"),
            ("401", AccessDenied, "does not accept the token; set DATAHUB_GMS_TOKEN"),
            (
                "403",
                AccessDenied,
                "accepts the token but denies this request: The stand-in was told to answer 403. Give the token's user",
            ),
            ("413", StoreRefused, "returned 413: The stand-in was told to answer 413"),
            ("422", StoreRefused, "returned 422: The stand-in was told to answer 422"),
        ],
    )
    def test_a_commit_that_is_never_carried_out_is_not_published_and_can_be_sent_again(
        self, gms: StandInGms, started: Registry, fault: Fault, error: type[RegistryError], said: str
    ) -> None:
        gms.faults = Faults.random(0, 1.0, [fault])
        with pytest.raises(RegistryError) as failure:
            started.publish(declared(), facts(1), message="second")
        assert type(failure.value) is error
        assert said in str(failure.value)
        assert f"{NAME}@v2 is not published" in str(failure.value)
        assert error is not RegistryUnavailable or "running again is safe" in str(failure.value)
        assert V2 not in gms.entities
        gms.faults = Faults()
        assert started.publish(declared(), facts(1), message="second").created

    def test_a_lost_answer_and_a_store_that_cannot_be_read_leave_the_outcome_unknown(
        self, gms: StandInGms, started: Registry
    ) -> None:
        gms.faults.next("answer_lost")
        gms.faults.next("refused", reads=True)
        with pytest.raises(RegistryUnavailable) as failure:
            started.publish(declared(), facts(1), message="second")
        assert "whether it is published is not known. Running again is safe" in str(failure.value)
        again = started.publish(declared(), facts(1), message="second")
        assert (again.version, again.created) == (f"{NAME}@v2", False)

    def test_a_right_that_is_lost_between_commit_and_read_back_leaves_the_outcome_unknown(
        self, gms: StandInGms, started: Registry
    ) -> None:
        gms.faults.next("stale_search")
        gms.faults.next("401", reads=True)
        with pytest.raises(RegistryUnavailable, match="is not known.* does not accept the token"):
            started.publish(declared(), facts(1), message="second")
        assert not started.publish(declared(), facts(1), message="second").created

    def test_a_store_that_cannot_be_read_at_all_says_that_nothing_was_sent(self, gms: StandInGms) -> None:
        gms.faults.next("503", reads=True)
        with opened(gms) as registry, pytest.raises(RegistryUnavailable) as failure:
            registry.publish(declared(), facts(), message="first")
        assert "hemibrain.neurons: nothing was sent" in str(failure.value)

    def test_a_429_is_answered_by_waiting_as_long_as_it_asks(self, gms: StandInGms) -> None:
        with opened(gms, retries=1) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults.retry_after = 1
            gms.faults.next("429")
            before = time.monotonic()
            assert registry.publish(declared(), facts(1), message="second").created
            assert time.monotonic() - before >= 1

    def test_a_token_that_may_only_read_is_denied_and_reads_on(self) -> None:
        with StandInGms(token="writer", reader_token="reader") as gms:
            with opened(gms, "writer") as registry:
                registry.publish(declared(), facts(), message="first")
            with opened(gms, "reader") as registry:
                assert registry.get(NAME).number == 1
                with pytest.raises(AccessDenied, match="accepts the token but denies this request"):
                    registry.publish(declared(), facts(1), message="second")
            with opened(gms, "neither") as registry, pytest.raises(AccessDenied, match="does not accept the token"):
                registry.get(NAME)

    def test_a_number_taken_meanwhile_leads_to_the_next_one(self, gms: StandInGms, started: Registry) -> None:
        with opened(gms) as another:
            another.publish(declared(), facts(1), message="theirs")
        receipt = started.publish(declared(), facts(2), message="ours")
        assert (receipt.version, receipt.created) == (f"{NAME}@v3", True)

    def test_a_number_that_was_asked_for_and_taken_meanwhile_is_a_conflict(
        self, gms: StandInGms, started: Registry
    ) -> None:
        with opened(gms) as another:
            another.publish(declared(), facts(1), message="theirs")
        with pytest.raises(VersionConflict) as conflict:
            started.publish(declared(), facts(2), message="ours", version=2)
        assert conflict.value.differences == ("table: pin.version: 1 → 2",)

    def test_the_same_content_published_meanwhile_is_found(self, gms: StandInGms, started: Registry) -> None:
        with opened(gms) as another:
            theirs = another.publish(declared(), facts(1), message="theirs")
        ours = started.publish(declared(), facts(1), message="ours")
        assert (ours.created, ours.record) == (False, theirs.record)


class TestWhatAServerLeavesOut:
    """An item skipped with 200, as servers do with what they do not understand."""

    @pytest.mark.parametrize("seed", range(9))
    def test_whatever_item_is_skipped_the_version_is_completed(self, gms: StandInGms, seed: int) -> None:
        with opened(gms) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults = Faults.random(seed, 0.0)
            gms.faults.next("item_skipped_silently")
            receipt = registry.publish(declared(), facts(1), message="second")
        assert (receipt.version, receipt.created) == (f"{NAME}@v2", True)
        assert lacking(gms, receipt) == set()

    @pytest.mark.parametrize("seed", range(9))
    def test_a_client_that_dies_before_it_completes_leaves_it_to_the_next_run(self, gms: StandInGms, seed: int) -> None:
        with opened(gms) as registry:
            registry.publish(declared(), facts(), message="first")
            gms.faults = Faults.random(seed, 0.0)
            gms.faults.next("item_skipped_silently")
            gms.faults.next("refused", reads=True)
            with pytest.raises(RegistryUnavailable, match="is not known"):
                registry.publish(declared(), facts(1), message="second")
        with opened(gms) as another:
            receipt = another.publish(declared(), facts(1), message="second, again")
        # Its number was recorded in the same transaction, so it was given, also if the record itself was left out.
        without_record = "datasetProperties" not in gms.entities[V2]
        assert receipt.version == f"{NAME}@v{3 if without_record else 2}"
        assert lacking(gms, receipt) == set()
        with opened(gms) as reader:
            assert reader.get(receipt.version) == receipt.record
            assert reader.verify(receipt.version, record=True).record == ()

    def test_what_is_left_of_a_version_without_a_record_is_published_over_by_other_content(
        self, gms: StandInGms, started: Registry
    ) -> None:
        gms.put(V2, "subTypes", {"typeNames": ["Feature Dataset Version"]})
        assert [version.number for version in started.versions(NAME)] == [1]
        receipt = started.publish(declared(), facts(2), message="second")
        assert (receipt.version, receipt.created) == (f"{NAME}@v2", True)
        assert started.verify(receipt.version, record=True).record == ()

    def test_the_number_of_a_version_that_was_deleted_is_not_given_again(
        self, gms: StandInGms, started: Registry
    ) -> None:
        started.publish(declared(columns={}), facts(1), message="soon gone")
        gms.delete(V2, "datasetProperties")
        with opened(gms) as another:
            assert [version.number for version in another.versions(NAME)] == [1]
            assert another.publish(declared(), facts(2), message="third").version == f"{NAME}@v3"

    def test_what_the_server_never_takes_is_named(self, gms: StandInGms, started: Registry) -> None:
        gms.faults = Faults.random(2, 1.0, ["item_skipped_silently"])
        with pytest.raises(StoreRefused, match="is published, but the store left out .*look into its log"):
            started.publish(declared(), facts(1), message="second")
        gms.faults = Faults()
        again = started.publish(declared(), facts(1), message="second")
        assert not again.created
        assert lacking(gms, again) == set()

    def test_publishing_again_does_not_heal_what_was_changed(self, gms: StandInGms, started: Registry) -> None:
        fields = [*gms.entities[V1]["schemaMetadata"]["fields"]]
        changed = [{**fields[0], "nativeDataType": "int32"}, *fields[1:]]
        gms.put(V1, "schemaMetadata", {**gms.entities[V1]["schemaMetadata"], "fields": changed})
        with pytest.raises(CorruptRecord, match="aspect schemaMetadata was changed after publishing"):
            started.publish(declared(), facts(), message="again")

    def test_a_version_that_was_deleted_is_not_taken_for_published(self, gms: StandInGms, started: Registry) -> None:
        gms.delete(V1)
        again = started.publish(declared(), facts(), message="again")
        assert (again.version, again.created) == (f"{NAME}@v2", True)


class TestCrash:
    def test_one_between_prerequisites_and_commit_is_resumed(self, gms: StandInGms) -> None:
        class Dying(GmsStore):
            def create(self, commits: Sequence[Sequence[Proposal]]) -> Sequence[Refusal | None]:
                if any(each.urn == V1 for commit in commits for each in commit):
                    raise KeyboardInterrupt
                return super().create(commits)

        with Registry(Dying(plain(gms.url)), publisher="ada@lab.org") as registry:
            with pytest.raises(KeyboardInterrupt):
                registry.publish(declared(), facts(), message="first")
            assert registry.versions(NAME) == ()
        assert container_urn(NAME, "PROD") in gms.entities
        before = gms.entities
        with opened(gms) as another:
            receipt = another.publish(declared(), facts(), message="first")
        assert receipt.created
        assert {urn for urn in gms.entities if urn not in before} == {
            V1,
            "urn:li:versionSet:(feature-registry:hemibrain.neurons:PROD,dataset)",
        }


class TestOlderServers:
    @pytest.mark.parametrize("version", ["v0.13.2", "v0.15.0.1", "0.14"])
    def test_one_below_1_0_is_refused_with_one_sentence_and_nothing_is_written(self, version: str) -> None:
        with StandInGms(version=version) as gms, opened(gms) as registry:
            for attempt in (
                lambda: registry.plan(declared(), facts()),
                lambda: registry.publish(declared(), facts(), message="first"),
                lambda: registry.describe(Dataset(name=NAME, title="T"), message="why"),
                lambda: list(registry.find()),
                lambda: registry.get(NAME),
            ):
                with pytest.raises(
                    StoreRefused, match=rf"is DataHub {version}, which has no version sets; use a server"
                ):
                    attempt()
            assert "which has no version sets" in registry.about()["release"]
            assert {each.path for each in gms.requests} <= {"/config"}

    @pytest.mark.parametrize("version", ["v1.0.0", "v1.0.1", "v1.7.0", "null", "dev-branch"])
    def test_what_every_other_one_knows_is_written(self, version: str) -> None:
        with StandInGms(version=version) as gms, opened(gms) as registry:
            assert registry.plan(declared(), facts()).warnings == (
                "hemibrain@v1.2.1: no timestamp is declared or recorded, so it cannot be compared with other names "
                "of the same version",
            )
            assert lacking(gms, registry.publish(declared(), facts(), message="first")) == set()

    def test_datahub_cloud_counts_its_versions_otherwise(self) -> None:
        config = {
            "versions": {"acryldata/datahub": {"version": "v0.3.12"}},
            "datahub": {"serverType": "prod", "serverEnv": "cloud"},
        }
        with answering(200, json.dumps(config)) as address:
            assert open_store(address).read([]) == {}


class TestSecrets:
    def test_the_token_appears_nowhere(
        self, caplog: pytest.LogCaptureFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password from-netrc\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        caplog.set_level(logging.DEBUG)
        said: list[str] = []
        with StandInGms(token=TOKEN) as gms:
            store = GmsStore(plain(gms.url, TOKEN, retries=1))
            with Registry(store, publisher="ada@lab.org") as registry:
                receipt = registry.publish(declared(), facts(), message="first")
                said += [repr(registry), repr(store), repr(store._http), repr(receipt), receipt.to_markdown()]
                for fault in FAULTS:
                    gms.faults = Faults.random(0, 1.0, [fault], reads=True)
                    publication = Publication(declared(), facts(FAULTS.index(fault) + 1), "next")
                    said += [f"{outcome!r}{outcome}" for outcome in registry.publish_many([publication])]
            said.append(json.dumps(gms.entities))
        assert receipt.created
        text = caplog.text + "".join(said)
        assert "127.0.0.1" in caplog.text
        assert TOKEN not in text
        assert "from-netrc" not in text

    def test_a_netrc_file_never_stands_in_for_a_token(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password from-netrc\n")
        monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
        for token, sent in ((TOKEN, "Bearer ***"), (None, "")):
            with (
                answering(418, '{"message": "sent was ({authorization})"}') as address,
                pytest.raises(RegistryError) as failure,
            ):
                open_store(address, token).read([V1])
            assert f"sent was ({sent})" in str(failure.value)

    @pytest.mark.parametrize(
        "proxy", ["http://ada:s3cret/@proxy:8080", "http://ada:s3cret#@proxy", "http://ada:s3cret@"]
    )
    def test_a_proxy_whose_address_is_none_is_an_error_without_its_password(
        self, proxy: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("http_proxy", proxy)
        with (
            Registry(GmsStore(plain("http://127.0.0.1:1")), publisher="ada@lab.org") as registry,
            pytest.raises(RegistryUnavailable, match="http://127.0.0.1:1 cannot be reached") as failure,
        ):
            registry.publish(declared(), facts(), message="why")
        assert "s3cret" not in str(failure.value)

    @pytest.mark.parametrize("token", ["two words", "line\nbreak", "größe", "tab\tbed"])
    def test_a_token_that_cannot_be_one_is_refused_without_repeating_it(self, token: str) -> None:
        with pytest.raises(RegistryError, match="the token has blanks, line breaks") as refusal:
            Registry.open("https://host:8080", token=token)
        assert token not in str(refusal.value)

    def test_a_line_break_at_the_end_of_a_token_is_dropped(self) -> None:
        with StandInGms(token=TOKEN) as gms, Registry.open(gms.url, token=f"{TOKEN}\n") as registry:
            assert registry.versions(NAME) == ()

    @pytest.mark.parametrize(
        "address",
        [
            "https://ada:s3cret@host:8080",
            "https://s3cret@host",
            "https://host:8080/?token=s3cret",
            "https://host/#s3cret",
            "https://ada:s3cret",
        ],
    )
    def test_an_address_with_a_secret_is_refused_without_repeating_it(self, address: str) -> None:
        with pytest.raises(RegistryError, match="address") as refusal:
            Registry.open(address)
        assert "s3cret" not in str(refusal.value)
        assert refusal.value.__cause__ is None
        assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


class TestWhichServer:
    def test_the_environment_names_server_and_token(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with StandInGms(token=TOKEN) as gms:
            monkeypatch.setenv("DATAHUB_GMS_URL", gms.url)
            monkeypatch.setenv("DATAHUB_GMS_TOKEN", TOKEN)
            with Registry.open(publisher="ada@lab.org") as registry:
                assert registry.target == gms.url
                assert registry.publish(declared(), facts(), message="why").created

    def test_datahubs_own_settings_name_server_and_token(self, tmp_path: Path) -> None:
        with StandInGms(token=TOKEN) as gms:
            (tmp_path / ".datahubenv").write_text(f"gms:\n  server: {gms.url}/\n  token: {TOKEN}\n")
            for target in ("datahub", gms.url):
                with Registry.open(target) as registry:
                    assert registry.target == gms.url
                    assert registry.versions(NAME) == ()

    def test_the_token_in_the_settings_is_for_that_server_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".datahubenv").write_text(f"gms: {{server: 'https://other:8080', token: {TOKEN}}}\n")
        with StandInGms(token=TOKEN) as gms, Registry.open(gms.url) as registry, pytest.raises(AccessDenied):
            registry.versions(NAME)

    def test_the_token_given_comes_before_all_others(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        with StandInGms(token=TOKEN) as gms:
            (tmp_path / ".datahubenv").write_text(f"gms: {{server: '{gms.url}', token: wrong}}\n")
            monkeypatch.setenv("DATAHUB_GMS_TOKEN", "wrong")
            with Registry.open("datahub", token=TOKEN) as registry:
                assert registry.versions(NAME) == ()

    @pytest.mark.parametrize(
        ("settings", "said"),
        [
            (None, "does not give a server; run `datahub init`"),
            ("gms: {server: ''}", "does not give a server; run `datahub init`"),
            ("gms: [", "cannot be read"),
            (b"\xff\xfe\x00", "cannot be read"),
        ],
    )
    def test_settings_that_do_not_help_are_told(self, tmp_path: Path, settings: str | bytes | None, said: str) -> None:
        if settings is not None:
            (tmp_path / ".datahubenv").write_bytes(settings.encode() if isinstance(settings, str) else settings)
        with pytest.raises(RegistryError, match=said):
            Registry.open("datahub")

    def test_settings_that_are_not_needed_need_not_be_readable(self, tmp_path: Path) -> None:
        (tmp_path / ".datahubenv").write_text("gms: [")
        assert Registry.open("https://host:8080", token=TOKEN).target == "https://host:8080"


class TestWhatIsNoServer:
    def test_a_web_page_is_told_from_a_server(self) -> None:
        with answering(200, "<!DOCTYPE html><html>DataHub</html>") as address, Registry.open(address) as registry:
            with pytest.raises(RegistryUnavailable, match="not JSON but begins '<!DOCTYPE html>.*metadata service"):
                registry.versions(NAME)
            with pytest.raises(RegistryUnavailable, match="metadata service"):
                registry.publish(declared(), facts(), message="why", publisher="ada")

    @pytest.mark.parametrize("body", ["[]", "null", "3", '{"detail": "hello"}'])
    def test_another_services_json_is_told_from_a_servers(self, body: str) -> None:
        with answering(200, body) as address, Registry.open(address) as registry:
            with pytest.raises(RegistryUnavailable, match="DataHub metadata service") as failure:
                registry.publish(declared(), facts(), message="why", publisher="ada")
            assert address in str(failure.value)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, gms: StandInGms, status: int) -> None:
        with (
            answering(status, "", Location=f"{gms.url}/config") as address,
            Registry.open(address) as registry,
            pytest.raises(RegistryError, match="redirects elsewhere; use the address of the DataHub metadata"),
        ):
            registry.publish(declared(), facts(), message="why", publisher="ada")
        assert gms.requests == []

    def test_a_server_that_repeats_the_token_is_not_repeated(self) -> None:
        with (
            answering(400, '{"message": "no such header {authorization}"}') as address,
            pytest.raises(StoreRefused, match=r"no such header Bearer \*\*\*") as failure,
        ):
            open_store(address, TOKEN).read([V1])
        assert TOKEN not in str(failure.value)

    def test_nobody_there_is_an_error_soon(self) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = f"http://127.0.0.1:{free.getsockname()[1]}"
        with (
            Registry(GmsStore(plain(address, retries=2)), publisher="ada@lab.org") as registry,
            pytest.raises(RegistryUnavailable, match=f"{address} cannot be reached: .*refused"),
        ):
            registry.publish(declared(), facts(), message="why")


class TestInDataHub:
    def test_datahubs_own_client_reads_what_was_published(self, gms: StandInGms, registry: Registry) -> None:
        registry.publish(declared(owners=["team:olfaction"]), facts(), message="first")
        graph = DataHubGraph(DatahubClientConfig(server=gms.url))
        schema = graph.get_aspect(V1, models.SchemaMetadataClass)
        assert schema is not None
        assert [(field.fieldPath, field.nativeDataType) for field in schema.fields] == [
            ("body_id", "int64"),
            ("score", "float32"),
        ]
        lineage = graph.get_aspect(V1, models.UpstreamLineageClass)
        assert lineage is not None
        assert [each.dataset for each in lineage.upstreams] == [
            "urn:li:dataset:(urn:li:dataPlatform:neuprint,hemibrain@v1.2.1,PROD)"
        ]
        ownership = graph.get_aspect(V1, models.OwnershipClass)
        assert ownership is not None
        assert [each.owner for each in ownership.owners] == ["urn:li:corpGroup:olfaction"]
        versions = graph.get_aspect(V1, models.VersionPropertiesClass)
        assert versions is not None
        assert (versions.version.versionTag, versions.isLatest) == ("v1", True)

    def test_a_retired_version_is_deprecated_and_its_record_untouched(self, gms: StandInGms, started: Registry) -> None:
        started.publish(declared(), facts(1), message="second")
        before = gms.entities[V1]
        started.retire(f"{NAME}@v1", reason="wrong unit", replacement=f"{NAME}@v2")
        deprecation = DataHubGraph(DatahubClientConfig(server=gms.url)).get_aspect(V1, models.DeprecationClass)
        assert deprecation is not None
        assert (deprecation.deprecated, deprecation.note, deprecation.actor, deprecation.replacement) == (
            True,
            "wrong unit",
            "urn:li:corpuser:ada@lab.org",
            V2,
        )
        assert {name: value for name, value in gms.entities[V1].items() if name != "deprecation"} == before

    def test_what_people_add_to_a_dataset_survives_publishes(self, gms: StandInGms, registry: Registry) -> None:
        registry.publish(declared(title="Neurons", owners=["team:fly"], tags=["fly"]), facts(), message="first")
        container = container_urn(NAME, "PROD")
        stored = gms.entities[container]
        theirs = {"owner": "urn:li:corpuser:eve", "type": "TECHNICAL_OWNER"}
        gms.put(container, "ownership", {**stored["ownership"], "owners": [*stored["ownership"]["owners"], theirs]})
        gms.put(container, "globalTags", {"tags": [*stored["globalTags"]["tags"], {"tag": "urn:li:tag:gold"}]})
        gms.put(container, "editableContainerProperties", {"description": "In our words"})
        registry.publish(declared(title="All neurons", owners=["team:fly"], tags=["em"]), facts(1), message="second")
        with opened(gms) as another:
            another.publish(declared(title="Every neuron"), facts(2), message="third")
        after = gms.entities[container]
        assert after["containerProperties"]["name"] == "Every neuron"
        assert [each["owner"] for each in after["ownership"]["owners"]] == [
            "urn:li:corpGroup:fly",
            "urn:li:corpuser:eve",
        ]
        assert [each["tag"] for each in after["globalTags"]["tags"]] == ["urn:li:tag:gold", "urn:li:tag:em"]
        assert after["editableContainerProperties"] == {"description": "In our words"}

    def test_nothing_but_a_versions_flag_of_being_latest_changes_after_it_is_published(
        self, gms: StandInGms, started: Registry
    ) -> None:
        for number in range(1, 4):
            started.publish(declared(title=f"Title {number}"), facts(number), message="next")
        written = {aspect: len(gms.history(V1, aspect)) for aspect in gms.entities[V1]}
        assert {aspect for aspect, count in written.items() if count > 1} == {"versionProperties"}

    def test_of_500_joins_the_first_150_become_relationships_and_all_foreign_keys(
        self, gms: StandInGms, started: Registry
    ) -> None:
        joins = [reference(NAME, description=f"Join {number}") for number in range(500)]
        receipt = started.publish(declared("lab.joined", references=joins), facts(), message="joined")
        relationships = [urn for urn in gms.entities if urn.startswith("urn:li:erModelRelationship:")]
        assert len(relationships) == 150
        assert len(gms.entities[receipt.urn]["schemaMetadata"]["foreignKeys"]) == 500
        assert len(started.get("lab.joined").references) == 500

"""Random schedules of faults, each from a seed: whatever happens, versions are whole, single and told truly."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from registry_dagster.datahub.urns import version_urn
from registry_dagster.datahub.version import digest_of, record_from, version_proposals
from registry_dagster.errors import RegistryError
from registry_dagster.http import HttpClient
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.plan import Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from tests.gms.faults import Fault
from tests.gms.rights import Grant, Rights
from tests.gms.server import Faults, StandInGms
from tests.registry.declared import declared, facts, reference
from tests.soak.schedules import run

ADMINISTRATOR = "administrator"
PUBLISHER = Rights(
    (
        Grant(frozenset(["VIEW_ENTITY_PAGE", "CREATE_ENTITY"])),
        Grant(frozenset(["EDIT_ENTITY"]), frozenset(["container", "versionSet"])),
    )
)
"""What docs/administrators.md grants to those who publish: nobody edits a version."""

NAMES = ("ada", "bob")
SCHEDULES = 10_000
USUAL = 50
BLOCK = 50
ATTEMPTS = 12
PATIENT = 30.0
"""Seconds to wait for an answer, where waiting is not what is tested."""

WHOLE_OR_NOTHING: tuple[Fault, ...] = (
    "commit_then_500",
    "answer_lost",
    "lost_before_commit",
    "refused",
    "duplicate_delivery",
    "stale_search",
    "429",
    "500",
    "503",
)
"""What a server can do to a request and stay true to its transactions."""

LEAVING_OUT: tuple[Fault, ...] = (*WHOLE_OR_NOTHING, "item_skipped_silently")
REFUSING: tuple[Fault, ...] = (*WHOLE_OR_NOTHING, "401", "403", "413", "422")
SLOW: tuple[Fault, ...] = ("slow", "late_commit", "answer_lost", "commit_then_500")


@dataclass
class Client:
    """One who publishes, with what he was told.

    Attributes:
        contents: What is still to be published: (dataset, version of the table).
        receipts: What was told of each content that was published.
        interrupted: The contents of which a publish ended in an error, so that its outcome was never told.
        patience: How often he runs a publish; then he gives up.
        token: His. None: he may do everything.
    """

    gms: StandInGms
    name: str
    contents: list[tuple[str, int]]
    retries: int
    patience: int = ATTEMPTS
    timeout: float = PATIENT
    token: str | None = None
    receipts: list[tuple[tuple[str, int], Receipt]] = field(default_factory=list)
    interrupted: set[tuple[str, int]] = field(default_factory=set)

    def run(self) -> None:
        """Publish everything, each until it succeeds or patience ends. After an error the client is a new one."""
        registry = self.open()
        for content in [each for each in self.contents if each not in dict(self.receipts)]:
            for _ in range(self.patience):
                try:
                    self.publish(registry, content)
                    break
                except RegistryError:
                    self.interrupted.add(content)
                    registry.close()
                    registry = self.open()
        registry.close()

    def open(self) -> Registry:
        http = HttpClient(self.gms.url, self.token, timeout=(PATIENT, self.timeout), retries=self.retries, backoff=0)
        return Registry(GmsStore(http), publisher=self.name)

    def publish(self, registry: Registry, content: tuple[str, int]) -> None:
        dataset, version = content
        joined = (reference("lab.a"),) if dataset == "lab.b" else ()
        table = declared(dataset, references=joined)
        self.receipts.append((content, registry.publish(table, facts(version), message=f"by {self.name}")))


def token_of(name: str) -> str:
    return f"token-of-{name}"


def schedule(gms: StandInGms, seed: int) -> None:
    """Let clients publish while requests fail; then look at what stands."""
    chance = random.Random(seed)
    gms.reset()
    kinds = chance.choice([WHOLE_OR_NOTHING, WHOLE_OR_NOTHING, LEAVING_OUT, LEAVING_OUT, REFUSING])
    slow = seed % 100 == 0
    gives_up = kinds is not LEAVING_OUT and chance.random() < 0.3
    reads = chance.random() < 0.5
    rate = chance.choice([0.03, 0.1, 0.2, 0.35])
    datasets = ["lab.a", "lab.b"][: chance.choice([1, 1, 2])]
    pool = [(dataset, version) for dataset in datasets for version in range(chance.choice([1, 2, 3]))]
    clients = [
        Client(
            gms,
            name,
            contents=[chance.choice(pool) for _ in range(chance.choice([1, 2, 3]))],
            retries=chance.choice([0, 0, 2]),
            patience=chance.choice([1, 2, 3]) if gives_up else ATTEMPTS,
            timeout=0.05 if slow else PATIENT,
            # What a server leaves out takes the right to edit versions to complete.
            token=chance.choice([ADMINISTRATOR, token_of(name)]) if kinds is not LEAVING_OUT else ADMINISTRATOR,
        )
        for name in NAMES
    ]
    gms.faults = Faults.random(seed, rate, SLOW if slow else kinds, reads=reads, delay=0.12)
    if chance.random() < 0.5:
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        for client in clients:
            client.run()
    gms.faults = Faults()
    for client in clients:
        client.timeout = PATIENT
    if not gives_up:
        for client in clients:
            client.run()
            assert {content for content, _ in client.receipts} == set(client.contents), "running again succeeds"
    check(gms, clients)


def check(gms: StandInGms, clients: list[Client]) -> None:
    receipts = [told for client in clients for told in client.receipts]
    interrupted = {content for client in clients for content in client.interrupted}
    stored = gms.entities
    with clients[0].open() as registry:
        for dataset in {dataset for client in clients for dataset, _ in client.contents}:
            given = sorted(numbers_of(stored, dataset))
            assert given == list(range(1, len(given) + 1)), "numbers are dense"
            # Of a number whose record a server left out, and whose publisher gave up then, there are remains only.
            numbers = [
                each for each in given if "datasetProperties" in stored[version_urn(f"{dataset}@v{each}", "PROD")]
            ]
            assert [record.number for record in registry.versions(dataset)] == numbers
            contents: set[str] = set()
            for number in numbers:
                urn = version_urn(f"{dataset}@v{number}", "PROD")
                record = record_from(stored[urn], urn)
                for each in version_proposals(record, Dataset(name=dataset), "PROD"):
                    assert each.aspect in stored.get(each.urn, {}), f"{each.aspect} of {each.urn} is missing"
                assert registry.verify(record.name, record=True).record == (), "each aspect is as it was published"
                told = [digest_of({"datasetProperties": each}) for each in gms.history(urn, "datasetProperties")]
                assert set(told) == {record.digest}, "never another record under one number"
                assert record.content_digest not in contents, "no content under two numbers"
                contents.add(record.content_digest)
                created = [(content, each) for content, each in receipts if each.created and each.urn == urn]
                assert len(created) <= 1, "nobody is told twice that he created it"
                version = (dataset, int(str(record.table.identity["version"])))
                assert created or version in interrupted, "who created it is told so unless he was interrupted"
                assert all(each.digest == record.digest for _, each in created)
        heal_sets(registry, interrupted | {content for content, _ in receipts})
    check_sets(gms)
    for (dataset, version), receipt in receipts:
        assert receipt.record.dataset == dataset
        assert receipt.record.table == facts(version)
        assert record_from(stored[receipt.urn], receipt.urn) == receipt.record, "what a receipt names stands there"


def heal_sets(registry: Registry, contents: Iterable[tuple[str, int]]) -> None:
    """Publish again what is published: that corrects what a failure left undone in a version set."""
    for dataset, version in contents:
        joined = (reference("lab.a"),) if dataset == "lab.b" else ()
        registry.publish(declared(dataset, references=joined), facts(version), message="again")


def check_sets(gms: StandInGms) -> None:
    """Each version set names its last member, which is the current version here, and shows no other."""
    stored = gms.entities
    members: dict[str, list[str]] = {}
    for urn, entity in stored.items():
        if "versionProperties" in entity:
            members.setdefault(entity["versionProperties"]["versionSet"], []).append(urn)
    for version_set, urns in members.items():
        last = max(urns, key=lambda urn: stored[urn]["versionProperties"]["sortId"])
        assert stored[version_set]["versionSetProperties"]["latest"] == last, "the set names the current version"
        shown = {urn for urn in urns if stored[urn]["versionProperties"].get("isLatest") is not False}
        assert shown == {last}, "default search shows the current version alone"


def numbers_of(stored: Iterable[str], dataset: str) -> Iterator[int]:
    """The versions of a dataset of which anything is there at all."""
    start, end = version_urn(f"{dataset}@v", "PROD").removesuffix(",PROD)"), ",PROD)"
    for urn in stored:
        if urn.startswith(start):
            yield int(urn.removeprefix(start).removesuffix(end))


@pytest.fixture(scope="module")
def gms() -> Iterator[StandInGms]:
    with StandInGms(token=ADMINISTRATOR, rights={token_of(name): PUBLISHER for name in NAMES}) as server:
        yield server


@pytest.mark.parametrize("first", range(0, USUAL, BLOCK))
def test_schedules_of_faults_end_with_the_truth(gms: StandInGms, first: int) -> None:
    run(partial(schedule, gms), range(first, first + BLOCK))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, SCHEDULES, BLOCK))
def test_ten_thousand_schedules_of_faults_end_with_the_truth(gms: StandInGms, first: int) -> None:
    run(partial(schedule, gms), range(first, first + BLOCK))

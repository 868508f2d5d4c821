"""Random schedules of what administrators do beside publishers: rights, filtered reads, deletes, and faults."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

import pytest

from registry_dagster.datahub.urns import PLATFORM, container_urn, version_set_urn, version_urn
from registry_dagster.datahub.version import digest_of
from registry_dagster.errors import InvalidDeclaration, NotPublished, RegistryError
from registry_dagster.http import HttpClient
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms.store import GmsStore
from tests.gms.rights import Grant, Rights
from tests.gms.server import Faults, StandInGms
from tests.registry.declared import declared, facts
from tests.soak.schedules import run
from tests.soak.test_fault_schedules import ADMINISTRATOR, PUBLISHER, WHOLE_OR_NOTHING

NAME = "lab.a"
PAGE, SET = container_urn(NAME, "PROD"), version_set_urn(PLATFORM, NAME, "PROD")
FILTERED = Rights((*PUBLISHER.grants, Grant(frozenset(["EDIT_LINEAGE"]))), judges_lineage=True)
"""A server that leaves lineage out of what this publisher reads."""

TOKENS = {"token-of-ada": PUBLISHER, "token-of-bob": FILTERED}
SCHEDULES, USUAL, BLOCK = 10_000, 20, 20
ATTEMPTS = 12


@dataclass
class Lab:
    """Publishers and an administrator at one server.

    Attributes:
        registries: Those that are open, by their tokens.
        given: Number → the digest that it was given to, as it was told.
        deleted: The numbers whose versions were deleted for good.
    """

    gms: StandInGms
    chance: random.Random
    registries: dict[str, Registry] = field(default_factory=dict)
    given: dict[int, str] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)

    def open(self, token: str) -> Registry:
        http = HttpClient(self.gms.url, token, retries=2, backoff=0)
        return Registry(GmsStore(http), publisher=f"{token[-3:]}@lab.org")

    def as_somebody(self, act: Callable[[Registry], None]) -> None:
        """Do it as a publisher, who remembers what he read before, until it succeeds; after an error as a new one."""
        token = self.chance.choice(sorted(TOKENS))
        for _ in range(ATTEMPTS):
            registry = self.registries.get(token) or self.open(token)
            self.registries[token] = registry
            try:
                act(registry)
            except (NotPublished, InvalidDeclaration):
                return
            except RegistryError:
                self.registries.pop(token).close()
            else:
                return
        raise AssertionError("running again succeeds")

    def publish(self, registry: Registry) -> None:
        receipt = registry.publish(declared(NAME), facts(self.chance.randrange(6)), message="why")
        number = receipt.record.number
        assert self.given.setdefault(number, receipt.digest) == receipt.digest, "a number is never given again"
        assert number not in self.deleted, "nor is that of a version that was deleted"

    def act(self, registry: Registry) -> None:
        version = f"{NAME}@v{self.number()}"
        self.chance.choice([registry.retire, registry.acts.undo])(version, reason="why")

    def number(self) -> int:
        return self.chance.choice(sorted(self.given) or [1])

    def soft(self) -> None:
        """Remove or restore a version or the page, as DataHub's UI does."""
        urn = self.chance.choice([version_urn(f"{NAME}@v{self.number()}", "PROD"), PAGE])
        if urn in self.gms.entities:
            self.gms.put(urn, "status", {"removed": self.chance.random() < 0.6})

    def hard(self) -> None:
        """Delete a version or the version set."""
        number = self.number()
        if self.chance.random() < 0.3:
            self.gms.delete(SET)
        elif number in self.given:
            self.gms.delete(version_urn(f"{NAME}@v{number}", "PROD"))
            self.deleted.add(number)

    def run(self) -> None:
        for _ in range(self.chance.choice([6, 12, 20])):
            step = self.chance.choice(["publish", "publish", "act", "soft", "hard", "index"])
            match step:
                case "publish":
                    self.as_somebody(self.publish)
                case "act":
                    self.as_somebody(self.act)
                case "soft":
                    self.soft()
                case "hard":
                    self.hard()
                case _:
                    self.gms.refresh_search()
        for registry in self.registries.values():
            registry.close()


def schedule(gms: StandInGms, seed: int) -> None:
    chance = random.Random(seed)
    gms.reset()
    lab = Lab(gms, chance)
    with lab.open(ADMINISTRATOR) as registry:
        registry.publish(declared(NAME), facts(0), message="why")
        lab.given[1] = registry.get(f"{NAME}@v1").digest
    gms.faults = Faults.random(seed, chance.choice([0, 0.1, 0.2]), WHOLE_OR_NOTHING, reads=chance.random() < 0.5)
    lab.run()
    gms.faults = Faults()
    check(lab)


def check(lab: Lab) -> None:
    stored = lab.gms.entities
    with lab.open(ADMINISTRATOR) as registry:
        list(registry.repair())
        for number in lab.given.keys() - lab.deleted:
            version = f"{NAME}@v{number}"
            assert digest_of(stored[version_urn(version, "PROD")]) == lab.given[number], "what was told stands there"
            changed = [each for each in registry.verify(version, record=True).record if "status" not in each]
            assert changed == [], "each aspect is as it was published"
        current = None
        with suppress(NotPublished):
            current = registry.current(NAME).version
        listed = {each.version: each.removed for each in registry.acts.now(NAME).versions}
        assert {f"{NAME}@v{number}" for number in lab.given} <= listed.keys(), "every number that was given is known"
        assert all(listed[f"{NAME}@v{number}"] for number in lab.deleted), "and what is deleted is said"
        lab.gms.refresh_search()
        found = {each.version: each.removed for each in registry.find(text="lab")}
        assert found == {name: removed for name, removed in listed.items() if int(name.split("@v")[1]) in there(lab)}
    if current is not None and SET in lab.gms.entities:
        check_set(lab.gms, version_urn(current, "PROD"))


def there(lab: Lab) -> set[int]:
    """The numbers under which a record is."""
    urns = {number: version_urn(f"{NAME}@v{number}", "PROD") for number in range(1, max(lab.given) + 20)}
    return {number for number, urn in urns.items() if "datasetProperties" in lab.gms.entities.get(urn, {})}


def check_set(gms: StandInGms, current: str) -> None:
    """The set names the current version, and default search shows no other of it."""
    stored = gms.entities
    assert stored[SET]["versionSetProperties"]["latest"] == current, "the set names the current version"
    members = [urn for urn, entity in stored.items() if entity.get("versionProperties", {}).get("versionSet") == SET]
    shown = {urn for urn in members if stored[urn]["versionProperties"].get("isLatest") is not False}
    removed = {urn for urn in members if stored[urn].get("status", {}).get("removed")}
    assert shown - removed == {current}, "default search shows the current version alone"


@pytest.fixture(scope="module")
def gms() -> Iterator[StandInGms]:
    with StandInGms(token=ADMINISTRATOR, rights=TOKENS) as server:
        yield server


@pytest.mark.parametrize("first", range(0, USUAL, BLOCK))
def test_what_administrators_do_breaks_no_promise(gms: StandInGms, first: int) -> None:
    run(partial(schedule, gms), range(first, first + BLOCK))


@pytest.mark.soak
@pytest.mark.parametrize("first", range(0, SCHEDULES, BLOCK))
def test_nor_does_it_in_ten_thousand_schedules(gms: StandInGms, first: int) -> None:
    run(partial(schedule, gms), range(first, first + BLOCK))

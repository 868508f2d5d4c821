"""What became of a publish is read from the store, whatever it answered; and one that fails keeps no other out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, materialization_urn, version_urn
from registry_dagster.errors import (
    AccessDenied,
    CorruptRecord,
    MaterializationConflict,
    NotPublished,
    RegistryError,
    StoreRefused,
)
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.store import LiteStore
from registry_dagster.stores.store import Refusal
from tests.registry.declared import declared, facts

Commits = Sequence[Sequence[Proposal]]
BARE = MaterializationVersion(system="lab", version="1", source="cave")
JANUARY = BARE.model_copy(update={"timestamp": datetime(2025, 1, 1, tzinfo=timezone.utc)})


class Meddling(LiteStore):
    """A store at whose `create` or `upsert` something happens."""

    at_create: Callable[[Commits], Commits] = staticmethod(lambda commits: commits)
    after_create: Callable[[Commits], None] = staticmethod(lambda _: None)
    refused: frozenset[str] = frozenset()

    def create(self, commits: Commits) -> Sequence[Refusal | None]:
        if self.refused & {each.urn for commit in commits for each in commit}:
            return [Refusal("the name is against a rule of the server") for _ in commits]
        sent = self.at_create(commits)
        refusals = super().create(sent)
        self.after_create(commits)
        return [*refusals, *[None] * (len(commits) - len(sent))]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def store(path: Path) -> Iterator[Meddling]:
    store = Meddling(path)
    yield store
    store.close()


@pytest.fixture
def registry(store: Meddling) -> Registry:
    return Registry(store, publisher="ada@lab.org")


@pytest.fixture
def other(path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{path}", publisher="bob@lab.org") as opened:
        yield opened


def holds(commits: Commits, urn: str) -> bool:
    return any(each.urn == urn for commit in commits for each in commit)


def failing_at(version: str, error: RegistryError) -> Callable[[Commits], None]:
    """Raises once a version was sent."""

    def fail(commits: Commits) -> None:
        if holds(commits, version_urn(version, "PROD")):
            raise error

    return fail


@pytest.mark.parametrize("error", [AccessDenied("the token expired"), StoreRefused("too large")])
def test_a_version_that_was_written_is_published_whatever_the_store_answered(
    store: Meddling, registry: Registry, error: RegistryError
) -> None:
    store.after_create = failing_at("lab.a@v1", error)
    receipt = registry.publish(declared("lab.a"), facts(), message="why")
    assert receipt.created
    assert registry.get("lab.a@v1").digest == receipt.digest


def test_an_error_that_is_no_outage_is_that_of_those_alone_that_were_not_written(
    store: Meddling, registry: Registry
) -> None:
    sent: list[int] = []

    def first_alone(commits: Commits) -> Commits:
        sent.append(len(commits))
        return commits[:1] if holds(commits, version_urn("lab.a@v1", "PROD")) else commits

    store.at_create = first_alone
    store.after_create = failing_at("lab.a@v1", AccessDenied("the token expired"))
    first, second = registry.publish_many([Publication(declared(name), facts(), "why") for name in ("lab.a", "lab.b")])
    assert isinstance(first, Receipt)
    assert isinstance(second, AccessDenied)
    assert "the token expired" in str(second)
    assert sent[-1] == 2, "what access is denied to is not sent again"
    with pytest.raises(NotPublished):
        registry.get("lab.b@v1")


def test_one_that_the_store_refuses_keeps_no_other_out(store: Meddling, registry: Registry) -> None:
    store.refused = frozenset([container_urn("lab.b", "PROD")])
    names = ("lab.a", "lab.b", "lab.c")
    first, second, third = registry.publish_many([Publication(declared(name), facts(), "why") for name in names])
    assert isinstance(first, Receipt)
    assert isinstance(second, StoreRefused)
    assert isinstance(third, Receipt)
    assert [row.version for row in registry.find()] == ["lab.c@v1", "lab.a@v1"]


def test_a_number_is_compared_with_what_is_published_now(registry: Registry, other: Registry) -> None:
    registry.publish(declared("lab.a"), facts(1), message="why")
    other.publish(declared("lab.a"), facts(2), message="meanwhile")
    assert registry.publish(declared("lab.a"), facts(3), message="why", version=3).version == "lab.a@v3"


def meanwhile(store: Meddling, other: Registry, version: MaterializationVersion) -> None:
    """Another publisher records a materialization version just before it is created here."""

    def record(commits: Commits) -> Commits:
        if holds(commits, materialization_urn(version, "PROD")):
            store.at_create = lambda later: later
            other.record_materializations([version])
        return commits

    store.at_create = record


def test_a_materialization_version_that_two_create_at_once_loses_nothing(
    store: Meddling, registry: Registry, other: Registry
) -> None:
    meanwhile(store, other, JANUARY)
    expired = BARE.model_copy(update={"status": "expired"})
    registry.publish(declared("lab.a", materializations=(expired,)), facts(), message="why")
    (recorded,) = other.materializations("lab")
    assert (recorded.timestamp, recorded.status) == (JANUARY.timestamp, "expired")


def test_one_that_contradicts_what_another_creates_at_once_is_a_conflict(
    store: Meddling, registry: Registry, other: Registry
) -> None:
    meanwhile(store, other, JANUARY)
    moved = JANUARY.model_copy(update={"timestamp": datetime(2025, 2, 1, tzinfo=timezone.utc)})
    with pytest.raises(MaterializationConflict, match="timestamp is recorded as 2025-01-01"):
        registry.publish(declared("lab.a", materializations=(moved,)), facts(), message="why")
    assert other.materializations("lab") == (JANUARY,)
    assert not other.versions("lab.a")


def test_properties_that_were_overwritten_say_so(store: Meddling, registry: Registry) -> None:
    registry.publish(declared("lab.a"), facts(), message="why")
    properties = {"description": "by an ingestion", "customProperties": {"cost": "3"}}
    store.upsert([Proposal(version_urn("lab.a@v1", "PROD"), "datasetProperties", properties)])
    with pytest.raises(CorruptRecord, match="datasetProperties was overwritten after publishing"):
        registry.get("lab.a@v1")

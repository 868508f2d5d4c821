"""What publishing to a dataset of many versions, and retiring one of them, reads of the others."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import RegistryUnavailable
from registry_dagster.registry import remembered
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.store import LiteStore
from tests.registry.declared import declared, facts

NAME = "lab.cells"


class CountingStore(LiteStore):
    """An embedded file that counts the entities that are read."""

    entities = 0

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        self.entities += len(urns)
        return super().read(urns, aspects)


def publish(registry: Registry, *contents: int) -> None:
    outcomes = registry.publish_many([Publication(declared(NAME), facts(content), "why") for content in contents])
    assert [outcome for outcome in outcomes if isinstance(outcome, Exception)] == []


def entities_read(path: Path, versions: int, act: Callable[[Registry], object]) -> int:
    """The entities that are read for an act of somebody who knows the dataset, after others published to it."""
    store = CountingStore(path)
    with Registry(store, publisher="ada") as registry, Registry.open(f"lite://{path}", publisher="bob") as other:
        publish(registry, 0)
        publish(other, *range(1, versions))
        registry.versions(NAME)
        publish(other, versions)
        before = store.entities
        act(registry)
    return store.entities - before


@pytest.mark.parametrize(
    ("act", "most"),
    [
        pytest.param(lambda registry: publish(registry, 1_000), 0, id="publish"),
        pytest.param(lambda registry: publish(registry, *range(1_000, 1_005)), 0, id="publish many"),
        pytest.param(lambda registry: registry.retire(f"{NAME}@v2", reason="wrong"), 1, id="retire"),
    ],
)
def test_each_known_version_is_read_so_often(tmp_path: Path, act: Callable[[Registry], object], most: int) -> None:
    few, many = (entities_read(tmp_path / f"{versions}.db", versions, act) for versions in (5, 45))
    assert many - few <= most * 40


class FailingStore(LiteStore):
    """An embedded file that cannot be read for a moment, when versions are first looked for."""

    failures = 1

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        if self.failures and version_urn(f"{NAME}@v1", "PROD") in urns:
            self.failures -= 1
            raise RegistryUnavailable("the disk is busy")
        return super().read(urns, aspects)


def test_a_dataset_that_could_not_be_read_whole_is_read_again(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="bob") as other:
        publish(other, 1)
    with Registry(FailingStore(tmp_path / "registry.db"), publisher="ada") as registry:
        with pytest.raises(RegistryUnavailable, match="the disk is busy"):
            registry.publish(declared(NAME), facts(1), message="why")
        again = registry.publish(declared(NAME), facts(1), message="why")
    assert (again.version, again.created) == (f"{NAME}@v1", False)


def test_one_call_publishes_to_more_datasets_than_are_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remembered, "MOST_DATASETS", 2)
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada") as registry:
        for content in (1, 2):
            publications = [Publication(declared(f"lab.t{number}"), facts(content), "why") for number in range(5)]
            outcomes = registry.publish_many(publications)
            assert [each.version for each in outcomes if isinstance(each, Receipt) and each.created] == [
                f"lab.t{number}@v{content}" for number in range(5)
            ]


def test_what_is_remembered_of_datasets_is_bounded(tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db") as registry:
        index = registry._records.index
        index.read(["lab.first"])
        first = weakref.ref(index.known(["lab.first"])["lab.first"])
        index.read([f"lab.t{number}" for number in range(remembered.MOST_DATASETS - 1)])
        assert first() is not None
        index.read(["lab.last"])
        assert first() is None, "it was not used for longest"

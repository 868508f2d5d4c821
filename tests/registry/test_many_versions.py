"""What publishing to a dataset of many versions, and retiring one of them, reads of the others."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Entity
from registry_dagster.registry.plan import Publication
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
    "act",
    [
        pytest.param(lambda registry: publish(registry, 1_000), id="publish"),
        pytest.param(lambda registry: publish(registry, *range(1_000, 1_005)), id="publish many"),
        pytest.param(lambda registry: registry.retire(f"{NAME}@v2", reason="wrong"), id="retire"),
    ],
)
def test_each_other_version_is_read_once_at_most(tmp_path: Path, act: Callable[[Registry], object]) -> None:
    few, many = (entities_read(tmp_path / f"{versions}.db", versions, act) for versions in (5, 45))
    assert many - few <= 40

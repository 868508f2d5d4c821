"""Who changes a Dataset's page takes nothing from those who change it at the same moment."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import container_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms
from tests.registry.declared import declared, facts

NAME = "hemibrain.neurons"
PAGE = container_urn(NAME, "PROD")


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


@pytest.fixture(params=["lite", "file", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """With one version published."""
    places = {"lite": f"lite://{tmp_path}/registry.db", "file": f"file://{tmp_path}/handoff"}
    where = places.get(request.param) or request.getfixturevalue("gms").url
    with Registry.open(where, publisher="ada@lab.org") as registry:
        registry.publish(declared(owners=["team:fly"], tags=["fly"]), facts(), message="first")
    return where


def after_the_next_read(registry: Registry, monkeypatch: pytest.MonkeyPatch, meddle: Callable[[], Any]) -> None:
    """Let somebody change the page right after the writer read it."""
    store = registry._store  # pyright: ignore[reportPrivateUsage]
    read, waiting = store.read, [meddle]

    def reading(urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        found = read(urns, aspects)
        if PAGE in urns and not aspects and waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(store, "read", reading)


def test_two_who_declare_different_things_at_once_both_stand(target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry.open(target, publisher="ada@lab.org") as one, Registry.open(target, publisher="bob") as other:
        titled = declared(title="Neurons", owners=["team:fly", "ada@lab.org"])
        after_the_next_read(
            one,
            monkeypatch,
            lambda: other.describe(Dataset(name=NAME, description="All.", tags=["fly", "em"]), message="words"),
        )
        one.publish(titled, facts(1), message="second")
        assert other.dataset(NAME) == Dataset(
            name=NAME, title="Neurons", description="All.", owners=["team:fly", "ada@lab.org"], tags=["fly", "em"]
        )


def test_an_owner_that_a_person_adds_meanwhile_stays(gms: StandInGms, monkeypatch: pytest.MonkeyPatch) -> None:
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(declared(owners=["team:fly"]), facts(), message="first")
        eve = {"owner": "urn:li:corpuser:eve", "type": "TECHNICAL_OWNER"}

        def add_eve() -> None:
            held = gms.entities[PAGE]["ownership"]
            gms.put(PAGE, "ownership", {**held, "owners": [*held["owners"], eve]})

        after_the_next_read(registry, monkeypatch, add_eve)
        registry.publish(declared(owners=["team:fly", "bob@lab.org"]), facts(1), message="second")
        owners = [each["owner"] for each in gms.entities[PAGE]["ownership"]["owners"]]
        assert owners == ["urn:li:corpGroup:fly", "urn:li:corpuser:eve", "urn:li:corpuser:bob@lab.org"]


def test_all_who_describe_in_one_moment_stand_in_history_and_on_the_page(target: str) -> None:
    def describe(number: int) -> None:
        field: dict[str, Any] = [{"title": "Neurons"}, {"description": "All."}, {"tags": ["em"]}, {"owners": ["eve"]}][
            number % 4
        ]
        with Registry.open(target, publisher=f"person{number}") as registry:
            registry.describe(Dataset(name=NAME, **field), message=f"words {number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(describe, range(8)))
    with Registry.open(target) as registry:
        assert sorted(act.why for act in registry.acts.history(NAME)) == [f"words {number}" for number in range(8)]
        assert registry.dataset(NAME) == Dataset(
            name=NAME, title="Neurons", description="All.", owners=["eve"], tags=["em"]
        )


def test_a_page_that_is_as_it_should_be_is_not_written(gms: StandInGms) -> None:
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        registry.publish(declared(owners=["team:fly"]), facts(), message="first")
        registry.describe(Dataset(name=NAME, title="Neurons"), message="words")
        assert len(gms.history(PAGE, "ownership")) == len(gms.history(PAGE, "subTypes")) == 1

"""A label is unique in a dataset: of two who give it in one moment, by publishing and by an act, one wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import VersionConflict
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts
from tests.registry.others import Place, place_of

NAME, LABEL = "lab.cells", "paper"


@pytest.fixture(params=["lite", "file", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place, place.open() as first:
        first.publish(declared(NAME), facts(), message="why")
        yield place


def before_once(monkeypatch: pytest.MonkeyPatch, registry: Registry, method: str, act: Callable[[], object]) -> None:
    """Let somebody else do something right before a registry's store is first asked to do this."""
    store: Any = registry._store  # pyright: ignore[reportPrivateUsage]
    real, waiting = getattr(store, method), [act]

    def raced(*given: Any) -> Any:
        if waiting:
            waiting.pop()()
        return real(*given)

    monkeypatch.setattr(store, method, raced)


def owners_of_label(place: Place) -> list[str]:
    with place.open() as registry:
        return [each.version for each in registry.acts.now(NAME).versions if LABEL in each.labels]


def test_a_publish_gave_the_label_that_an_act_gave_in_the_same_moment(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open() as registry, place.open("bob@lab.org") as other:
        registry.plan(declared(NAME), facts(1))
        before_once(monkeypatch, registry, "create", lambda: other.acts.label(f"{NAME}@v1", LABEL, reason="cited"))
        with pytest.raises(VersionConflict, match=f"label '{LABEL}' belongs to {NAME}@v1"):
            registry.publish(declared(NAME), facts(1), message="why", label=LABEL)
    assert owners_of_label(place) == [f"{NAME}@v1"]


def test_an_act_gave_the_label_that_a_publish_gave_in_the_same_moment(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    with place.open() as registry, place.open("bob@lab.org") as other:
        before_once(
            monkeypatch,
            registry,
            "swap",
            lambda: other.publish(declared(NAME), facts(1), message="why", label=LABEL),
        )
        with pytest.raises(VersionConflict, match=f"label '{LABEL}' belongs to {NAME}@v2"):
            registry.acts.label(f"{NAME}@v1", LABEL, reason="cited")
    assert owners_of_label(place) == [f"{NAME}@v2"]

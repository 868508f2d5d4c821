"""A conditional write, in every store: an aspect changes only if it is still what was read."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry_dagster.datahub.acts import ACTS_ASPECT, act_definitions, with_highest
from registry_dagster.datahub.proposal import Entity
from registry_dagster.datahub.urns import container_urn
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Store, Swap
from tests.gms.server import StandInGms

ONE, OTHER = (container_urn(name, "PROD") for name in ("a.one", "a.other"))


@pytest.fixture(params=["lite", "file", "gms"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "gms":
        with StandInGms() as gms:
            yield gms.url
    else:
        yield f"{request.param}://{tmp_path}/registry{'.db' if request.param == 'lite' else ''}"


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    store = open_store(target, None)
    store.ensure(act_definitions())
    yield store
    store.close()


def raised(store: Store, urn: str, number: int) -> Swap:
    held: Entity = store.read([urn]).get(urn, {})
    return Swap(urn, ACTS_ASPECT, held.get(ACTS_ASPECT), with_highest(held, number))


def stored(store: Store, urn: str) -> object:
    return store.read([urn])[urn][ACTS_ASPECT]


def test_an_aspect_is_written_where_it_is_as_it_was_read(store: Store) -> None:
    first = raised(store, ONE, 1)
    assert store.swap([first]) == [True]
    second = raised(store, ONE, 2)
    assert store.swap([second]) == [True]
    assert stored(store, ONE) == second.after


def test_an_aspect_that_somebody_else_changed_is_left_as_it_is(store: Store) -> None:
    late = raised(store, ONE, 1)
    assert store.swap([raised(store, ONE, 5)]) == [True]
    assert store.swap([late]) == [False]
    assert stored(store, ONE) == raised(store, ONE, 5).after


def test_one_that_was_changed_keeps_no_other_out(store: Store) -> None:
    late, well = raised(store, ONE, 1), raised(store, OTHER, 7)
    assert store.swap([raised(store, ONE, 5)]) == [True]
    assert store.swap([late, well]) == [False, True]
    assert stored(store, OTHER) == well.after


def test_of_several_writers_at_once_one_wins(target: str, store: Store) -> None:
    swaps = [raised(store, ONE, number) for number in range(1, 9)]

    def write(swap: Swap) -> bool:
        own = open_store(target, None)
        try:
            return next(iter(own.swap([swap])))
        finally:
            own.close()

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, swaps))
    assert written.count(True) == 1
    assert stored(store, ONE) == swaps[written.index(True)].after

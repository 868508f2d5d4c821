"""The stores that come with the package do what every store does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from registry_dagster.stores.store import Store
from registry_dagster.testing.store_behaviour import RegistryBehaviour, StoreBehaviour
from tests.gms.server import StandInGms


class Stores(StoreBehaviour):
    @pytest.fixture
    def store(self, target: str) -> Iterator[Store]:
        store = open_store(target)
        yield store
        store.close()

    @pytest.fixture
    def other_store(self, target: str) -> Iterator[Store]:
        store = open_store(target)
        yield store
        store.close()


class Registries(RegistryBehaviour):
    @pytest.fixture
    def registry(self, target: str) -> Iterator[Registry]:
        with Registry.open(target, publisher="ada@lab.org") as registry:
            yield registry

    @pytest.fixture
    def another_registry(self, target: str) -> Callable[[], Registry]:
        return lambda: Registry.open(target, publisher="bob@lab.org")


class Lite:
    @pytest.fixture
    def target(self, tmp_path: Path) -> str:
        return f"lite://{tmp_path}/registry.db"


class File:
    @pytest.fixture
    def target(self, tmp_path: Path) -> str:
        return f"file://{tmp_path}/handoff"


class Gms:
    @pytest.fixture
    def target(self) -> Iterator[str]:
        with StandInGms() as gms:
            yield gms.url


class TestLiteStore(Lite, Stores):
    pass


class TestFileStore(File, Stores):
    keeps_version_sets = False


class TestGmsStore(Gms, Stores):
    pass


class TestRegistryInLite(Lite, Registries):
    pass


class TestRegistryInFiles(File, Registries):
    pass


class TestRegistryInGms(Gms, Registries):
    pass


def test_what_was_written_is_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    for target in (f"lite://{tmp_path}/registry.db", f"file://{tmp_path}/handoff"):
        with Registry.open(target) as registry:
            assert registry.target == target
            assert target in repr(registry)

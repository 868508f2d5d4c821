from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

import registry_dagster as rd


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A real Dagster instance on SQLite."""
    home = tmp_path / "dagster"
    home.mkdir()
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        yield instance


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"lite://{tmp_path / 'registry.db'}"


@pytest.fixture
def resource(target: str) -> rd.FeatureRegistry:
    return rd.FeatureRegistry(target=target, publisher="ada@lab.org")


@pytest.fixture
def registry(target: str) -> Iterator[rd.Registry]:
    with rd.Registry.open(target) as registry:
        yield registry

from __future__ import annotations

import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import dagster as dg
import pytest
from alembic.script import ScriptDirectory

import registry_dagster as rd

# Dagster copies what a step prints by four programs that follow files; they take as long as the step.
SETTINGS = """telemetry: {enabled: false}
compute_logs:
  module: dagster._core.storage.noop_compute_log_manager
  class: NoOpComputeLogManager
"""


@pytest.fixture(scope="session", autouse=True)
def migrations() -> Iterator[None]:
    """Dagster makes a SQLite file for each run, and runs its ninety files of migrations for each of them, only to learn
    which is the newest: a third of what these tests take. Here they are run once."""
    with mock.patch.object(ScriptDirectory, "from_config", cache(ScriptDirectory.from_config)):
        yield


@pytest.fixture(scope="session")
def empty_home(migrations: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an instance on SQLite that has run nothing."""
    home = tmp_path_factory.mktemp("dagster")
    (home / "dagster.yaml").write_text(SETTINGS)
    with dg.DagsterInstance.local_temp(str(home)):
        return home


@pytest.fixture
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    """A real Dagster instance, in memory; for tests marked `on_disk` as people have it on their own machine."""
    if request.node.get_closest_marker("on_disk"):
        home = shutil.copytree(request.getfixturevalue("empty_home"), tmp_path / "dagster")
        opened = dg.DagsterInstance.local_temp(str(home))
    else:
        opened = dg.DagsterInstance.ephemeral(str(tmp_path))
    with opened as instance:
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

"""What a command loads before it does anything: as little as it needs. What is not loaded costs nothing to start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

_RUN = """
import sys
from registry_dagster.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end.code
print(*sys.modules, file=sys.stderr)
"""
OTHERS = {"dagster", "datahub", "pyarrow", "deltalake", "pyiceberg", "lance", "fsspec", "yaml", "requests", "ssl"}
PUBLISHING = {f"registry_dagster.registry.{name}" for name in ("planner", "publish", "commit", "writer", "verifier")}
COMPARING = {f"registry_dagster.{name}" for name in ("answers.compatibility", "registry.questions", "registry.bridges")}
FINDING = {
    f"registry_dagster.registry.{name}" for name in ("finder", "filters", "known_names", "digests", "rows.found")
}


def loaded(folder: Path, *words: str) -> set[str]:
    """The modules that are loaded when a command ends."""
    target = f"lite://{folder / 'registry.db'}"
    done = subprocess.run(
        [sys.executable, "-c", _RUN, *words],
        env={**os.environ, "FEATURE_REGISTRY": target},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout
    return set(done.stderr.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start")
    with Registry.open(f"lite://{folder / 'registry.db'}", publisher="ada@lab.org") as registry:
        registry.publish(declared(), facts(), message="why")
    return folder


def test_the_version_needs_neither_the_registry_nor_a_model(folder: Path) -> None:
    found = loaded(folder, "--version")
    own = {name.removeprefix("registry_dagster.") for name in found if name.startswith("registry_dagster.")}
    assert own == {"cli", "cli.app", "cli.commands", "cli.groups", "cli.run", "cli.streams", "errors"} | {
        *("model", "model.visible")
    }
    assert not found & {*OTHERS, "rich", "pydantic"}


def test_a_read_loads_nothing_that_opens_a_table_publishes_compares_or_finds(folder: Path) -> None:
    found = loaded(folder, "show", "hemibrain.neurons")
    assert not found & {*OTHERS, *PUBLISHING, *COMPARING, *FINDING, "rich", "html", "tomllib"}
    # Its columns are ids and scores.
    assert not found & {"registry_dagster.tables.inspect", "registry_dagster.http", "registry_dagster.model.embeddings"}
    commands = {name for name in found if name.startswith("registry_dagster.cli.")}
    assert "registry_dagster.cli.show" in commands
    assert not commands & {f"registry_dagster.cli.{name}" for name in ("publish", "find", "verify", "adopt", "acts")}

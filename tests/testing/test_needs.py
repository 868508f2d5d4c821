"""What the package's help for tests needs."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import registry_dagster
from registry_dagster.testing import search_behaviour, store_behaviour


@pytest.mark.parametrize("module", ["registry_dagster.testing", "registry_dagster.cli.app", "tests.gms.server"])
def test_pytest_is_needed_by_the_suites_alone(module: str) -> None:
    program = f"import sys; import {module}; sys.exit('pytest' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_an_extra_brings_what_the_suites_need() -> None:
    project = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert 'testing = ["pytest>=' in project


def test_the_suites_are_where_stores_look_for_them() -> None:
    assert store_behaviour.__all__ == ["RegistryBehaviour", "StoreBehaviour"]
    assert issubclass(store_behaviour.RegistryBehaviour, search_behaviour.SearchBehaviour)


def test_the_stand_in_for_a_server_is_not_in_the_package() -> None:
    package = Path(registry_dagster.__file__).parent
    assert not [path for path in package.rglob("*.py") if "StandInGms" in path.read_text(encoding="utf-8")]

from pathlib import Path

import pytest

from tests.dagster.component.project import Project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = Project(tmp_path / "project")
    monkeypatch.syspath_prepend(project.root / "src")
    return project

"""The README publishes one table by call and by command, and both say the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.registry.registry import Registry
from tests.docs.pages import ROOT
from tests.docs.program import Program


def test_its_call_and_its_command_publish_what_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Program(ROOT / "README.md", tmp_path, monkeypatch)
    program.run()

    assert program.namespace["receipt"].version == "minnie65.nuclei@v1"
    with Registry.open() as registry:
        (record,) = (registry.get(version.name) for version in registry.versions("minnie65.nuclei"))
    assert record.columns == FeatureTable.from_yaml(tmp_path / "nuclei.yaml").columns
    assert record.provenance.message == "For the size paper"

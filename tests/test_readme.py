"""What the README shows is what happens."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.cli import app
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.registry import Registry

README = (Path(__file__).parents[1] / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")


def test_its_python_runs_as_one_program() -> None:
    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec", dont_inherit=True), namespace)
    assert namespace["receipt"].version == "minnie65.nuclei@v1"


def test_its_commands_run(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    namespace: dict[str, Any] = {"__name__": "readme"}
    for block in blocks("python"):
        exec(compile(block.split("with rd.Registry")[0], "README.md", "exec", dont_inherit=True), namespace)
    (declaration,) = blocks("yaml")
    (tmp_path / "nuclei.yaml").write_text(declaration)
    (commands,) = [block for block in blocks("sh") if "feature-registry" in block]

    for line in commands.strip().splitlines():
        words = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', line.split("#")[0])]
        result = CliRunner().invoke(app, words[1:])
        assert result.exit_code == 0, result.output

    with Registry.open() as registry:
        record = registry.get("minnie65.nuclei@v1")
    assert record.columns == FeatureTable.from_yaml(tmp_path / "nuclei.yaml").columns
    assert record.provenance.message == "For the size paper"

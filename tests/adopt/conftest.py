"""A folder with tables in it, and the command line in the process of the test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.cli.output import output

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in the folder. An error of ours is the exception of the result."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    monkeypatch.setattr(output, "columns", 300)

    def run(*words: str, typed: str | None = None) -> Result:
        return CliRunner().invoke(app, list(words), input=typed)

    return run


@pytest.fixture
def cells(tmp_path: Path) -> Path:
    path = tmp_path / "cells.parquet"
    pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64())}), path)
    return path

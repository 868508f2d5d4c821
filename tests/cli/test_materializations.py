"""Importing materialization versions on the command line, as a person does."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.cli.program import Run, run_command
from tests.sources.servers import MINNIE, TOKEN, cave, neuprint

RELEASES = """\
materializations:
  - {system: h01, version: c3, source: h01, timestamp: 2021-05-29T00:00:00Z}
"""


@pytest.fixture
def run(tmp_path: Path) -> Run:
    (tmp_path / "releases.yaml").write_text(RELEASES)
    ours = {"FEATURE_REGISTRY": f"lite://{tmp_path / 'registry.db'}", "COLUMNS": "200", "HOME": str(tmp_path)}
    environment = {**os.environ, **ours, "CAVE_TOKEN": TOKEN, "NEUPRINT_APPLICATION_CREDENTIALS": TOKEN}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return run_command(("materializations", *words), environment, tmp_path)

    return run


def cells(done: subprocess.CompletedProcess[str]) -> list[list[str]]:
    """What it printed: the first cells of each line."""
    return [line.split("\t")[:4] for line in done.stdout.splitlines()]


def test_a_file_is_imported_after_a_look_at_what_would_change(run: Run, tmp_path: Path) -> None:
    shown = run("import", "releases.yaml", "--dry-run")
    assert cells(shown) == [["versions", "h01@c3", "h01", "new"], ["written", "no"]]
    assert not (tmp_path / "registry.db").exists()
    assert cells(run("import", "releases.yaml")) == [
        ["versions", "h01@c3", "h01", "new"],
        ["written", "yes"],
        ["in", f"lite://{tmp_path / 'registry.db'}"],
    ]
    result = json.loads(run("import", "releases.yaml", "--json").stdout)
    assert [each["outcome"] for each in result["versions"]] == ["unchanged"]
    assert (result["written"], result["notes"]) == (True, [])


def test_a_contradiction_is_refused_with_exit_code_1(run: Run, tmp_path: Path) -> None:
    run("import", "releases.yaml")
    (tmp_path / "releases.yaml").write_text(RELEASES.replace("2021", "2022"))
    refused = run("import", "releases.yaml")
    assert refused.returncode == 1
    assert "\trefused\t\ttimestamp is recorded as 2021-05-29" in refused.stdout
    assert "MaterializationConflict: 1 of 1 contradict their records; see above" in refused.stderr


def test_a_cave_datastack_is_imported(run: Run) -> None:
    with cave(minnie65_public=MINNIE) as server:
        done = run("import", "cave", "minnie65_public", "--server", server.url)
    assert done.returncode == 0
    assert [row[3] for row in cells(done)[:-2]] == ["new"] * 4
    assert TOKEN not in done.stdout + done.stderr


def test_what_is_recorded_is_listed_with_its_lifecycle(run: Run) -> None:
    with cave(minnie65_public=MINNIE) as server:
        run("import", "cave", "minnie65_public", "--server", server.url)
    run("import", "releases.yaml")
    rows = [line.split("\t") for line in run("list", "minnie65_public").stdout.splitlines()]
    assert [row[:5] for row in rows] == [
        ["minnie65_public@343", "cave", "2022-02-24T08:10:00Z", "expired", "2023-02-24T08:10:00Z"],
        ["minnie65_public@943", "cave", "2024-01-22T08:10:01Z", "available", "2121-11-10T07:10:00Z"],
        ["minnie65_public@1300", "cave", "2025-01-13T10:10:01Z", "available", "2121-11-10T07:10:00Z"],
        ["minnie65_public@1822", "cave", "2026-06-27T10:10:01Z", "running", ""],
    ]
    listed = json.loads(run("list", "--json").stdout)
    assert {each["system"] for each in listed} == {"minnie65_public", "h01"}
    assert listed[0]["lifecycle"] == "expired"
    unknown = run("list", "minnie65")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert "did you mean 'minnie65_public'?" in unknown.stderr


def test_a_neuprint_server_is_imported_with_notes_beside_it(run: Run) -> None:
    with neuprint(token=TOKEN) as server:
        done = run("import", "neuprint", server.url, "hemibrain")
    assert cells(done)[:-1] == [["versions", "hemibrain@v1.2.1", "neuprint", "new"], ["written", "yes"]]
    assert "note hemibrain@v1.2.1: no timestamp" in done.stderr
    assert TOKEN not in done.stdout + done.stderr


def test_a_system_that_cannot_be_reached_has_an_exit_code_of_its_own(run: Run) -> None:
    with neuprint() as server:
        pass
    failed = run("import", "neuprint", server.url)
    assert failed.returncode == 3
    assert "cannot be reached" in failed.stderr
    assert "Traceback" not in failed.stderr

"""`feature-registry verify`, as a person and as a script use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.cli.program import Run, run_command
from tests.registry.declared import declared
from tests.tables.storage.fake_stores import Failing, serving

NEURONS, SYNAPSES = "hemibrain.neurons", "hemibrain.synapses"
ROWS = pa.table({"body_id": pa.array([1, 2], pa.int64()), "score": pa.array([0.5, 1.0], pa.float32())})


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs the installed command on a registry with a table each of neurons and synapses."""
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        for name in (NEURONS, SYNAPSES):
            pq.write_table(ROWS, tmp_path / f"{name}.parquet")
            registry.publish(declared(name), inspect_table(tmp_path / f"{name}.parquet"), message="why")
    environment = {**os.environ, "FEATURE_REGISTRY": f"lite://{tmp_path}/registry.db", "COLUMNS": "200"}

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run_command(("verify", *words), environment | more, tmp_path)

    return run


def test_one_version_is_reported_with_what_was_looked_at(run: Run, tmp_path: Path) -> None:
    result = run(f"{NEURONS}@v1")
    assert result.returncode == 0
    assert [line.partition(":")[0].split("\t") for line in result.stdout.splitlines()] == [
        ["intact", f"{NEURONS}@v1", "the record is intact"],
        ["intact", f"{NEURONS}@v1", "the table is intact"],
        ["checked", f"{NEURONS}@v1", "file"],
    ]
    (tmp_path / f"{NEURONS}.parquet").unlink()
    gone = run(f"{NEURONS}@v1")
    assert (gone.returncode, "the table is missing: Nothing is stored at" in gone.stdout) == (1, True)
    assert (gone.stderr, run(f"{NEURONS}@v1", "--record").returncode) == ("", 0)


def test_all_names_those_that_are_not_intact_and_counts_the_others(run: Run, tmp_path: Path) -> None:
    result = run("--all")
    assert (result.returncode, result.stdout) == (0, "sum\tintact\t2\n")
    pq.write_table(ROWS.slice(1), tmp_path / f"{SYNAPSES}.parquet")
    result = run("--all")
    assert result.returncode == 1
    assert f"changed\t{SYNAPSES}@v1\t" in result.stdout
    assert f"{NEURONS}@v1" not in result.stdout
    assert result.stdout.endswith("sum\tchanged\t1\nsum\tintact\t1\n")
    assert run("--all", NEURONS).stdout == "sum\tintact\t1\n"
    one = run("--all", f"{NEURONS}@v1")
    assert (one.returncode, one.stdout) == (1, "")
    assert f"'{NEURONS}@v1' is one version" in one.stderr


def test_all_as_json_is_one_object_a_line(run: Run, tmp_path: Path) -> None:
    (tmp_path / f"{SYNAPSES}.parquet").unlink()
    result = run("--all", "--json")
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert {each["version"]: each["state"] for each in found} == {
        f"{NEURONS}@v1": "intact",
        f"{SYNAPSES}@v1": "missing",
    }
    assert (result.returncode, result.stderr) == (1, "")


def test_a_store_that_cannot_be_reached_is_exit_code_3(run: Run, tmp_path: Path) -> None:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as registry:
        elsewhere = inspect_table(tmp_path / f"{NEURONS}.parquet").model_copy(update={"location": "s3://lake/t"})
        registry.publish(declared("lab.cells"), elsewhere, message="why")
    with serving(Failing, status=403) as store:
        options = ("key=AKIAIOSFODNN7EXAMPLE", "secret=s3cr3t", f"endpoint_url={store.url}", "timeout=30")
        result = run("--all", *(word for option in options for word in ("--storage-option", option)))
    assert result.returncode == 3
    assert "the table is unreachable: s3://lake/t: the store denies access" in result.stdout
    assert "s3cr3t" not in result.stdout + result.stderr


@pytest.mark.usefixtures("run")
def test_on_a_terminal_it_shows_how_far_it_is(tmp_path: Path) -> None:
    (tmp_path / f"{SYNAPSES}.parquet").unlink()
    registry = {"FEATURE_REGISTRY": f"lite://{tmp_path}/registry.db", "TTY_COMPATIBLE": "1", "FORCE_COLOR": "1"}
    # What a terminal is, the program decides when it starts.
    command = [str(Path(sys.executable).with_name("feature-registry")), "verify", "--all"]
    result = subprocess.run(command, env={**os.environ, **registry}, capture_output=True, text=True, check=False)
    assert "verifying: " in result.stdout
    assert f"{SYNAPSES}@v1:" in result.stdout
    assert "2 versions: 1 intact, 1 missing" in result.stdout

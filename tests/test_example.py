"""The example declares what is true of its data, the demo does what it says, and the notebook answers from it."""

from __future__ import annotations

import json
import os
import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy as np
import pytest
import yaml
from nbclient import NotebookClient
from typer.testing import CliRunner

from example_project.assets import HEMIBRAIN, neurons, synapses
from example_project.neurons import VOXEL_NM, example_neurons, neuron_table, neuropil_table, synapse_table
from registry_dagster.cli.app import app
from registry_dagster.dagster.declare.declaration import declaration_of
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.registry.registry import Registry
from tests.in_process import run_in_process

ROOT = Path(__file__).parents[1]
NOTEBOOK = ROOT / "docs" / "twelve-questions.ipynb"
ANSWERS = {
    1: "hemibrain.morphology_embeddings@v2",
    2: "cardinality n:1",
    3: "1 way by key",
    4: "no version is known to go with it",
    5: "no expiry is recorded of any materialization version",
    6: "unit voxel",
    7: "model navis.persistence_vectors",
    8: "dim: 32 and 64",
    9: "fraction=0.0, basis='declared'",
    10: "839.528",
    11: "hemibrain.neuropil_counts@v1",
    12: "morphology.dim: 32 → 64",
}
"""Question → part of its answer."""


def test_the_declared_drift_is_the_distance_from_sites_to_their_skeleton_nodes() -> None:
    distances = []
    for neuron in example_neurons():
        nodes = neuron.nodes.set_index("node_id")[["x", "y", "z"]]
        sites = neuron.connectors
        apart = sites[["x", "y", "z"]].to_numpy() - nodes.loc[sites.node_id].to_numpy()
        distances.append(np.linalg.norm(apart, axis=1))
    measured = np.concatenate(distances) * VOXEL_NM

    declaration = declaration_of(synapses, synapses.key)
    assert declaration is not None
    (drift,) = declaration.template.signals
    assert isinstance(drift, SpatialDrift)
    assert drift.n == len(measured) == 14_836
    assert (drift.p50_nm, drift.p95_nm, drift.max_nm) == pytest.approx(np.percentile(measured, [50, 95, 100]), abs=0.05)


def test_every_synapse_finds_its_neuron_as_declared() -> None:
    bodies = set(neuron_table()["body_id"].to_pylist())
    assert set(synapse_table()["body_id"].to_pylist()) <= bodies
    assert len(bodies) == 5


def test_neuropil_counts_add_up() -> None:
    table = synapse_table()
    placed = sum(roi is not None for roi in table["roi"].to_pylist())
    assert sum(neuropil_table(table)["synapses"].to_pylist()) == placed == 14_836 - 83


def test_all_tables_are_made_against_the_same_release() -> None:
    declaration = declaration_of(neurons, neurons.key)
    assert declaration is not None
    assert declaration.template.materializations == (HEMIBRAIN,)


class Demonstrated(NamedTuple):
    home: Path
    said: str

    @property
    def registry(self) -> str:
        return f"lite://{self.home / 'registry.db'}"


@contextmanager
def not_loaded(package: str) -> Iterator[None]:
    """Let a package be loaded as if for the first time, beside what is loaded of it."""
    ours = {name: module for name, module in sys.modules.items() if name.split(".")[0] == package}
    for name in ours:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in [name for name in sys.modules if name.split(".")[0] == package]:
            del sys.modules[name]
        sys.modules.update(ours)


@pytest.fixture(scope="module")
def demonstrated(tmp_path_factory: pytest.TempPathFactory) -> Demonstrated:
    """The demo, run in a folder of its own. It is run in this process, where the library of neurons is loaded."""
    home = tmp_path_factory.mktemp("example") / "demo"
    environment = {
        **os.environ,
        "EXAMPLE_HOME": str(home),
        "DAGSTER_DISABLE_TELEMETRY": "1",
        # As somebody has it who tries the example beside real work.
        "FEATURE_REGISTRY": f"lite://{home.parent / 'mine.db'}",
        "FEATURE_REGISTRY_PUBLISHER": "grace@lab.org",
        "FEATURE_REGISTRY_ENV": "DEV",
    }
    with not_loaded("example_project"):
        done = run_in_process(
            lambda: runpy.run_module("example_project.demo", run_name="__main__"), ["demo"], environment, ROOT
        )
    assert done.returncode == 0, done.stderr
    return Demonstrated(home, done.stdout)


def test_the_demo_publishes_five_versions_and_shows_what_changed(demonstrated: Demonstrated) -> None:
    assert "versions in the registry: 0" in demonstrated.said
    assert demonstrated.said.count("   published  ") == 5
    assert demonstrated.said.count("   unchanged  ") == 4
    assert "columns: morphology.dim: 32 → 64" in demonstrated.said
    with Registry.open(demonstrated.registry) as registry:
        synapses_v1 = registry.get("hemibrain.synapses@v1")
        assert synapses_v1.inputs == ("hemibrain.neurons@v1",)
        assert synapses_v1.table.format == "delta"
        assert [version.name for version in registry.versions("hemibrain.morphology_embeddings")] == [
            "hemibrain.morphology_embeddings@v1",
            "hemibrain.morphology_embeddings@v2",
        ]


def test_the_demo_ends_with_a_citation_and_the_address_of_a_catalogue(demonstrated: Demonstrated) -> None:
    *_, cited, last = demonstrated.said.rstrip().splitlines()
    page = demonstrated.home / "catalogue" / "index.html"
    assert last.split() == ["catalogue", page.as_uri()]
    assert "hemibrain.synapses" in page.read_text()
    with Registry.open(demonstrated.registry) as registry:
        assert cited == f"   cite        {registry.cite('hemibrain.synapses@v1').text}"


def test_the_demo_leaves_the_users_own_registry_alone(demonstrated: Demonstrated) -> None:
    assert not (demonstrated.home.parent / "mine.db").exists()
    with Registry.open(demonstrated.registry) as registry:
        assert registry.get("hemibrain.synapses").provenance.publisher == "demo@example.org"


def test_the_demo_empties_no_folder_but_its_own(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    command = [sys.executable, "-m", "example_project.demo"]
    environment = {**os.environ, "EXAMPLE_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "holds other files" in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_notebook_answers_every_question(demonstrated: Demonstrated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EXAMPLE_HOME", str(demonstrated.home))
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{demonstrated.home.parent / 'mine.db'}")
    notebook = nbformat.read(NOTEBOOK, as_version=4)

    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(ROOT)}}).execute()

    answers = {}
    for question, cell in pairwise(notebook.cells):
        if numbered := re.match(r"## (\d+)\. ", question.source):
            answers[int(numbered[1])] = json.dumps(cell.outputs, ensure_ascii=False)
    assert answers.keys() == ANSWERS.keys()
    assert {number: ANSWERS[number] for number, answer in answers.items() if ANSWERS[number] not in answer} == {}


def test_the_commands_in_the_notebook_run(demonstrated: Demonstrated, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FEATURE_REGISTRY", demonstrated.registry)
    text = "\n".join(cell.source for cell in nbformat.read(NOTEBOOK, as_version=4).cells)
    commands = re.findall(r"^`feature-registry (.*)`$", text, flags=re.MULTILINE)
    assert commands
    for command in commands:
        done = CliRunner().invoke(app, shlex.split(command))
        # No expiry is recorded in the example, so this one cannot be answered.
        unanswered = command == "expiring --within 60"
        assert done.exit_code == int(unanswered), f"{command}\n{done.output}"
        assert not unanswered or "no expiry is recorded" in str(done.exception)


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = nbformat.read(NOTEBOOK, as_version=4).cells
    assert [cell for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []


def test_dg_and_the_workspace_load_the_same_code_location() -> None:
    (loaded,) = yaml.safe_load((ROOT / "workspace.yaml").read_text())["load_from"]
    project = (ROOT / "dg.toml").read_text().splitlines()
    assert f'code_location_target_module = "{loaded["python_module"]["module_name"]}"' in project
    assert f'code_location_name = "{loaded["python_module"]["location_name"]}"' in project

"""The example declares what is true of its data, and the demo does what it says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from example_project.assets import HEMIBRAIN, neurons, synapses
from example_project.neurons import VOXEL_NM, example_neurons, neuron_table, neuropil_table, synapse_table
from registry_dagster.asset import declaration_of
from registry_dagster.model.signals import SpatialDrift
from registry_dagster.registry import Registry

ROOT = Path(__file__).parents[1]


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


def test_the_demo_publishes_five_versions_and_shows_what_changed(tmp_path: Path) -> None:
    environment = {**os.environ, "EXAMPLE_HOME": str(tmp_path / "demo"), "DAGSTER_DISABLE_TELEMETRY": "1"}
    environment.pop("FEATURE_REGISTRY", None)

    done = subprocess.run(
        [sys.executable, "-m", "example_project.demo"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert "versions in the registry: 0" in done.stdout
    assert done.stdout.count("   published  ") == 5
    assert done.stdout.count("   unchanged  ") == 4
    assert "columns: morphology.dim: 32 → 64" in done.stdout
    with Registry.open(f"lite://{tmp_path / 'demo' / 'registry.db'}") as registry:
        synapses_v1 = registry.get("hemibrain.synapses@v1")
        assert synapses_v1.inputs == ("hemibrain.neurons@v1",)
        assert synapses_v1.table.format == "delta"
        assert [version.name for version in registry.versions("hemibrain.morphology_embeddings")] == [
            "hemibrain.morphology_embeddings@v1",
            "hemibrain.morphology_embeddings@v2",
        ]

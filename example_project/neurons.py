"""Real hemibrain neurons, as the navis package ships them, shaped into tables.

Five DA1 projection neurons with skeletons, synapses and somata. Everything is in voxels of 8 nm.
"""

from __future__ import annotations

import warnings
from collections import Counter
from functools import cache
from typing import Any, cast

import pyarrow as pa

VOXEL_NM = 8.0


@cache
def example_neurons() -> Any:
    """The neurons, as navis holds them."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import navis

        return navis.example_neurons(5)


def neuron_table() -> pa.Table:
    """One row a neuron: its size, and its soma where one was found."""
    rows = [
        {
            "body_id": int(neuron.id),
            "cell_type": str(neuron.name).split("_R")[0],
            "soma_position": None if neuron.soma is None else [float(at) for at in neuron.soma_pos[0]],
            "cable_length": float(neuron.cable_length),
            "skeleton_nodes": int(neuron.n_nodes),
            "synapses": len(neuron.connectors),
        }
        for neuron in example_neurons()
    ]
    schema = pa.schema(
        [
            pa.field("body_id", pa.int64(), nullable=False),
            pa.field("cell_type", pa.string()),
            pa.field("soma_position", pa.list_(pa.float64(), 3)),
            pa.field("cable_length", pa.float64()),
            pa.field("skeleton_nodes", pa.int64()),
            pa.field("synapses", pa.int64()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)


def synapse_table() -> pa.Table:
    """One row a synaptic connection of one neuron, 14,836 in all."""
    tables: list[pa.Table] = []
    for neuron in example_neurons():
        found = neuron.connectors
        columns = {
            "body_id": pa.array([int(neuron.id)] * len(found), pa.int64()),
            "connector_id": pa.array(found.connector_id.tolist(), pa.int64()),
            "node_id": pa.array(found.node_id.tolist(), pa.int64()),
            "type": pa.array(found.type.tolist(), pa.string()),
            **{axis: pa.array(found[axis].tolist(), pa.int64()) for axis in "xyz"},
            "roi": pa.array(found.roi.tolist(), pa.string(), from_pandas=True),
            "confidence": pa.array(found.confidence.tolist(), pa.float64()),
        }
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def embedding_table(samples: int) -> pa.Table:
    """One row a neuron: its persistence vector, a morphology embedding of `samples` components."""
    import navis

    neurons = example_neurons()
    points = [navis.persistence_points(neuron) for neuron in neurons]
    vectors = cast("Any", navis.persistence_vectors(points, samples=samples)[0])
    flat = pa.array(vectors.astype("float32").ravel(), pa.float32())
    columns: dict[str, pa.Array[Any]] = {
        "body_id": pa.array([int(neuron.id) for neuron in neurons], pa.int64()),
        "morphology": pa.FixedSizeListArray.from_arrays(flat, samples),
    }
    return pa.table(columns)


def neuropil_table(synapses: pa.Table) -> pa.Table:
    """One row a neuron and neuropil: how many synapses, and how many of them are presynaptic."""
    placed = [row for row in synapses.select(["body_id", "roi", "type"]).to_pylist() if row["roi"] is not None]
    total = Counter((row["body_id"], row["roi"]) for row in placed)
    presynaptic = Counter((row["body_id"], row["roi"]) for row in placed if row["type"] == "pre")
    keys = sorted(total)
    return pa.table(
        {
            "body_id": pa.array([body_id for body_id, _ in keys], pa.int64()),
            "roi": pa.array([roi for _, roi in keys], pa.string()),
            "synapses": pa.array([total[key] for key in keys], pa.int64()),
            "presynapses": pa.array([presynaptic[key] for key in keys], pa.int64()),
        }
    )

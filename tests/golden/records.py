"""The records behind the golden files: one a semantic, one a format, one for what any column may say."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion

__all__ = ["DATASET", "records"]

DATASET = Dataset(name="golden.record", title="Golden record", owners=("team:olfaction", "ada@lab.org"), tags=("fly",))

_IDS: dict[str, dict[str, Any]] = {
    "annotation_id": {"annotation_type": "synapse", "source_table": "synapses_pni_2", "null_sentinel": 0},
    "synapse_id": {"source_table": "synapses_pni_2"},
    "nucleus_id": {"source_table": "nucleus_detection_v0"},
    "root_id": {"id_space": "minnie65_public", "side": "pre", "null_sentinel": 2**64 - 1},
    "body_id": {"id_space": "hemibrain", "side": "self", "description": "The neuron."},
    "supervoxel_id": {"chunkedgraph": "minnie3_v1", "side": "post"},
    "level2_id": {"chunkedgraph": "minnie3_v1"},
    "skeleton_node_id": {"skeleton_source": "hemibrain", "skeleton_version": "v1.2.1"},
    "target_id": {"reference_table": "nucleus_detection_v0", "dataset": "minnie65.nuclei"},
    "functional_unit_key": {"part": "scan_idx"},
}
_OTHERS: dict[str, dict[str, Any]] = {
    "position": {"axis": "x", "frame": "hemibrain", "unit": "voxel", "resolution_nm": [8, 8, 8], "role": "pre"},
    "transformed_position": {
        "axis": "xyz",
        "frame": "FAFB14.1",
        "unit": "nm",
        "transform": "elastic",
        "transform_version": "2",
    },
    "size": {"unit": "voxel", "resolution_nm": [4, 4, 40]},
    "area": {"unit": "um2"},
    "volume": {"unit": "nm3"},
    "length": {"unit": "um"},
    "density": {"numerator_unit": "synapse", "denominator_unit": "um"},
    "ratio": {"numerator_unit": "um2", "denominator_unit": "um2"},
    "count": {"counted": "synapse"},
    "embedding": {
        "dim": 64,
        "model": "segclr",
        "checkpoint": "epoch 12",
        "trained_on": {"system": "minnie65_public", "version": "343"},
        "distance": "cosine",
        "normalized": False,
        "anchor": "segment",
    },
    "reduced_embedding": {"dim": 1, "method": "umap", "source": "segclr", "component": 0},
    "feature": {"unit": "1/um", "method": "Sholl"},
    "label": {
        "classification_system": "neuropils",
        "ontology": "FBbt",
        "version": "2024-01",
        "values": ["AL", "größe"],
    },
    "score": {"range": [0, 255], "direction": "lower_is_more", "calibrated": False},
    "probability": {"of": "GABA", "range": None},
    "timestamp": {"utc": False},
    "flag": {"means": "proofread"},
    "bookkeeping": {},
}
_TYPES = {
    "embedding": "fixed_size_list<float32>[64]",
    "transformed_position": "list<float64 not null>",
    "label": "dictionary<values=string, indices=int8>",
    "timestamp": "timestamp[us, tz=America/New_York]",
    "flag": "bool",
    "bookkeeping": "struct",
}
_PINS: dict[str, dict[str, Any]] = {
    "delta": {"table_id": "6c0f", "version": 12, "committed_at": "2025-01-13T09:30:00Z"},
    "iceberg": {
        "table_uuid": "9a1b",
        "snapshot_id": 2**62 + 1,
        "schema_id": 3,
        "metadata_location": "s3://bucket/t/metadata/00003.json",
        "committed_at": "2025-01-13T09:30:00.123456Z",
        "catalog": "lab",
        "identifier": "flies.counts",
    },
    "lance": {"version": 5, "transaction_uuid": "77aa", "branch": "trial"},
    "parquet": {"fingerprint": "sha256:ab12", "last_modified": "2025-01-13T09:30:00Z"},
    "feather": {"fingerprint": "sha256:cd34", "last_modified": "2025-01-13T09:30:00Z"},
    "csv": {"fingerprint": "sha256:ab12", "last_modified": "2025-01-13T09:30:00Z", "header_line": False},
    "opaque": {"state": "2024-01", "how_to_read": "Unzip a shard, then read its CSV.\nSee the paper."},
}


_JOINED: dict[str, Any] = {
    "label": "größer, (better)",
    "references": [
        {
            "columns": ["body_id"],
            "annotation_type": "segment",
            "to": "hemibrain.neurons",
            "to_columns": ["body_id"],
            "cardinality": "n:1",
            "stability": "version_pinned",
            "optional": True,
            "null_sentinel": 0,
            "expected_match_rate": 0.975,
            "description": "The neuron.",
        }
    ],
    "signals": [
        {"signal": "spatial_drift", "kind": "resegmentation", "p50_nm": 8, "p95_nm": 16.5, "basis": "measured"},
        {
            "signal": "compatibility_range",
            "system": "hemibrain",
            "to_version": "v1.2.1",
            "surviving_fraction": 0.834,
            "basis": "literature",
        },
        {"signal": "crosswalk", "dataset": "hemibrain.bodies", "from_version": "v1.1", "basis": "declared"},
        {"signal": "note", "text": "Two lines,\none remark.", "basis": "declared"},
    ],
    "inputs": ["hemibrain.neurons@v3"],
    "reference_versions": {"hemibrain.neurons": "hemibrain.neurons@v3"},
}
_MEASURED: dict[str, Any] = {"partition_columns": ["body_id"], "rows": 14836, "bytes": 1_048_576, "files": 0}
_RUN = {"dagster_run_id": "0f0f", "dagster_asset": "flies/synapses", "dagster_partition": "DA1"}
_UPSTREAM = {
    "source": "neuprint",
    "timestamp": "2021-06-01T00:00:00Z",
    "uuid": "31597d95",
    "expires_on": "2030-01-01T00:00:00Z",
    "status": "available",
    "aliases": ["hemibrain@1.2.1"],
}


def records() -> dict[str, DatasetVersion]:
    """Name of the golden file → its record. Those of the formats hold all that a record may hold."""
    by_semantic = {name: _record(name, _column(name), "delta", full=False) for name in SEMANTICS}
    copied = {**_column("position"), "copy_of": {"table": "synapses_pni_2", "column": "ctr_pt_position"}}
    beside = {"copy_of": _record("copy_of", copied, "delta", full=False)}
    return by_semantic | beside | {name: _record(name, _column("embedding"), name, full=True) for name in _PINS}


def _column(semantic: str) -> dict[str, Any]:
    return {"semantic": semantic, **(_IDS | _OTHERS)[semantic]}


def _record(name: str, column: dict[str, Any], table_format: str, *, full: bool) -> DatasetVersion:
    semantic = column["semantic"]
    dtype = _TYPES.get(semantic, "int64" if semantic in _IDS or semantic == "count" else "float32")
    return DatasetVersion.from_json(
        {
            "dataset": f"{DATASET.name}.{name}",
            "number": 12,
            "materializations": [{"system": "hemibrain", "version": "v1.2.1", **(_UPSTREAM if full else {})}],
            "columns": {r"pt.the\.value": column},
            "table": {
                "location": f"s3://bucket/{name}",
                "pin": {"format": table_format, **_PINS[table_format]},
                "fields": [
                    {"path": "body_id", "type": "int64", "nullable": False},
                    {"path": r"pt.the\.value", "type": dtype},
                ],
                "arrow_schema": "/////w==",
                **(_MEASURED if full else {}),
            },
            "provenance": {
                "publisher": "ada@lab.org",
                "message": "First release.\nSee the paper.",
                "published_at": datetime(2025, 1, 13, 9, 30, tzinfo=timezone.utc),
                **(_RUN if full else {}),
            },
            **(_JOINED if full else {}),
        }
    )

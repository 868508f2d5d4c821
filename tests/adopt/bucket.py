"""A bucket as labs have them: tables in every format, laid out in several ways, with junk between."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import deltalake
import lance
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
from pyiceberg.catalog.sql import SqlCatalog

from registry_dagster.tables.iceberg.options import for_pyiceberg

__all__ = ["LAYOUTS", "TABLES", "fill", "write_iceberg"]

LAYOUTS = (
    "{system}/v{version}/{table}/{layout}",
    "dump/{system}/v{version}/{table}",
    "embeddings/{system}/{version}/{table}.lance",
    "bundles/{system}/{version}/{table}",
)
SYNAPSES = pa.table(
    {
        "id": pa.array([1, 2], pa.int64()),
        "pre_pt_root_id": pa.array([10, 20], pa.int64()),
        "post_pt_root_id": pa.array([20, 10], pa.int64()),
        "ctr_pt_position_x_nm": pa.array([1.0, 2.0]),
        "ctr_pt_position_y_nm": pa.array([1.0, 2.0]),
        "ctr_pt_position_z_nm": pa.array([1.0, 2.0]),
    }
)
VECTORS = pa.table(
    {
        "nucleus_id": pa.array([1, 2], pa.int64()),
        "embedding": pa.array([[0.0] * 8] * 2, pa.list_(pa.float32(), 8)),
    }
)
NEURONS = pa.table({"bodyId": pa.array([1, 2], pa.int64()), "type": ["a", "b"], "cell_type": ["a", "b"]})
JUNK = (
    "README.md",
    ".DS_Store",
    "minnie65_public/v1300/notes.txt",
    "minnie65_public/v1300/synapses_0/old.zip",
    "tmp/part-0.parquet",
    "bundles/index.html",
    "bundles/banc/888/checksums.md5",
)
Put = Callable[[str, bytes], object]


def _delta(names: int, layouts: Sequence[str]) -> Iterator[str]:
    for version in (943, 1300):
        for name in range(names):
            for layout in layouts:
                yield f"minnie65_public/v{version}/synapses_{name}/{layout}"


TABLES = {"delta": 80, "csv": 20, "lance": 20, "feather": 30, "parquet": 50}
"""How many tables of each format a full bucket holds."""


def fill(put: Put, scratch: Path, share: float = 1.0) -> int:
    """Fill a bucket, and say how many tables it holds.

    Args:
        put: Stores an object.
        scratch: For the files of which they are copies.
        share: Of the tables.
    """
    counts = {name: max(1, int(count * share)) for name, count in TABLES.items()}
    layouts = ("id", "pre_pt_root_id", "post_pt_root_id", "flat") if counts["delta"] >= 8 else ("id",)
    places = list(_delta(max(1, counts["delta"] // 8), layouts))
    _copy(_written_delta(scratch), places, put)
    vectors = [f"embeddings/minnie65_public/1300/vectors_{each}.lance" for each in range(counts["lance"])]
    _copy(_written_lance(scratch), vectors, put)
    for each in range(counts["csv"]):
        put(f"dump/minnie65_public/v943/cells_{each}.csv.gz", gzip.compress(b"1,t\n2,f\n"))
        put(f"dump/minnie65_public/v943/cells_{each}_header.csv", b"field,dtype\npt_root_id,int64\nvalid,boolean\n")
    for each in range(counts["feather"]):
        put(f"bundles/banc/888/meta_{each}.feather", _feather(scratch))
    for each in range(counts["parquet"]):
        put(f"bundles/hemibrain/v1.2.1/neurons_{each}{'/part-0' if each % 2 else ''}.parquet", _parquet(scratch))
    for name in JUNK:
        put(name, b"junk")
    return len(places) + len(vectors) + counts["csv"] + counts["feather"] + counts["parquet"]


def _copy(folder: Path, places: list[str], put: Put) -> None:
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    for place in places:
        for name, body in files.items():
            put(f"{place}/{name}", body)


def _written_delta(scratch: Path) -> Path:
    deltalake.write_deltalake(scratch / "delta", SYNAPSES)
    return scratch / "delta"


def _written_lance(scratch: Path) -> Path:
    lance.write_dataset(VECTORS, str(scratch / "vectors.lance"))
    return scratch / "vectors.lance"


def _feather(scratch: Path) -> bytes:
    feather.write_feather(NEURONS.drop_columns("type"), str(scratch / "a.feather"), compression="uncompressed")
    return (scratch / "a.feather").read_bytes()


def _parquet(scratch: Path) -> bytes:
    pq.write_table(NEURONS, scratch / "a.parquet")
    return (scratch / "a.parquet").read_bytes()


def write_iceberg(bucket: str, options: Mapping[str, Any], put: Put, scratch: Path) -> int:
    """Write Iceberg tables, whose metadata has their own addresses, so they cannot be copied. Says how many."""
    catalog = SqlCatalog("c", **for_pyiceberg({"type": "sql", "uri": f"sqlite:///{scratch}/catalog.db", **options})[0])
    catalog.create_namespace("n")
    for each in range(2):
        place = f"bundles/hemibrain/v1.2.1/bodies_{each}"
        table = catalog.create_table(f"n.bodies_{each}", schema=NEURONS.schema, location=f"s3://{bucket}/{place}")
        table.append(NEURONS)
        current = table.metadata_location.rpartition("/")[2]
        put(f"{place}/metadata/version-hint.text", current.removesuffix(".metadata.json").encode())
    catalog.close()
    return 2

"""What inspecting a table costs as its metadata grows, against the libraries that open it. A fresh process each."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.many_keys import serving
from benchmarks.report import Result
from benchmarks.stored_tables import delta_checkpoint, delta_commits, iceberg_metadata, lance_versions

__all__ = ["run"]

RUNS = 5
_INSPECT = "from registry_dagster.tables import inspect_table\ndef work(where): return inspect_table(where)"
_DELTA = "from deltalake import DeltaTable\ndef work(where): return DeltaTable(where)"
# The calls of DataHub's delta-lake source; `files()` is `file_uris()` since deltalake 1.0.
_DATAHUB = """
from deltalake import DeltaTable
def work(where):
    table = DeltaTable(where, without_files=False)
    return table.schema(), table.metadata(), table.version(), len(table.file_uris()), list(table.history(limit=200))
"""
_STATIC = """
from pyiceberg.table import StaticTable
def work(where): return StaticTable.from_metadata(where)
"""
_VERSIONS = "import lance\ndef work(where): return lance.dataset(where).versions()"
_BUCKET = (
    'options = {"key": "AKIAIOSFODNN7EXAMPLE", "secret": "made-up", "endpoint_url": "ENDPOINT", '
    '"client_kwargs": {"region_name": "us-east-1"}}\n'
)
_INSPECT_S3 = """
from registry_dagster.tables import inspect_table
def work(where): return inspect_table(where, storage_options=options)
"""
_FIND = """
import s3fs
def work(where):
    fs = s3fs.S3FileSystem(use_listings_cache=False, skip_instance_cache=True, **options)
    return fs.find(where, detail=True)
"""
_STREAMED = """
import hashlib
import obstore
import pyarrow as pa
from obstore.store import S3Store
config = {"aws_access_key_id": options["key"], "aws_secret_access_key": options["secret"],
          "aws_endpoint": options["endpoint_url"], "aws_region": "us-east-1"}
def work(where):
    store = S3Store("made-up", config=config, client_options={"allow_http": True})
    digest = hashlib.sha256()
    prefix = where.removeprefix("s3://made-up/").rpartition("/")[0] or "table"
    for page in obstore.list(store, prefix=prefix, chunk_size=1000, return_arrow=True):
        columns = pa.record_batch(page).select(["path", "size", "e_tag"]).to_pydict().values()
        for path, size, token in zip(*columns):
            digest.update(f"{path}\\0{size}\\0{token}\\n".encode())
    return digest.hexdigest()
"""
_MEASURED = """
import re, sys, time, warnings
warnings.simplefilter("ignore")
# Not getrusage: a child's begins with what its parent had.
def peak(): return int(re.search(r"VmHWM:\\s*(\\d+)", open("/proc/self/status").read())[1]) / 1024
{program}
work(sys.argv[1])
before, start = peak(), time.perf_counter()
work(sys.argv[2])
print(time.perf_counter() - start, peak() - before)
"""


class _Cost(NamedTuple):
    seconds: float
    megabytes: float


def run(
    files: int = 1_000_000,
    commits: int = 10_000,
    snapshots: int = 10_000,
    versions: int = 1_000,
    keys: int = 1_000_000,
) -> Iterator[Result]:
    """Of tables in files on this machine; the first call, on a small table, loads what is loaded once."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _delta(Path(folder), files, commits)
        yield from _iceberg(Path(folder), snapshots)
        yield from _lance(Path(folder), versions)
    yield from _parquet(keys)


def _delta(folder: Path, files: int, commits: int) -> Iterator[Result]:
    delta_checkpoint(folder / "small", 10)
    for path, what, goals, memory in (
        (folder / "checkpoint", f"Delta of {files:,} files", ("≤ 0.01", "≤ 0.01"), "≤ 0.1"),
        (folder / "commits", f"Delta of {commits:,} commits", ("≤ 0.1", "none set"), "none set"),
    ):
        delta_checkpoint(path, files) if path.name == "checkpoint" else delta_commits(path, commits)
        ours = _cost(_INSPECT, folder / "small", path)
        peers = ((_DELTA, "DeltaTable()"), (_DATAHUB, "DataHub's delta-lake source"))
        for (program, peer), goal in zip(peers, goals, strict=True):
            cost = _cost(program, folder / "small", path)
            yield from _compared(f"{what}, against {peer}", ours, cost, (goal, memory))


def _iceberg(folder: Path, snapshots: int) -> Iterator[Result]:
    small, large = (str(iceberg_metadata(folder / f"iceberg_{count}", count)) for count in (2, snapshots))
    what = f"Iceberg of {snapshots:,} snapshots, against StaticTable"
    yield from _compared(what, _cost(_INSPECT, small, large), _cost(_STATIC, small, large), ("≤ 0.2", "none set"))


def _lance(folder: Path, versions: int) -> Iterator[Result]:
    lance_versions(folder / "small.lance", 2)
    lance_versions(folder / "large.lance", versions)
    ours, peer = (_cost(program, folder / "small.lance", folder / "large.lance") for program in (_INSPECT, _VERSIONS))
    yield from _compared(f"Lance of {versions:,} versions, against versions()", ours, peer, ("none set", "none set"))


def _parquet(keys: int) -> Iterator[Result]:
    """In a bucket on loopback. s3fs once, since it takes minutes."""
    with serving(keys) as endpoint:
        options = _BUCKET.replace("ENDPOINT", endpoint)
        small, large = "s3://made-up/table/day=00000/part-00000.parquet", "s3://made-up/table"
        ours, streamed = (_cost(options + program, small, large, runs=3) for program in (_INSPECT_S3, _STREAMED))
        peer = _cost(options + _FIND, small, large, runs=1)
    what = f"Parquet of {keys:,} keys in S3, against"
    yield Result.seconds(f"{what} obstore's list streamed into sha256", ours.seconds, streamed.seconds, "≤ 1.2")
    yield Result.seconds(f"{what} s3fs find", ours.seconds, peer.seconds, "≤ 0.2")
    yield Result(
        "the same: memory above what is loaded, against what is allowed",
        f"{ours.megabytes:,.0f} MB",
        f"100 MB allowed, s3fs {peer.megabytes:,.0f} MB",
        ours.megabytes / 100,
        "≤ 1",
    )


def _compared(what: str, ours: _Cost, peer: _Cost, goals: tuple[str, str]) -> Iterator[Result]:
    yield Result.seconds(what, ours.seconds, peer.seconds, goals[0])
    # Below a megabyte the pages of the allocator are all there is to see.
    megabytes = [max(cost.megabytes, 1.0) for cost in (ours, peer)]
    yield Result(
        f"{what}: memory above what is loaded",
        f"{megabytes[0]:,.0f} MB",
        f"{megabytes[1]:,.0f} MB",
        megabytes[0] / megabytes[1],
        goals[1],
    )


def _cost(program: str, small: Path | str, large: Path | str, runs: int = RUNS) -> _Cost:
    """The median of fresh processes."""
    code = _MEASURED.format(program=program)
    costs: list[_Cost] = []
    for _ in range(runs):
        words = [sys.executable, "-c", code, str(small), str(large)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        costs.append(_Cost(*map(float, done.stdout.split()[-2:])))
    return _Cost(statistics.median(each.seconds for each in costs), statistics.median(each.megabytes for each in costs))

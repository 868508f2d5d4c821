"""What publishing costs in the embedded store, against DataHub Lite's stock writer."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.beside import alone
from benchmarks.report import Result
from benchmarks.tables import publication, publications
from registry_dagster.registry.plan import Receipt
from registry_dagster.registry.registry import Registry

VERSIONS = 1000
COLUMNS = 30
RUNS = 3
WIDTHS = (5_000, 10_000, 20_000)
MEANT = 10_000
"""The width that the goals are for."""


def run() -> Iterator[Result]:
    """Versions a second, default durability on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        ours = [Path(folder) / f"ours_{number}.db" for number in range(RUNS)]
        # It takes a twelfth of what the peer takes, so that whatever else the machine does weighs as much more.
        seconds = median(alone(_publish, path) for path in ours)
        stock_seconds = alone(_write_with_stock, ours[0], Path(folder) / "stock.db")
    yield Result(
        f"publish {VERSIONS} versions of {COLUMNS} columns, against the stock write of the same proposals",
        f"{VERSIONS / seconds:,.0f} versions/s",
        f"{VERSIONS / stock_seconds:,.0f} versions/s",
        stock_seconds / seconds,
        "≥ 15",
    )
    yield from _wide()


def _wide() -> Iterator[Result]:
    """Wide tables, each published once in a fresh process. There is no peer: the goals are seconds and megabytes."""
    costs = {columns: _cost(columns) for columns in WIDTHS}
    for columns, (seconds, megabytes) in costs.items():
        goal = "≤ 1" if columns == MEANT else "none"
        what = f"publish a table of {columns:,} columns"
        yield Result(what, f"{seconds:.2f} s", "2 s allowed", seconds / 2, goal)
        memory = f"{what}: memory above what publishing one column takes"
        yield Result(memory, f"{megabytes:,.0f} MB", "200 MB allowed", megabytes / 200, goal)
    few, many = (costs[columns][0] / columns for columns in (min(WIDTHS), max(WIDTHS)))
    what = f"the same, a column: of {max(WIDTHS):,} against of {min(WIDTHS):,}"
    yield Result(what, f"{many * 1e6:,.0f} µs", f"{few * 1e6:,.0f} µs", many / few, "≤ 1.3")


_PUBLISH_WIDE = """
import sys, tempfile, time
from pathlib import Path
from benchmarks.tables import publications, wide_publication
from registry_dagster.registry.registry import Registry

def peak():
    # Not getrusage: a child's begins with what its parent had.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024

with tempfile.TemporaryDirectory() as folder, Registry.open(f"lite://{folder}/registry.db") as registry:
    registry.publish_many(publications(1, 1))
    wide, before = wide_publication(int(sys.argv[1])), peak()
    start = time.perf_counter()
    (outcome,) = registry.publish_many([wide])
    seconds = time.perf_counter() - start
    if not outcome.created:
        raise SystemExit("the wide table was not published")
    print(seconds, peak() - before)
"""


def _cost(columns: int) -> tuple[float, float]:
    """Seconds and megabytes of one publish, without what is loaded before."""
    program = [sys.executable, "-c", _PUBLISH_WIDE, str(columns)]
    seconds, megabytes = subprocess.run(program, check=True, capture_output=True, text=True).stdout.split()
    return float(seconds), float(megabytes)


def _publish(path: Path) -> float:
    batch = publications(VERSIONS, COLUMNS)
    with Registry.open(f"lite://{path}") as registry:
        # What is loaded for the first one is measured by `imports`; the stock class is loaded by then, too.
        registry.publish_many([publication("bench.first", 0, COLUMNS)])
        start = time.perf_counter()
        outcomes = registry.publish_many(batch)
        seconds = time.perf_counter() - start
    if not all(isinstance(outcome, Receipt) and outcome.created for outcome in outcomes):
        raise RuntimeError("not every version was published")
    return seconds


def _write_with_stock(published: Path, path: Path) -> float:
    """What was published, written again by the stock class. Its close, which rebuilds an index, is not counted."""
    from datahub.emitter.aspect import ASPECT_MAP
    from datahub.emitter.mcp import MetadataChangeProposalWrapper
    from datahub.emitter.serialization_helper import post_json_transform
    from datahub.lite.sqlite_lite import SqliteLite, SqliteLiteConfig

    proposals = [
        MetadataChangeProposalWrapper(entityUrn=urn, aspect=ASPECT_MAP[name].from_obj(post_json_transform(value)))
        for urn, name, value in _proposals(published)
    ]
    stock = SqliteLite(SqliteLiteConfig(file=str(path)))
    start = time.perf_counter()
    for proposal in proposals:
        stock.write(proposal)
    return time.perf_counter() - start


def _proposals(path: Path) -> Iterator[tuple[str, str, Any]]:
    import json

    with sqlite3.connect(path) as connection:
        query = (
            "SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0 "
            "AND aspect_name <> 'versionSetProperties' AND urn NOT LIKE '%bench.first%'"
        )
        for urn, name, metadata in connection.execute(query):
            yield urn, name, json.loads(metadata)

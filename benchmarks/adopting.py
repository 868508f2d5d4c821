"""From a folder of tables to a registry: how long drafting and publishing take, a table each."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.report import Result
from registry_dagster.adopt.adopting import Adoption
from registry_dagster.adopt.groups import Naming, grouped
from registry_dagster.adopt.pattern import CAVE_PATTERN, Pattern
from registry_dagster.adopt.published import Published
from registry_dagster.adopt.publishing import declaration_files, publish_all, tables_to_publish
from registry_dagster.adopt.walk import walk_location
from registry_dagster.registry.registry import Registry

__all__ = ["run"]

_TABLES = 500
_COLUMNS = 30
_ALLOWED = 600 * _TABLES / 5000
"""Seconds: ten minutes for 5,000 tables."""


def run() -> Iterable[Result]:
    """Draft and publish tables of 30 columns, each with an embedded registry of its own."""
    with tempfile.TemporaryDirectory() as folder:
        bucket, drafts = Path(folder) / "bucket", Path(folder) / "drafts"
        _write_tables(bucket)
        with Registry.open(f"lite://{folder}/registry.db", publisher="ada@lab.org") as registry:
            yield _result("draft", _seconds(lambda: _draft(bucket, drafts, registry)))
            yield _result("publish", _seconds(lambda: _publish(drafts, registry)))


def _result(what: str, seconds: float) -> Result:
    what = f"{what} {_TABLES} tables of {_COLUMNS} columns, by the pace of 5,000 in ten minutes"
    return Result(what, f"{seconds:.1f} s", f"{_ALLOWED:.0f} s allowed", seconds / _ALLOWED, "≤ 1")


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _write_tables(bucket: Path) -> None:
    names = ["id", "pt_root_id", *(f"n_{number}_synapses" for number in range(_COLUMNS - 2))]
    table = pa.table({name: pa.array([1], pa.int64()) for name in names})
    for number in range(_TABLES):
        place = bucket / "lab" / "v1" / f"table_{number}" / "id"
        place.mkdir(parents=True)
        pq.write_table(table, place / "part-0.parquet")


def _draft(bucket: Path, drafts: Path, registry: Registry) -> None:
    naming = Naming()
    groups = grouped(walk_location(str(bucket), [Pattern(CAVE_PATTERN)]).tables, naming)
    drafted = list(Adoption(drafts, naming, published=Published(registry.meanings)).adopt(groups))
    assert sum(each.tables for each in drafted) == _TABLES
    for draft in drafts.glob("*.yaml"):
        text = draft.read_text().replace("annotation_type: TODO", "annotation_type: nucleus")
        draft.write_text(text.replace("reviewed_by:", "reviewed_by: ada@lab.org"))


def _publish(drafts: Path, registry: Registry) -> None:
    attempts, refused = tables_to_publish(declaration_files([drafts]))
    words = [result.word for result in publish_all(registry, attempts, message="Adopt what we have")]
    assert not refused
    assert words == ["published"] * _TABLES

"""What verifying many small tables in a bucket takes, against the same call that looks at one after the other."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Result
from benchmarks.slow_bucket import serving_copies
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.registry.declared import declared

__all__ = ["run"]

_SECONDS = 0.01


def run(tables: int = 1_000) -> Iterator[Result]:
    """Half Delta tables of three commits, half folders of two Parquet files; an answer takes 10 ms."""
    with tempfile.TemporaryDirectory() as folder:
        templates = Path(folder) / "tables"
        _write(templates)
        with serving_copies(templates, _SECONDS) as endpoint:
            options: dict[str, Any] = {"key": "k", "secret": "s", "endpoint_url": endpoint}
            with Registry.open(f"lite://{folder}/registry.db", publisher="bench") as registry:
                registry.publish_many(list(_publications(tables, options)))
                yield _compared(registry, tables, options, {})
                yield _compared(registry, tables, options, {"table": True})


def _compared(registry: Registry, tables: int, options: dict[str, Any], asked: dict[str, bool]) -> Result:
    seconds: list[float] = []
    for at_once in (None, 1):
        start = time.perf_counter()
        more = {} if at_once is None else {"at_once": at_once}
        found = list(registry.verify_all(storage_options=options, **asked, **more))
        seconds.append(time.perf_counter() - start)
        if len(found) != tables or any(each.state != "intact" for each in found):
            raise RuntimeError(f"not all tables were found intact: {found[:3]}")
    what = "tables alone" if asked else "records and tables"
    return Result.seconds(
        f"verify --all of {tables:,} tables in S3 ({what}), against one after the other", *seconds, "≤ 0.0625"
    )


def _write(folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from deltalake import write_deltalake

    rows = pa.table({"body_id": pa.array([1, 2], pa.int64()), "score": pa.array([0.5, 1.0], pa.float32())})
    folder.mkdir()
    for _ in range(3):
        write_deltalake(folder / "delta", rows, mode="append")
    (folder / "parquet").mkdir()
    for name in "ab":
        pq.write_table(rows, folder / "parquet" / f"{name}.parquet")


def _publications(tables: int, options: dict[str, Any]) -> Iterator[Publication]:
    kinds = ("delta", "parquet")
    facts: list[TableFacts] = [inspect_table(f"s3://made-up/{kind}-0", storage_options=options) for kind in kinds]
    for number in range(tables):
        table = facts[number % 2].model_copy(update={"location": f"s3://made-up/{kinds[number % 2]}-{number}"})
        yield Publication(declared(f"bench.table_{number}"), table, message="Measured")

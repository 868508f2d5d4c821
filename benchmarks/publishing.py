"""What publishing costs in the embedded store, against DataHub Lite's stock writer."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.report import Result
from benchmarks.tables import publications
from registry_dagster.registry.plan import Receipt
from registry_dagster.registry.registry import Registry

VERSIONS = 1000
COLUMNS = 30


def run() -> Iterator[Result]:
    """Versions a second, default durability on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        ours = Path(folder) / "ours.db"
        seconds = _publish(ours)
        stock_seconds = _write_with_stock(ours, Path(folder) / "stock.db")
    yield Result(
        f"publish {VERSIONS} versions of {COLUMNS} columns, against the stock write of the same proposals",
        f"{VERSIONS / seconds:,.0f} versions/s",
        f"{VERSIONS / stock_seconds:,.0f} versions/s",
        stock_seconds / seconds,
        "≥ 5",
    )


def _publish(path: Path) -> float:
    batch = publications(VERSIONS, COLUMNS)
    with Registry.open(f"lite://{path}") as registry:
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
            "AND aspect_name <> 'versionSetProperties'"
        )
        for urn, name, metadata in connection.execute(query):
            yield urn, name, json.loads(metadata)

"""How many bytes of the embedded file a version takes, its index included, against its own aspects as compact JSON."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from benchmarks.report import Result
from benchmarks.tables import publications
from registry_dagster.datahub.urns import version_in
from registry_dagster.registry.registry import Registry

VERSIONS = 1000
COLUMNS = 30
_ROWS = "SELECT urn, metadata FROM metadata_aspect_v2 WHERE version = 0"


def run(versions: int = VERSIONS) -> Iterator[Result]:
    """Of a registry whose datasets have ten versions each, and of one whose datasets have one."""
    yield _measured(versions, 10, "≤ 1.3")
    yield _measured(versions, 1, "none set")


def _measured(versions: int, of_one_dataset: int, goal: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        with Registry.open(f"lite://{path}") as registry:
            registry.publish_many(publications(versions, COLUMNS, of_one_dataset))
        stored, own = path.stat().st_size / versions, _own_aspects(path) / versions
    return Result(
        f"bytes of a version of {COLUMNS} columns, {of_one_dataset} of a dataset, against its aspects once",
        f"{stored:,.0f} B",
        f"{own:,.0f} B",
        stored / own,
        goal,
    )


def _own_aspects(path: Path) -> int:
    """Bytes of the current aspects of all versions, as compact JSON."""
    with closing(sqlite3.connect(path)) as connection:
        texts = [text for urn, text in connection.execute(_ROWS) if version_in(urn)]
    compact = (json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False) for text in texts)
    return sum(len(each.encode()) for each in compact)

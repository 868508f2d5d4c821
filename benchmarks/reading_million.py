"""What reading costs in an embedded file of 1,000,000 versions, and how the file and the time to fill it grow.

Not among the parts that are measured by default: it takes most of an hour and 12 GB. `python -m benchmarks
reading_million`, or `python -m benchmarks.reading_million FILE [VERSIONS]` to keep the file.
"""

from __future__ import annotations

import json
import re
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

from benchmarks.reading import BATCH, OF_ONE_DATASET, publish, warm_questions
from benchmarks.report import Result
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import container_urn, version_in
from registry_dagster.datahub.version import record_json
from registry_dagster.model.canonical_json import sha256_digest
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.lite.store import LiteStore

VERSIONS = 1_000_000
_PUBLISHED = 10_000
"""So many are published. The others are these under other names, written by the store with what it is given."""

_TABLE = re.compile(r"\btable_(\d+)")
_CONTAINER = re.compile(r"urn:li:container:[0-9a-f]+")
_ROWS = "SELECT urn, aspect_name, metadata FROM metadata_aspect_v2 WHERE version = 0 ORDER BY rowid"


def run(versions: int = VERSIONS) -> Iterator[Result]:
    """Milliseconds at the 95th percentile, the file warm; bytes and seconds a version, the last against the first."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        yield from _growth(path, versions)
        yield from questions(path, versions)


def questions(path: Path, versions: int) -> Iterator[Result]:
    """What reading costs."""
    with Registry.open(f"lite://{path}") as registry:
        yield from warm_questions(registry, versions, {"get": 5, "versions": 20, "find": 100})


def _growth(path: Path, versions: int) -> Iterator[Result]:
    blocks = list(fill(path, versions))
    (seconds, size), (last_seconds, last_size) = blocks[0], blocks[-1]
    yield Result(
        f"bytes a version, the last of {versions:,} against the first",
        f"{last_size:,.0f} B",
        f"{size:,.0f} B",
        last_size / size,
        "≤ 1.1",
    )
    what = f"CPU to write a version, the last of {versions:,} against the first"
    yield Result.seconds(what, last_seconds, seconds, goal="≤ 1.2")


def fill(path: Path, versions: int) -> Iterator[tuple[float, float]]:
    """Fill a registry block by block; for each block but the first CPU seconds and bytes a version."""
    publish(path, _PUBLISHED)
    base = _published(path)
    store = LiteStore(path)
    for block in range(1, versions // _PUBLISHED):
        start, size = time.process_time(), path.stat().st_size
        commits = [_renamed(urn, some, block * _PUBLISHED // OF_ONE_DATASET) for urn, some in base.items()]
        for at in range(0, len(commits), BATCH):
            if any(store.create(commits[at : at + BATCH])):
                raise RuntimeError("a version was not written")
        _settle(path)
        yield (time.process_time() - start) / _PUBLISHED, (path.stat().st_size - size) / _PUBLISHED
    store.close()


def _settle(path: Path) -> None:
    """Write the log back, so that the file has its size."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _published(path: Path) -> dict[str, dict[str, str]]:
    """Each Dataset, then each version, with the texts of its aspects."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(_ROWS).fetchall()
    found: dict[str, dict[str, str]] = {}
    for urn, name, text in rows:
        if urn.startswith("urn:li:container:") or version_in(urn):
            found.setdefault(urn, {})[name] = text
    return dict(sorted(found.items()))


def _renamed(urn: str, texts: Mapping[str, str], by: int) -> list[Proposal]:
    """A version of another table, with a digest of its own; or its Dataset."""

    def moved(text: str) -> str:
        return _TABLE.sub(lambda found: f"table_{int(found[1]) + by}", text)

    version = version_in(moved(urn))
    if version is None:
        named = {name: json.loads(moved(text)) for name, text in texts.items()}
        own = container_urn(named["containerProperties"]["qualifiedName"], "PROD")
    else:
        own, above = moved(urn), container_urn(version.dataset, "PROD")
        named = {name: json.loads(_CONTAINER.sub(above, moved(text))) for name, text in texts.items()}
        named["datasetProperties"]["customProperties"]["digest"] = sha256_digest(record_json(named, own))
    return [Proposal(own, name, value) for name, value in named.items()]


if __name__ == "__main__":
    file, wanted = Path(sys.argv[1]), int((sys.argv[2:] or [VERSIONS])[0])
    if not file.exists():
        for took, size in fill(file, wanted):
            print(f"{took * 1000:.2f} ms, {size:,.0f} B", flush=True)
    for result in questions(file, wanted):
        print(result.to_row(), flush=True)

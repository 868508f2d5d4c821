"""What reading costs in an embedded store of 100,000 versions, against DataHub Lite's own way in the same file."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.report import Result
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import RegistryError
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import NucleusId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.table import DeltaPin, ParquetPin, TableFacts, TableField
from registry_dagster.registry.plan import Publication
from registry_dagster.registry.registry import Registry

VERSIONS = 100_000
OF_ONE_DATASET = 10
STATES = 100
TEAMS = 50
MODELS = 40
BATCH = 1000
ASKED = 60
_GOALS = {"get": 10, "versions": 20, "find": 50, "find by text": 100}
"""Milliseconds."""
_LIBRARIES = "import click, rich, sqlite3, pydantic"
_NOW = datetime.now(timezone.utc)


def run(versions: int = VERSIONS) -> Iterator[Result]:
    """Milliseconds at the 95th percentile of questions that differ, asked for the first time and again."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        publish(path, versions)
        with Registry.open(f"lite://{path}") as registry:
            yield from _questions(registry, path, versions)
        yield from _peers(path, versions)
        yield from _command_line(path)
        yield _memory(path)


def publish(path: Path, versions: int) -> None:
    """Fill a registry, batch by batch, version by version of all datasets."""
    datasets = versions // OF_ONE_DATASET
    with Registry.open(f"lite://{path}", publisher="bench") as registry:
        for start in range(0, versions, BATCH):
            batch = [_publication(number % datasets, number // datasets) for number in range(start, start + BATCH)]
            for outcome in registry.publish_many(batch):
                if isinstance(outcome, RegistryError):
                    raise outcome


def _publication(dataset: int, round_: int) -> Publication:
    state = (dataset + round_) % STATES
    upstream = MaterializationVersion(
        system="minnie65_public", version=str(1000 + state), source="cave", expires_on=_NOW + timedelta(days=state * 10)
    )
    columns: dict[str, Any] = {
        "pt_root_id": RootId(id_space="minnie65_public"),
        "nucleus_id": NucleusId(source_table=f"nucleus_detection_v{dataset % 30}"),
        "embedding": Embedding(dim=64, model=f"model_{dataset % MODELS}", anchor="nucleus"),
        **{f"feature_{dataset % 500}_{number}": Feature(unit="um", description="A shape.") for number in range(7)},
    }
    types = {"embedding": "fixed_size_list<float32>[64]", "pt_root_id": "int64", "nucleus_id": "int64"}
    pin = ParquetPin(fingerprint=f"sha256:{round_:064}") if dataset % 3 else DeltaPin(table_id="t", version=round_)
    return Publication(
        FeatureTable(
            dataset=Dataset(name=f"lab{dataset % 20}.table_{dataset}", owners=[f"team:t{dataset % TEAMS}"]),
            materializations=[upstream],
            columns=columns,
        ),
        TableFacts(
            location=f"s3://bench/table_{dataset}",
            pin=pin,
            fields=[TableField(path=path, type=types.get(path, "float32")) for path in columns],
            arrow_schema="AAAA" * 120,
        ),
        message=f"Measured in round {round_}",
    )


def asked(registry: Registry, versions: int) -> dict[str, Callable[[int], object]]:
    """What is asked, each with another name or value every time."""
    datasets = versions // OF_ONE_DATASET

    def name(number: int) -> str:
        dataset = number * 97 % datasets
        return f"lab{dataset % 20}.table_{dataset}"

    def finding(**question: Callable[[int], Any]) -> Callable[[int], object]:
        return lambda number: registry.find(**{field: value(number) for field, value in question.items()})

    return {
        "get": lambda number: registry.get(f"{name(number)}@v{number % OF_ONE_DATASET + 1}"),
        "versions": lambda number: registry.versions(name(number)),
        "find by dataset": finding(dataset=name),
        "find by materialization": finding(materialization=lambda n: f"minnie65_public@{1000 + n % STATES}"),
        "find by semantic": finding(semantic=lambda n: ("embedding", "feature", "root_id")[n % 3]),
        "find by annotation type": finding(annotation_type=lambda n: ("nucleus", "synapse")[n % 2]),
        "find by format": finding(format=lambda n: ("parquet", "delta", "lance")[n % 3]),
        "find by owner": finding(owner=lambda n: f"team:t{n % TEAMS}"),
        "find by embedding model": finding(embedding_model=lambda n: f"model_{n % MODELS}"),
        "find by column": finding(column=lambda n: f"feature_{n % 500}_3"),
        "find by expiry": finding(expiring_within=lambda n: n * 5),
        "find what is retired": finding(retired=lambda n: n % 2 == 0),
        "find by three facts": finding(
            owner=lambda n: f"team:t{n % TEAMS}", format=lambda n: "delta", column=lambda n: "embedding"
        ),
        "find by text": finding(text=lambda n: ("shape", f"table {n}", "measured round 3", f"lab{n % 20}")[n % 4]),
    }


def _questions(registry: Registry, path: Path, versions: int) -> Iterator[Result]:
    """With nothing of the file in the system's memory; what is in memory the second time is said beside it."""
    for what, ask in asked(registry, versions).items():
        cold = _p95(ask, forget=path)
        _p95(ask)  # brings the file back
        yield _allowed(what, cold, f"{cold:.1f} ms; {_p95(ask):.1f} ms where it is in memory", _GOALS)


def warm_questions(registry: Registry, versions: int, goals: Mapping[str, float]) -> Iterator[Result]:
    """With the file in memory, as far as it fits there."""
    for what, ask in asked(registry, versions).items():
        _p95(ask)
        warm = _p95(ask)
        yield _allowed(what, warm, f"{warm:.1f} ms", goals)


def _allowed(what: str, p95: float, ours: str, goals: Mapping[str, float]) -> Result:
    goal = goals.get(what, goals["find"])
    return Result(f"{what}, p95", ours, f"{goal:.0f} ms allowed", p95 / goal, "≤ 1")


def _p95(ask: Callable[[int], object], forget: Path | None = None) -> float:
    """Of questions that differ, in milliseconds. With a file to forget, each finds nothing of it in memory."""
    seconds: list[float] = []
    for number in range(ASKED):
        if forget:
            _forget(forget)
        start = time.perf_counter()
        ask(number)
        seconds.append(time.perf_counter() - start)
    return statistics.quantiles(seconds, n=20)[-1] * 1000


def _forget(path: Path) -> None:
    """Ask the system to drop a store's file from its cache."""
    for file in path.parent.glob(f"{path.name}*"):
        descriptor = os.open(file, os.O_RDONLY)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)


def _peers(path: Path, versions: int) -> Iterator[Result]:
    """DataHub Lite's `get` and `search`, as its own commands call them, without the time they take to start."""
    from datahub.lite.lite_local import SearchFlavor
    from datahub.lite.sqlite_lite import SqliteLite, SqliteLiteConfig

    # To read only: otherwise it writes its whole index again when it is closed.
    stock = SqliteLite(SqliteLiteConfig(file=str(path), read_only=True))
    dataset = versions // OF_ONE_DATASET // 2
    name = f"lab{dataset % 20}.table_{dataset}"
    with Registry.open(f"lite://{path}") as registry:
        ours = _median(lambda: registry.get(f"{name}@v1"))
        theirs = _median(lambda: stock.get(version_urn(f"{name}@v1", "PROD"), aspects=None))
        yield Result.seconds("get a version, against DataHub Lite's get", ours, theirs, goal="none set")
        ours = _median(lambda: registry.find(f"table {dataset}"))
        theirs = _median(lambda: list(stock.search(f"table_{dataset}", SearchFlavor.FREE_TEXT)))
        yield Result.seconds("find by text, against DataHub Lite's search", ours, theirs, goal="≤ 1")
    stock.close()


def _median(work: Callable[[], object]) -> float:
    work()
    seconds: list[float] = []
    for _ in range(5):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)


def _command_line(path: Path) -> Iterator[Result]:
    show = [str(Path(sys.executable).with_name("feature-registry")), "show", "lab1.table_1@v2"]
    environment = {**os.environ, "FEATURE_REGISTRY": f"lite://{path}"}
    ours, peer = (
        statistics.median(_seconds(words, environment) for _ in range(7))
        for words in (show, [sys.executable, "-c", _LIBRARIES])
    )
    yield Result(
        "feature-registry show, against its libraries and half a second",
        f"{ours:.3f} s",
        f"1.5 × {peer:.3f} s + 0.5 s",
        ours / (1.5 * peer + 0.5),
        "≤ 1",
    )


def _seconds(words: list[str], environment: dict[str, str]) -> float:
    start = time.perf_counter()
    subprocess.run(words, env=environment, check=True, capture_output=True)
    return time.perf_counter() - start


def _memory(path: Path) -> Result:
    """Of a fresh process: what streaming all versions adds to finding one."""
    one, all_ = (_peak(path, how_many) for how_many in (1, VERSIONS))
    return Result(
        "memory to stream every version, against finding one",
        f"{all_ / 1024:.0f} MB",
        f"{one / 1024:.0f} MB",
        all_ / one,
        "≤ 1.5",
    )


def _peak(path: Path, how_many: int) -> int:
    code = f"import benchmarks.reading as this; this.peak({str(path)!r}, {how_many})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return int(done.stdout)


def peak(path: str, how_many: int) -> None:
    """In a fresh process: go through what is found; print the peak of memory in kB."""
    with Registry.open(f"lite://{path}") as registry:
        deque(islice(registry.stream(), how_many), maxlen=0)
    # Not getrusage: a child's begins with what its parent had.
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:"))
    print(line.split()[1])

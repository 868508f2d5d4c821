"""One day of a large lab in one embedded file: 20 writers, each of which also reads and now and then retires.

The day is cut into tenths. What a call takes in the last tenth is compared with what it took in the second, when
everything was already loaded and the file was small; so is the memory of a writer. The writers are never idle, so a
call waits longer for a core than it works: growth is measured in CPU time, and what the clock says is printed beside
it. Afterwards the file is read: each version that was said to be published is there once, with the digest that
was said.
"""

from __future__ import annotations

import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Result
from benchmarks.tables import publication
from registry_dagster.model.names import parse_version
from registry_dagster.registry.registry import Registry

__all__ = ["Day", "run", "spend"]

COLUMNS = 30
TENTHS = 10
SHARED_EVERY = 10
"""One publish in so many goes to a dataset that all writers publish to at the same time."""
SHARED = 50
VERSIONS = 5
"""Of each dataset that only one writer publishes to."""
ASKED = (*["get"] * 8, *["current"] * 4, *["find by column"] * 4, *["find by text"] * 3, "versions")


@dataclass(frozen=True)
class Day:
    """How much is done. Each writer does its share.

    Args:
        publishes, reads, retirements: In all.
        writers: Processes at work at once.
    """

    publishes: int = 50_000
    reads: int = 500_000
    retirements: int = 200
    writers: int = 20


class Taken(NamedTuple):
    """Seconds, of CPU and by the clock."""

    cpu: float
    clock: float

    @classmethod
    def now(cls) -> Taken:
        """Since some moment in the past."""
        return cls(time.process_time(), time.perf_counter())


@dataclass
class Log:
    """What one writer did.

    Args:
        digests: Version → digest, as its receipt said.
        own: Those of datasets that nobody else publishes to.
        retired: The versions it retired.
        seconds: What was called → seconds of each call, of CPU and by the clock, tenth by tenth.
        memory: Bytes in use at the end of each tenth.
    """

    digests: dict[str, str] = field(default_factory=dict[str, str])
    own: list[str] = field(default_factory=list[str])
    retired: list[str] = field(default_factory=list[str])
    seconds: dict[str, list[list[Taken]]] = field(default_factory=dict[str, list[list[Taken]]])
    memory: list[int] = field(default_factory=list[int])

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        """Note what a call takes in the present tenth."""
        start = Taken.now()
        yield
        end = Taken.now()
        tenths = self.seconds.setdefault(what, [[] for _ in range(TENTHS)])
        tenths[len(self.memory)].append(Taken(end.cpu - start.cpu, end.clock - start.clock))


def run(day: Day = Day()) -> Iterator[Result]:
    """Whether calls take longer at the end of the day, and writers more memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        logs = spend(day, path)
        check(day, path, logs)
    for what in logs[0].seconds:
        early, late = (_p95([log.seconds[what][tenth] for log in logs]) for tenth in (1, TENTHS - 1))
        name = f"CPU of {what}, p95 in the last tenth of the day, against the second"
        yield Result(name, _ms(late), _ms(early), late.cpu / early.cpu, "≤ 1.5")
    early, late = (max(log.memory[tenth] for log in logs) for tenth in (1, TENTHS - 1))
    what = "memory of a writer at the end of the day, against the second tenth"
    yield Result(what, f"{late / 1e6:.0f} MB", f"{early / 1e6:.0f} MB", late / early, "≤ 1.2")


def spend(day: Day, path: Path) -> list[Log]:
    """Let all writers work, and give what each of them did."""
    with ProcessPoolExecutor(day.writers, multiprocessing.get_context("spawn")) as processes:
        return list(processes.map(_work, [(day, str(path), writer) for writer in range(day.writers)]))


def check(day: Day, path: Path, logs: Sequence[Log]) -> None:
    """Compare what writers were told with what the file holds.

    Raises:
        RuntimeError: a version was given twice, is missing, or is another; or not all of the day was done.
    """
    digests = {version: digest for log in logs for version, digest in log.digests.items()}
    retired = {version for log in logs for version in log.retired}
    with Registry.open(f"lite://{path}") as registry:
        stored = [found.version for found in registry.stream()]
        marked = {found.version for found in registry.stream(retired=True)}
        sample = random.Random(0).sample(sorted(digests), min(len(digests), 1000))
        others = [version for version in sample if registry.get(version).digest != digests[version]]
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for version in stored:
        name = parse_version(version)
        numbers[name.dataset].append(name.exact.number if name.exact else 0)
    wrong = {
        "publishes said": sum(len(log.digests) for log in logs) != day.publishes,
        "versions given twice": len(digests) != day.publishes,
        "versions stored": Counter(stored) != Counter(digests.keys()),
        "numbers with gaps": any(sorted(found) != list(range(1, len(found) + 1)) for found in numbers.values()),
        "retirements": marked != retired or len(retired) != day.retirements,
        "digests": bool(others),
    }
    if any(wrong.values()):
        raise RuntimeError(f"the file does not hold what was said: {[what for what, is_so in wrong.items() if is_so]}")


def _work(share: tuple[Day, str, int]) -> Log:
    """The day of one writer."""
    day, path, writer = share
    log, chance = Log(), random.Random(writer)
    publishes, retirements = (_share(all_, day.writers, writer) for all_ in (day.publishes, day.retirements))
    reads = day.reads // day.publishes
    with Registry.open(f"lite://{path}", publisher="bench") as registry:
        for number in range(publishes):
            shared = number % SHARED_EVERY == SHARED_EVERY - 1
            dataset = _shared(number) if shared else _own(writer, number)
            batch = publication(dataset, number * day.writers + writer, COLUMNS)
            with log.timed("publish"):
                receipt = registry.publish(batch.feature_table, batch.table, message="Measured")
            log.digests[receipt.version] = receipt.digest
            if not shared:
                log.own.append(receipt.version)
            for turn in range(number * reads, (number + 1) * reads):
                _read(registry, log, chance, turn)
            if (number + 1) * retirements // publishes > len(log.retired):
                with log.timed("retire"):
                    registry.retire(receipt.version, reason="Measured wrongly")
                log.retired.append(receipt.version)
            if (number + 1) * TENTHS // publishes > len(log.memory):
                log.memory.append(_resident())
    return log


def _share(all_: int, writers: int, writer: int) -> int:
    return all_ * (writer + 1) // writers - all_ * writer // writers


def _shared(number: int) -> str:
    return f"shared.table_{number // SHARED_EVERY % SHARED}"


def _own(writer: int, number: int) -> str:
    """One after the other, so that as much is to be said of one at the end of the day as in the morning."""
    return f"lab{writer}.t{number // VERSIONS:06}"


def _read(registry: Registry, log: Log, chance: random.Random, turn: int) -> None:
    """One of the questions, of a version that is there."""
    version = chance.choice(log.own)
    dataset = version.partition("@")[0]
    questions: dict[str, Callable[[], object]] = {
        "get": lambda: registry.get(version),
        "current": lambda: registry.current(dataset),
        "find by column": lambda: registry.find(column="feature_3", limit=20),
        "find by text": lambda: registry.find(dataset.partition(".")[2], limit=20),
        "versions": lambda: registry.versions(dataset),
    }
    what = ASKED[turn % len(ASKED)]
    with log.timed(what):
        questions[what]()


def _p95(parts: Sequence[Sequence[Taken]]) -> Taken:
    all_ = [taken for part in parts for taken in part]
    return Taken(*(statistics.quantiles(seconds, n=20)[-1] for seconds in zip(*all_, strict=True)))


def _ms(taken: Taken) -> str:
    return f"{taken.cpu * 1000:.1f} ms; {taken.clock * 1000:.0f} ms by the clock"


def _resident() -> int:
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024

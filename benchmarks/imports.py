"""What importing costs, and what a command takes to start. Names are loaded when first used."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from benchmarks.report import Result
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples

_EVERYTHING = "import registry_dagster as rd; [getattr(rd, name) for name in dir(rd)]"
_COMMAND_LINE = "import registry_dagster.cli.app"
_ITS_LIBRARIES = "import click, rich, sqlite3, pydantic"
_COMMAND = "from registry_dagster.cli import main; main()"
_NOTHING = "pass"
_TYPER = """
import typer
app = typer.Typer()
@app.callback(invoke_without_command=True)
def options(version: bool = False) -> None:
    print(version)
app()
"""
_RUNS = 7


class Cost(NamedTuple):
    """Medians of fresh processes, in seconds."""

    wall: float
    cpu: float


def run() -> Iterator[Result]:
    """The package against `import dagster`; the command line against its libraries, and above an empty program."""
    with tempfile.TemporaryDirectory() as folder:
        ours, dagster, everything = _costs(
            folder, ["import dagster, registry_dagster"], ["import dagster"], [_EVERYTHING]
        )
        yield Result.seconds(
            "import dagster and registry_dagster, against import dagster", ours.wall, dagster.wall, goal="≤ 1.15"
        )
        yield Result.seconds("the same, every public name used", everything.wall, dagster.wall, goal="none set")
        ours, libraries = _costs(folder, [_COMMAND_LINE], [_ITS_LIBRARIES])
        yield Result.seconds(
            "import registry_dagster.cli, against its libraries",
            ours.wall,
            libraries.wall,
            goal="≤ 1.5, plus 0.5 s",
        )
        yield from _starts(Path(folder))


def _starts(folder: Path) -> Iterator[Result]:
    target = f"lite://{folder / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_examples(registry)
    version, read, typer, nothing = _costs(
        str(folder),
        [_COMMAND, "--version"],
        [_COMMAND, "show", "minnie65.nuclei", "--registry", target],
        [_TYPER, "--version"],
        [_NOTHING],
    )
    for what, cost, goal in (
        ("feature-registry --version", version, "≤ 0.2"),
        ("feature-registry show, from an embedded file", read, "≤ 0.35"),
        ("a typer program with one option", typer, "none set"),
    ):
        yield _above(f"seconds of {what}, above python -c pass", cost.wall, nothing.wall, goal)
        yield _above("the same, of CPU", cost.cpu, nothing.cpu, goal)


def _above(what: str, ours: float, peer: float, goal: str) -> Result:
    return Result(what, f"{ours:.4f} s", f"{peer:.4f} s", ours - peer, goal)


def _costs(folder: str, *programs: Sequence[str]) -> list[Cost]:
    """What programs with their words cost, each in fresh processes, in turn; its modules compiled, as installed."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = folder
    taken = [[_cost(program, environment) for program in programs] for _ in range(_RUNS + 1)][1:]
    return [Cost(*map(statistics.median, zip(*runs, strict=True))) for runs in zip(*taken, strict=True)]


def _cost(program: Sequence[str], environment: dict[str, str]) -> Cost:
    cpu, wall = _cpu_of_children(), time.perf_counter()
    subprocess.run([sys.executable, "-c", *program], check=True, env=environment, stdout=subprocess.DEVNULL)
    return Cost(time.perf_counter() - wall, _cpu_of_children() - cpu)


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime

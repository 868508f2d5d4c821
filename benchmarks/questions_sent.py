"""How many requests a question sends to a DataHub server, by exact names and by bare ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.report import Result
from benchmarks.tables import publication
from registry_dagster.registry.plan import Receipt
from registry_dagster.registry.registry import Registry
from tests.gms.server import StandInGms

VERSIONS = (1, 200, 1000)
COLUMNS = 2
PAGE = 200
"""How many versions one batched read may take."""

A, B = "bench.cells", "bench.sizes"

Ask = Callable[[Registry, str, str], object]


@dataclass(frozen=True)
class Question:
    """A question about two datasets.

    Args:
        ask: Asks a registry it, of these two names.
        exact: The requests that it took by exact names of datasets of 1, 200 and 1,000 versions before each answer
            read all it needs once. None where it takes no exact names.
        constant: The requests that it may take by bare names, besides one for each 200 versions of each dataset. One
            more than for a single version: two numbers beyond the last are looked at, too.
        datasets: How many datasets it is about.
    """

    ask: Ask
    exact: Sequence[int] | None
    constant: int
    datasets: int = 2


QUESTIONS: Mapping[str, Question] = {
    "get": Question(lambda registry, a, b: registry.get(a), (2, 2, 2), 6, 1),
    "versions": Question(lambda registry, a, b: registry.versions(a), None, 5, 1),
    "join": Question(lambda registry, a, b: registry.join(a, b), (5, 5, 5), 10),
    "compatible": Question(lambda registry, a, b: registry.compatibility(a, b), (13, 13, 21), 10),
    "comparable": Question(lambda registry, a, b: registry.comparable(a, b), (3, 3, 3), 10),
    "diff": Question(lambda registry, a, b: registry.diff(a, b), (3, 3, 3), 10),
    "column": Question(lambda registry, a, b: registry.column(a, "feature_0"), (2, 2, 2), 6, 1),
    "code": Question(lambda registry, a, b: registry.read_code(a, "polars"), (3, 3, 3), 6, 1),
    "lock": Question(lambda registry, a, b: registry.lock(a, b), (19, 19, 27), 10),
    "cite": Question(lambda registry, a, b: registry.cite(a), (8, 8, 12), 6, 1),
    "newest": Question(lambda registry, a, b: registry.newest(a, compatible_with="minnie65_public@1300"), None, 13, 1),
    "find by dataset": Question(lambda registry, a, b: registry.find(dataset=a), None, 6, 1),
    "find by meaning": Question(lambda registry, a, b: registry.find(semantic="feature"), None, 5, 0),
    "find by text": Question(lambda registry, a, b: registry.find("cells"), None, 7, 0),
}


def run() -> Iterator[Result]:
    """Each question in a process that knows nothing yet. A server is asked for its release first."""
    exact: dict[str, list[int]] = {name: [] for name in QUESTIONS}
    bare: dict[str, list[int]] = {name: [] for name in QUESTIONS}
    for versions in VERSIONS:
        with StandInGms() as gms:
            _publish(gms, versions)
            for name, question in QUESTIONS.items():
                bare[name].append(_sent(gms, question.ask, A, B))
                if question.exact:
                    exact[name].append(_sent(gms, question.ask, f"{A}@v{versions}", f"{B}@v{versions}"))
    sizes = f"{', '.join(map(str, VERSIONS[:-1]))} and {VERSIONS[-1]:,} versions"
    for name, question in QUESTIONS.items():
        if question.exact:
            yield _row(f"{name}, exact names, datasets of {sizes}", exact[name], question.exact, "before")
    for name, question in QUESTIONS.items():
        allowed = [question.constant + question.datasets * math.ceil(versions / PAGE) for versions in VERSIONS]
        yield _row(f"{name}, bare names, datasets of {sizes}", bare[name], allowed, "allowed")


def _row(what: str, ours: Sequence[int], peer: Sequence[int], which: str) -> Result:
    ratio = max(one / other for one, other in zip(ours, peer, strict=True))
    return Result(what, ", ".join(map(str, ours)), f"{', '.join(map(str, peer))} {which}", ratio, "≤ 1")


def _publish(gms: StandInGms, versions: int) -> None:
    with Registry.open(gms.url) as registry:
        for dataset in (A, B):
            outcomes = registry.publish_many([publication(dataset, state, COLUMNS) for state in range(versions)])
            if not all(isinstance(outcome, Receipt) and outcome.created for outcome in outcomes):
                raise RuntimeError("not every version was published")


def _sent(gms: StandInGms, ask: Ask, a: str, b: str) -> int:
    gms.reset_requests()
    with Registry.open(gms.url) as registry:
        ask(registry, a, b)
    return len(gms.requests)

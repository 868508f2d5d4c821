"""What one answer asks a server: nothing twice, so all of it is of one moment; versions by the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry import questions, version_index
from registry_dagster.registry.plan import Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.gms import search
from tests.gms.server import StandInGms
from tests.registry.declared import HEMIBRAIN, declared, facts

NEURONS, SIZES = "hemibrain.neurons", "hemibrain.sizes"
OTHER = MaterializationVersion(system="flywire", version="783", source="cave")
PAGE = 3
LAST = 4 * PAGE
MORE_PAGES = math.ceil((LAST - 1) / PAGE)

Question = Callable[[Registry, str, str], object]

QUESTIONS: dict[str, tuple[Question, int, int]] = {
    "get": (lambda registry, a, b: registry.get(a), 2, 0),
    "join": (lambda registry, a, b: registry.join(a, b), 4, 0),
    "compatible": (lambda registry, a, b: registry.compatibility(a, b), 4, 0),
    "diff": (lambda registry, a, b: registry.diff(a, b), 3, 0),
    "comparable": (lambda registry, a, b: registry.comparable(a, b), 3, 0),
    "lock": (lambda registry, a, b: registry.lock(a, b), 12, 2),
    "cite": (lambda registry, a, b: registry.cite(a), 7, 1),
}
"""A question about two tables, how many requests it takes with exact names, and of how many datasets it then reads all
versions: whether a version is retired or promoted is said by the Dataset."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (version_index, questions):
        monkeypatch.setattr(module, "PAGE", PAGE)


def published(gms: StandInGms, versions: int) -> None:
    """Versions of two datasets; of several of the neurons the first is of another system."""
    with Registry.open(gms.url, publisher="ada@lab.org") as registry:
        for name in (NEURONS, SIZES):
            states = (
                [HEMIBRAIN] * versions if name == SIZES or versions == 1 else [OTHER, *[HEMIBRAIN] * (versions - 1)]
            )
            batch = [
                Publication(declared(name, materializations=[state]), facts(number, location=name), message="measured")
                for number, state in enumerate(states)
            ]
            assert all(isinstance(each, Receipt) for each in registry.publish_many(batch))


def asked(gms: StandInGms, question: Callable[..., object], *names: str) -> int:
    """How many requests a question takes in a process that knows nothing yet."""
    gms.reset_requests()
    with Registry.open(gms.url) as registry:
        question(registry, *names)
    return len(gms.requests)


@pytest.fixture(scope="module")
def one_version() -> Iterator[StandInGms]:
    with StandInGms() as gms:
        published(gms, 1)
        yield gms


@pytest.fixture(scope="module")
def many_versions() -> Iterator[StandInGms]:
    with StandInGms() as gms:
        published(gms, LAST)
        yield gms


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_takes_as_few_requests_as_there_are_things_to_read(
    one_version: StandInGms, many_versions: StandInGms, name: str
) -> None:
    question, allowed, whole_datasets = QUESTIONS[name]
    assert asked(one_version, question, f"{NEURONS}@v1", f"{SIZES}@v1") <= allowed
    exact = asked(many_versions, question, f"{NEURONS}@v{LAST}", f"{SIZES}@v{LAST}")
    assert exact <= allowed + whole_datasets * MORE_PAGES

    datasets = 1 if name in ("get", "cite") else 2
    few, many = (asked(gms, question, NEURONS, SIZES) for gms in (one_version, many_versions))
    assert many - few <= datasets * MORE_PAGES


def test_the_newest_that_goes_with_something_is_looked_for_by_the_page(many_versions: StandInGms) -> None:
    def newest(registry: Registry, dataset: str, state: str) -> object:
        return registry.newest(dataset, compatible_with=state)

    last, first = (asked(many_versions, newest, NEURONS, state) for state in ("hemibrain@v1.2.1", "flywire@783"))
    with Registry.open(many_versions.url) as registry:
        assert registry.newest(NEURONS, compatible_with="flywire@783").version == f"{NEURONS}@v1"
    assert first - last <= MORE_PAGES + 2


def test_finding_everything_takes_a_search_and_a_read_for_each_page(
    one_version: StandInGms, many_versions: StandInGms, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "_PAGE", PAGE)

    def find(registry: Registry) -> object:
        return registry.find(limit=None)

    few, many = (asked(gms, find) for gms in (one_version, many_versions))
    pages = math.ceil(2 * LAST / PAGE)
    assert many - few <= 2 * pages

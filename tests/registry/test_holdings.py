"""A whole registry, read at once, is what its single answers say."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.errors import NotPublished
from registry_dagster.model.reference import Reference
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.dependence import depends_on, ways
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.records import record

NUCLEI = "minnie65.nuclei"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path_factory.mktemp('held')}/r.db", publisher="ada@lab.org") as registry:
        publish_examples(registry)
        registry.retire(f"{NUCLEI}@v1", reason="wrong units", replacement=f"{NUCLEI}@v2")
        registry.acts.license(NUCLEI, "CC-BY-4.0", reason="as in the paper")
        yield registry


def test_every_dataset_is_read_with_all_that_single_questions_answer(registry: Registry) -> None:
    held = {each.dataset.name: each for each in registry.holdings.read()}
    assert held.keys() == {each.name for each in registry.datasets()}
    for name, holding in held.items():
        assert holding.dataset == registry.dataset(name)
        assert holding.now == registry.acts.now(name)
        assert holding.records == registry.versions(name)
        assert holding.acts == registry.acts.history(name)
    assert [each.flaw for each in held[NUCLEI].candidates][1:] == [None]


def test_questions_about_what_was_read_are_answered_as_the_registry_does(registry: Registry) -> None:
    read = list(registry.holdings.read())
    names = [holding.dataset.name for holding in read]
    exact = [record.name for holding in read for record in holding.records]
    questions = registry.holdings.questions(read)
    for a in (*names, *exact):
        for b in names:
            assert str(questions.join(a, b, (), None, None)) == str(registry.join(a, b))
    with pytest.raises(NotPublished, match="minnie65.none: no version is published"):
        questions.join("minnie65.none", NUCLEI, (), None, None)


def test_a_dependent_says_how_also_where_its_reference_is_pinned() -> None:
    pinned = record(
        "lab.synapses@v1",
        "m@1",
        types={"cell": "int64"},
        references=(
            Reference(
                columns=("cell",),
                annotation_type="nucleus",
                to="lab.cells",
                to_version=2,
                cardinality="n:1",
                stability="version_pinned",
            ),
        ),
        reference_versions={"lab.cells@v2": "lab.cells@v2"},
    )
    for name in ("lab.cells", "lab.cells@v2"):
        assert list(ways(pinned, {name})) == ["cell joins to lab.cells@v2"]
    assert depends_on(pinned) == {"m@1", "lab.cells", "lab.cells@v2"}

"""What becomes of versions, datasets and version sets that others delete: docs/administrators.md says it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.urns import PLATFORM, container_urn, version_set_urn
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.plan import Receipt
from tests.registry.declared import declared, facts, reference
from tests.registry.others import Place, place_of

NAME = "lab.cells"


@pytest.fixture(params=["lite", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """With two versions published and the first retired."""
    with place_of(request.param, tmp_path) as place:
        for content in (1, 2):
            publish(place, content)
        with place.open() as registry:
            registry.retire(f"{NAME}@v1", reason="wrong")
        yield place


def publish(place: Place, content: int) -> Receipt:
    with place.open() as registry:
        return registry.publish(declared(NAME, title="Cells"), facts(content), message="why")


def delete(place: Place, urn: str) -> None:
    assert place.delete is not None
    place.delete(urn)


def test_a_soft_deleted_version_is_removed_everywhere_and_comes_back_restored(place: Place) -> None:
    place.remove(f"{NAME}@v2")
    with place.open() as registry:
        assert registry.current(NAME).version == f"{NAME}@v1"
        again = registry.publish(declared(NAME), facts(2), message="again")
        assert not again.created
        assert any("was removed in DataHub; restore it there to use it again" in note for note in again.notes)
    place.remove(f"{NAME}@v2", removed=False)
    with place.open() as registry:
        assert registry.current(NAME).version == f"{NAME}@v2"


def test_a_soft_deleted_version_is_found_and_said_to_be_removed(place: Place) -> None:
    place.remove(f"{NAME}@v2")
    with place.open() as registry:
        registry.publish(declared("lab.joined", references=(reference(NAME),)), facts(), message="why")
        for rows in (list(registry.find(text="cells")), list(registry.find(dataset=NAME))):
            assert [(row.version, row.removed) for row in rows] == [(f"{NAME}@v2", True), (f"{NAME}@v1", False)]
        assert str(rows[0]).endswith("removed in DataHub")
        place.remove("lab.joined@v1")
        (dependent,) = registry.dependents(NAME)
        assert (dependent.version, dependent.removed) == ("lab.joined@v1", True)


def test_a_soft_deleted_page_is_found_as_in_an_embedded_file(place: Place) -> None:
    place.remove_entity(container_urn(NAME, "PROD"))
    with place.open() as registry:
        assert [row.name for row in registry.datasets("cells")] == [NAME]
        assert len(list(registry.find(text="cells"))) == 2


def test_a_hard_deleted_version_is_a_gap_and_its_content_gets_a_new_number(place: Place) -> None:
    place.delete_version(f"{NAME}@v2")
    receipt = publish(place, 2)
    assert (receipt.version, receipt.created) == (f"{NAME}@v3", True)


def test_without_its_version_set_versions_are_found_and_numbered_as_before(place: Place) -> None:
    delete(place, version_set_urn(PLATFORM, NAME, "PROD"))
    with place.open() as registry:
        assert [record.number for record in registry.versions(NAME)] == [1, 2]
    assert publish(place, 3).version == f"{NAME}@v3"


def test_without_the_datasets_page_versions_are_found_and_the_next_publish_makes_a_new_one(place: Place) -> None:
    delete(place, container_urn(NAME, "PROD"))
    with place.open() as registry:
        assert [record.number for record in registry.versions(NAME)] == [1, 2]
        assert registry.acts.now(NAME).versions[0].retired is not None, "DataHub's own deprecation stays"
    assert publish(place, 3).version == f"{NAME}@v3"
    with place.open() as registry:
        assert registry.dataset(NAME) == Dataset(name=NAME, title="Cells")
        assert registry.acts.history(NAME) == ()


def test_without_the_page_and_the_last_version_nobody_knows_that_its_number_was_given(place: Place) -> None:
    delete(place, container_urn(NAME, "PROD"))
    delete(place, version_set_urn(PLATFORM, NAME, "PROD"))
    place.delete_version(f"{NAME}@v2")
    assert publish(place, 3).version == f"{NAME}@v2"

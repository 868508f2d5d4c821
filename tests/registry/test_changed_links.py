"""What is under a linked name is not what was linked: verify and join say so, on every store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.version import version_proposals
from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from tests.registry.declared import declared, facts, reference
from tests.registry.others import Place, place_of

CELLS, RANKS = "lab.cells", "lab.ranks"


@pytest.fixture(params=["lite", "file", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


def replaced(place: Place, registry: Registry) -> None:
    """Write other content under the name of the cells, as a restored backup of another registry does."""
    other = registry.get(f"{CELLS}@v1").model_copy(update={"table": facts(7)})
    store = open_store(place.target, None)
    kept = ("datasetProperties", "schemaMetadata")
    own = version_proposals(other, Dataset(name=CELLS), "PROD")
    store.upsert([Proposal(each.urn, each.aspect, each.value) for each in own if each.aspect in kept])
    store.close()


def test_other_content_under_a_linked_name_was_taken_for_what_was_linked(place: Place) -> None:
    with place.open() as registry:
        registry.publish(declared(CELLS), facts(), message="why")
        ranks = declared(RANKS, references=[reference(CELLS, expected_match_rate=0.99)])
        linked = registry.publish(ranks, facts(1), message="why").record
        assert registry.verify(f"{RANKS}@v1", record=True).state == "intact"
        replaced(place, registry)
    with place.open() as registry:
        assert registry.get(f"{CELLS}@v1").table == facts(7)
        found = registry.verify(f"{RANKS}@v1", record=True)
        assert (found.record, found.state, found.damaged) == ((), "changed", True)
        before = linked.linked_content[f"{CELLS}@v1"]
        assert f"it was linked to {CELLS}@v1 with content {before}, and under that name is now" in str(found)
        assert found.to_dict()["links"] == list(found.links)
        answer = registry.join(RANKS, CELLS)
        assert [loss for join in answer.joins for loss in join.losses] == []
        assert "was declared for lab.cells@v1 with content" in answer.joins[0].reason
        assert any("is not what lab.ranks@v1 was linked to" in note for note in answer.notes)


def test_what_is_gone_is_not_other_content(place: Place) -> None:
    with place.open() as registry:
        registry.publish(declared(CELLS), facts(), message="why")
        registry.publish(declared(RANKS, references=[reference(CELLS)]), facts(1), message="why")
        if place.delete is not None:
            place.delete_version(f"{CELLS}@v1")
        assert registry.verify(f"{RANKS}@v1", record=True).links == ()

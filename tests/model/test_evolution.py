"""What may change between publishes, and what is never lost or contradicted."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given

from registry_dagster.errors import MaterializationConflict
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.materialization import MaterializationVersion
from tests.strategies import datasets, materializations

MOMENT = datetime(2025, 1, 13, 9, 30, tzinfo=timezone.utc)
LATER = datetime(2026, 1, 13, 9, 30, tzinfo=timezone.utc)


def minnie(**facts: Any) -> MaterializationVersion:
    return MaterializationVersion(system="minnie65_public", version="1300", **facts)


KNOWN = minnie(source="cave", timestamp=MOMENT, uuid="abc", status="available", aliases=["minnie65_phase3_v1@1300"])


def test_a_pipeline_that_declares_little_erases_nothing() -> None:
    assert minnie().added_to(KNOWN) == KNOWN


def test_what_is_newly_known_is_added() -> None:
    recorded = minnie(source="cave")
    assert minnie(source="cave", timestamp=MOMENT, uuid="abc").added_to(recorded) == minnie(
        source="cave", timestamp=MOMENT, uuid="abc"
    )


def test_lifecycle_follows_the_newer_word() -> None:
    newer = minnie(status="expiring", expires_on=LATER).added_to(KNOWN)
    assert (newer.status, newer.expires_on, newer.timestamp) == ("expiring", LATER, MOMENT)


def test_aliases_are_gathered_once_each() -> None:
    merged = minnie(aliases=["flat@1300", "minnie65_phase3_v1@1300"]).added_to(KNOWN)
    assert merged.aliases == ("minnie65_phase3_v1@1300", "flat@1300")


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"timestamp": LATER}, "timestamp is recorded as 2025-01-13T09:30:00+00:00, declared as 2026-01-13"),
        ({"uuid": "def"}, "uuid is recorded as 'abc', declared as 'def'"),
        ({"source": "neuprint"}, "source is recorded as 'cave', declared as 'neuprint'"),
        ({"kind": "skeletons"}, "kind is recorded as 'segmentation_and_annotations', declared as 'skeletons'"),
    ],
)
def test_a_fact_recorded_otherwise_is_a_conflict_that_names_both(facts: dict[str, Any], said: str) -> None:
    with pytest.raises(MaterializationConflict) as conflict:
        minnie(**facts).added_to(KNOWN)
    assert str(conflict.value).startswith(f"minnie65_public@1300: {said}")
    assert "correct the declaration, or name another version" in str(conflict.value)


@given(materializations)
def test_declaring_the_same_state_again_changes_nothing(version: MaterializationVersion) -> None:
    again = version.added_to(version)
    assert again.to_json() == version.to_json()


@given(datasets)
def test_declaring_the_same_dataset_again_changes_nothing(dataset: Dataset) -> None:
    assert dataset.added_to(dataset) == dataset


def test_what_a_declaration_leaves_out_stays() -> None:
    recorded = Dataset(name="a", title="A", owners=["team:olfaction"], tags=["fly"])
    assert Dataset(name="a", title="B").added_to(recorded) == recorded.model_copy(update={"title": "B"})


def test_what_a_declaration_sets_to_nothing_goes() -> None:
    recorded = Dataset(name="a", title="A", owners=["team:olfaction"])
    assert Dataset(name="a", title=None, owners=()).added_to(recorded) == Dataset(name="a")

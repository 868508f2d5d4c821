"""What a reference was declared for: a figure of one pair of versions is never shown for another."""

from __future__ import annotations

from typing import Any

import pytest

from registry_dagster.answers.joins import Joins, joins
from registry_dagster.answers.linked import as_linked, changed_links
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.reference import Reference
from tests.registry.records import record

EARLY, LATE = "flywire_fafb_public@630", "flywire_fafb_public@783"
ROOT = RootId(id_space="flywire")


def table(name: str, version: str, **parts: Any) -> DatasetVersion:
    return record(name, version, columns={"root_id": ROOT}, **parts)


def pointing(rate: float = 0.99, **parts: Any) -> Reference:
    keys: dict[str, Any] = {"columns": ["root_id"], "to": "fly.cells", "to_columns": ["root_id"]}
    keys |= {"annotation_type": "segment", "cardinality": "1:1", "stability": "version_pinned"}
    return Reference(**(keys | parts), expected_match_rate=rate)


def losses(found: Joins) -> list[float]:
    return [loss.fraction for join in found.joins for loss in join.losses]


def test_a_match_rate_declared_for_one_version_was_shown_as_the_loss_of_another() -> None:
    ranks = table("fly.ranks", EARLY, references=[pointing()], reference_versions={"fly.cells": "fly.cells@v1"})
    assert losses(joins(ranks, table("fly.cells@v1", EARLY))) == [0.01]
    found = joins(ranks, table("fly.cells@v2", LATE))
    assert losses(found) == []
    assert "99.0% was declared for fly.cells@v1, not for this pair" in found.joins[0].reason
    assert losses(joins(table("fly.cells@v2", LATE), ranks)) == []


def test_another_layout_of_the_state_is_another_pair() -> None:
    ranks = table("fly.ranks", EARLY, references=[pointing()], reference_versions={"fly.cells": "fly.cells@v1"})
    assert losses(joins(ranks, table("fly.cells@v2", EARLY))) == []


@pytest.mark.parametrize(
    ("address", "version", "state", "shown"),
    [
        ({}, "fly.cells@v1", EARLY, [0.01]),
        ({}, "fly.cells@v1", LATE, []),
        ({"to_version": 2}, "fly.cells@v2", LATE, [0.01]),
        ({"to_version": 2}, "fly.cells@v1", LATE, []),
        ({"at": LATE}, "fly.cells@v1", LATE, [0.01]),
        ({"at": LATE}, "fly.cells@v1", EARLY, []),
    ],
)
def test_without_a_link_a_rate_holds_for_what_the_declaration_addresses(
    address: dict[str, Any], version: str, state: str, shown: list[float]
) -> None:
    found = joins(table("fly.ranks", EARLY, references=[pointing(**address)]), table(version, state))
    assert losses(found) == shown
    assert ("not for this pair" in found.joins[0].reason) == (not shown)


def test_of_two_rates_the_one_of_this_pair_is_shown() -> None:
    references = [pointing(0.99, at=EARLY), pointing(0.83, at=LATE)]
    linked = {references[0].link: "fly.cells@v1", references[1].link: "fly.cells@v2"}
    ranks = table("fly.ranks", EARLY, references=references, reference_versions=linked)
    for version, state, lost in (("fly.cells@v1", EARLY, [0.01]), ("fly.cells@v2", LATE, [0.17])):
        found = joins(ranks, table(version, state))
        assert losses(found) == lost
        assert "not for this pair" not in found.joins[0].reason


def test_what_is_under_a_name_but_is_not_what_was_linked_is_said() -> None:
    cells = table("fly.cells@v1", EARLY)
    linked = table("fly.ranks", EARLY, linked_content={"fly.cells@v1": cells.content_digest})
    assert changed_links(linked, cells) == ()
    (said,) = changed_links(table("fly.cells@v1", LATE), linked)
    assert said.startswith("fly.cells@v1 is not what fly.ranks@v1 was linked to")


def test_a_match_rate_was_shown_for_other_content_under_the_linked_name() -> None:
    linked = {"fly.cells": "fly.cells@v1"}
    ranks = table(
        "fly.ranks",
        EARLY,
        references=[pointing()],
        reference_versions=linked,
        linked_content={"fly.cells@v1": "sha256:other"},
    )
    cells = table("fly.cells@v1", EARLY)
    found = joins(as_linked(ranks, [cells]), cells)
    assert losses(found) == []
    assert "99.0% was declared for fly.cells@v1 with content sha256:other, not for this pair" in found.joins[0].reason
    same = ranks.model_copy(update={"linked_content": {"fly.cells@v1": cells.content_digest}})
    assert as_linked(same, [cells]) is same

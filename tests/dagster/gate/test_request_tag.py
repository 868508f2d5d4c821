"""The gate's own tag: nobody sees it, it holds all that a lost cursor needs, and earlier releases' tags are read."""

import pytest

from registry_dagster.dagster.gate.cursor import Cursor
from registry_dagster.dagster.gate.request_tag import RequestTag
from registry_dagster.dagster.gate.requests import PublishRequest
from registry_dagster.dagster.publish.config import Target


def test_dagster_shows_none_of_its_tags() -> None:
    request = PublishRequest.first("publish_gate", [Target(asset="cells", run_id="r1")]).to_run_request()
    assert all(name.startswith(".dagster/") for name in request.tags)
    assert len(request.tags) == 1


def test_a_tag_says_what_the_request_was() -> None:
    tag = PublishRequest.first("publish_gate", [Target(asset="cells", run_id="r1")], ["k1", "k2"]).tag
    assert RequestTag.of_run({".dagster/feature_registry_request": tag.to_text()}) == tag
    assert (tag.gate, tag.attempt, tag.approvals) == ("publish_gate", 1, ("k1", "k2"))
    assert tag.next.run_key == f"{tag.id}:2"


def test_the_tag_of_most_entries_fits_the_index_of_postgresql() -> None:
    keys = [f"{number:016x}" for number in range(100)]
    tag = RequestTag("g" * 100, "1" * 16, 10**9, tuple(keys))
    assert (
        len(tag.to_text()) + len(".dagster/feature_registry_request") + len("f5c2e0a4-0000-0000-0000-000000000000")
        < 2600
    )


def test_the_tags_of_earlier_releases_are_read() -> None:
    tags = {"registry/gate": "publish_gate", "registry/ask": "1f", "registry/attempt": "3", "registry/approvals": "a b"}
    assert RequestTag.of_run(tags) == RequestTag("publish_gate", "1f", 3, ("a", "b"))
    assert RequestTag.of_run({**tags, "registry/attempt": "abc"}) == RequestTag("publish_gate", "1f", 1, ("a", "b"))
    assert RequestTag.of_run({"registry/publish": "Why"}) is None


@pytest.mark.parametrize("text", ["", "x", "3", "[]", '["g", "i", "one", ""]', '["g", "i", 1, null]', '{"a": 1}'])
def test_a_tag_that_somebody_else_wrote_is_none(text: str) -> None:
    assert RequestTag.of_run({".dagster/feature_registry_request": text}) is None


def test_the_cursor_of_an_earlier_release_reads_requests_back_from_their_runs() -> None:
    old = '{"format": 1, "seen": {"cells": 7}, "approved": ["k"], "asked": ["1f"], "catching_up": false}'
    cursor = Cursor.from_text(old)
    assert cursor == Cursor(seen={"cells": 7}, approved={"k"}, catching_up=True)
    assert Cursor.from_text(cursor.to_text()) == cursor


@pytest.mark.parametrize("text", ["", "not json", '{"format": 0}', '{"format": 1, "seen": 3}', "[]"])
def test_a_cursor_that_somebody_else_wrote_is_none(text: str) -> None:
    assert Cursor.from_text(text) is None

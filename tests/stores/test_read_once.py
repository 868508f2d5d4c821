"""What one answer sees of a store: each aspect is asked for once, and gives what the store gave."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

import pytest

from registry_dagster.datahub.proposal import Entity, Proposal
from registry_dagster.stores.lite.store import LiteStore
from registry_dagster.stores.read_once import ReadOnce

ONE, OTHER, ABSENT = (f"urn:li:tag:{name}" for name in ("one", "other", "absent"))


class Asked(LiteStore):
    """An embedded store that notes what is read of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[tuple[list[str], list[str]]] = []
        self.hidden: set[str] = set()

    def read(self, urns: Collection[str], aspects: Collection[str] = ()) -> dict[str, Entity]:
        self.asked.append((list(urns), list(aspects)))
        return {**super().read(urns, aspects), **{urn: {} for urn in self.hidden.intersection(urns)}}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Asked]:
    store = Asked(tmp_path / "registry.db")
    for urn in (ONE, OTHER):
        store.upsert([Proposal(urn, "tagProperties", {"name": urn}), Proposal(urn, "status", {"removed": False})])
    yield store
    store.close()


def test_what_was_read_is_not_asked_for_again(store: Asked) -> None:
    once = ReadOnce(store)
    for urns, aspects in (
        ([ONE, ABSENT], ["tagProperties", "status"]),
        ([ABSENT, ONE], ["status"]),
        ([OTHER, ONE], ["status"]),
        ([ONE], ["tagProperties", "ownership"]),
        ([ONE], ()),
        ([ONE], ["ownership", "tagProperties"]),
    ):
        assert once.read(urns, aspects) == store.read(urns, aspects)
        del store.asked[-1]

    assert store.asked == [
        ([ONE, ABSENT], ["tagProperties", "status"]),
        ([OTHER], ["status"]),
        ([ONE], ["tagProperties", "ownership"]),
        ([ONE], []),
    ]


def test_what_this_token_may_not_view_is_left_to_the_store_each_time(store: Asked) -> None:
    once = ReadOnce(store)
    store.hidden = {OTHER}
    assert once.read([ONE, OTHER], ["status"]) == {ONE: {"status": {"removed": False}}, OTHER: {}}
    once.read([OTHER], ["status"])
    assert store.asked[-1] == ([OTHER], ["status"])


def test_what_is_written_is_read_again(store: Asked) -> None:
    once = ReadOnce(store)
    assert once.read([ONE])[ONE]["status"] == {"removed": False}
    once.upsert([Proposal(ONE, "status", {"removed": True})])
    assert once.read([ONE])[ONE]["status"] == {"removed": True}

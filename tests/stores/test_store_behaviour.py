"""What every store does, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import version_set_urn, version_urn
from registry_dagster.stores.store import Refusal, Store, open_store


@pytest.fixture(params=["lite", "file"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a new, empty store of each kind is."""
    return {"lite": f"lite://{tmp_path}/registry.db", "file": f"file://{tmp_path}/handoff"}[request.param]


@pytest.fixture
def store(target: str) -> Iterator[Store]:
    store = open_store(target)
    yield store
    store.close()


ANN = version_urn("ann@v1", "PROD")
BOB = version_urn("bob@v1", "PROD")
NOBODY = version_urn("nobody@v1", "PROD")


def properties(urn: str, name: str, **custom: str) -> Proposal:
    value: dict[str, Any] = {"name": name, "customProperties": custom, "tags": []}
    return Proposal(urn, "datasetProperties", value)


def status(urn: str, removed: bool = False) -> Proposal:
    return Proposal(urn, "status", {"removed": removed})


def member(dataset: str, number: int) -> Proposal:
    """Version `number` of a dataset, as a member of its version set."""
    value: dict[str, Any] = {
        "versionSet": version_set_urn("feature-registry", dataset, "PROD"),
        "version": {"versionTag": f"v{number}"},
        "aliases": [],
        "sortId": f"{number:010}",
        "versioningScheme": "LEXICOGRAPHIC_STRING",
    }
    return Proposal(version_urn(f"{dataset}@v{number}", "PROD"), "versionProperties", value)


def latest(store: Store, dataset: str) -> str:
    """Where the version set points, in stores that keep version sets."""
    if store.target.startswith("file:"):
        pytest.skip("files for a server: it keeps the version sets when it reads them")
    urn = version_set_urn("feature-registry", dataset, "PROD")
    return store.read([urn])[urn]["versionSetProperties"]["latest"]


def test_what_is_absent_is_left_out_of_what_is_read(store: Store) -> None:
    assert store.read([ANN]) == {}
    store.upsert([status(ANN)])
    assert store.read([ANN, NOBODY]) == {ANN: {"status": {"removed": False}}}
    assert store.read([]) == {}


def test_only_the_aspects_asked_for_are_read(store: Store) -> None:
    store.upsert([status(ANN), properties(ANN, "Ann"), status(BOB)])
    assert store.read([ANN, BOB], ["datasetProperties"]) == {ANN: {"datasetProperties": properties(ANN, "Ann").value}}
    assert set(store.read([ANN])[ANN]) == {"status", "datasetProperties"}


def test_ensure_writes_what_is_absent_and_leaves_what_is_present(store: Store) -> None:
    store.ensure([properties(ANN, "Ann")])
    store.ensure([properties(ANN, "another"), status(ANN)])
    assert store.read([ANN])[ANN] == {
        "datasetProperties": properties(ANN, "Ann").value,
        "status": {"removed": False},
    }


def test_ensuring_one_aspect_twice_in_a_call_is_no_error(store: Store) -> None:
    store.ensure([status(ANN), status(ANN)])
    assert store.read([ANN]) == {ANN: {"status": {"removed": False}}}


def test_upsert_replaces_the_aspect_and_no_other(store: Store) -> None:
    store.upsert([properties(ANN, "Ann", a="1"), status(ANN), status(BOB)])
    store.upsert([properties(ANN, "Anna")])
    assert store.read([ANN, BOB]) == {
        ANN: {"datasetProperties": properties(ANN, "Anna").value, "status": {"removed": False}},
        BOB: {"status": {"removed": False}},
    }


def test_upserting_the_same_again_changes_nothing(store: Store) -> None:
    for _ in range(3):
        store.upsert([properties(ANN, "Ann"), status(ANN)])
    assert store.read([ANN])[ANN]["datasetProperties"] == properties(ANN, "Ann").value


def test_create_writes_the_whole_commit(store: Store) -> None:
    assert store.create([[properties(ANN, "Ann"), status(ANN), status(BOB)]]) == [None]
    assert set(store.read([ANN])[ANN]) == {"datasetProperties", "status"}
    assert set(store.read([BOB])[BOB]) == {"status"}


def test_create_writes_nothing_when_one_aspect_is_present(store: Store) -> None:
    store.upsert([status(BOB)])
    (refusal,) = store.create([[properties(ANN, "Ann"), status(ANN), status(BOB)]])
    assert isinstance(refusal, Refusal)
    assert BOB in refusal.reason
    assert store.read([ANN, BOB]) == {BOB: {"status": {"removed": False}}}


def test_create_never_changes_what_it_created(store: Store) -> None:
    assert store.create([[properties(ANN, "Ann")]]) == [None]
    for name in ("another", "Ann"):
        (refusal,) = store.create([[properties(ANN, name)]])
        assert refusal is not None
    assert store.read([ANN])[ANN]["datasetProperties"] == properties(ANN, "Ann").value


def test_each_of_several_commits_stands_or_falls_by_itself(store: Store) -> None:
    store.upsert([status(BOB)])
    outcomes = store.create([[status(ANN)], [properties(BOB, "Bob"), status(BOB)], [status(NOBODY)]])
    assert [outcome is None for outcome in outcomes] == [True, False, True]
    assert store.read([ANN, BOB, NOBODY]) == {urn: {"status": {"removed": False}} for urn in (ANN, BOB, NOBODY)}


def test_of_two_commits_that_want_the_same_place_in_one_call_the_first_has_it(store: Store) -> None:
    outcomes = store.create([[properties(ANN, "first"), status(ANN)], [properties(ANN, "second"), status(BOB)]])
    assert [outcome is None for outcome in outcomes] == [True, False]
    assert store.read([ANN, BOB]).keys() == {ANN}
    assert store.read([ANN])[ANN]["datasetProperties"]["name"] == "first"


def test_no_commits_are_no_error(store: Store) -> None:
    assert list(store.create([])) == []
    store.ensure([])
    store.upsert([])


def test_the_version_set_points_at_its_newest_member(store: Store) -> None:
    for number in (1, 2, 10):
        assert store.create([[member("ann", number)]]) == [None]
        assert latest(store, "ann") == version_urn(f"ann@v{number}", "PROD")


def test_the_version_set_does_not_go_back_when_an_older_member_comes_late(store: Store) -> None:
    store.create([[member("ann", 10)]])
    store.create([[member("ann", 9)]])
    assert latest(store, "ann") == version_urn("ann@v10", "PROD")


@pytest.mark.parametrize(
    "text",
    ["größe 神経 \U0001f9e0", "a\u0301 is not á", "quotes ' \" \\ `", "line\nbreak\ttab", "\u2028 \u00a0", "%_,()"],
)
def test_any_text_is_kept_as_it_is(store: Store, text: str) -> None:
    urn = version_urn("ann@v1", "PROD").replace("ann", "größe")
    store.upsert([properties(urn, text, **{text: text})])
    stored = store.read([urn])[urn]["datasetProperties"]
    assert stored["name"] == text
    assert stored["customProperties"] == {text: text}


def test_a_big_aspect_is_kept_whole(store: Store) -> None:
    text = "κ" * 2_000_000
    assert store.create([[properties(ANN, "Ann", text=text)]]) == [None]
    assert store.read([ANN])[ANN]["datasetProperties"]["customProperties"]["text"] == text


def test_many_entities_are_read_at_once(store: Store) -> None:
    urns = [version_urn(f"ann@v{number}", "PROD") for number in range(1, 1201)]
    store.upsert([status(urn) for urn in urns])
    assert store.read(urns).keys() == set(urns)


def test_numbers_are_kept_exactly(store: Store) -> None:
    values = [{"double": number} for number in (0.1, 16.5, 1e21, 5e-324, 2.0**60)]
    value = {"properties": [{"propertyUrn": "urn:li:structuredProperty:drift", "values": values}]}
    store.upsert([Proposal(ANN, "structuredProperties", value)])
    assert store.read([ANN])[ANN]["structuredProperties"] == value


def test_what_was_written_is_there_after_closing_and_opening_again(target: str, store: Store) -> None:
    store.create([[properties(ANN, "Ann")]])
    store.close()
    again = open_store(target)
    assert again.read([ANN])[ANN]["datasetProperties"] == properties(ANN, "Ann").value
    again.close()


def test_a_closed_store_opens_again_when_used(store: Store) -> None:
    store.upsert([status(ANN)])
    store.close()
    store.close()
    assert ANN in store.read([ANN])


def test_another_who_has_the_store_open_sees_what_was_written(target: str, store: Store) -> None:
    other = open_store(target)
    assert other.read([ANN]) == {}
    store.create([[status(ANN)]])
    assert other.read([ANN]) == {ANN: {"status": {"removed": False}}}
    (refusal,) = other.create([[status(ANN)]])
    assert refusal is not None
    other.close()


def test_the_target_names_the_store(target: str, store: Store) -> None:
    assert store.target == target
    assert target in repr(store)

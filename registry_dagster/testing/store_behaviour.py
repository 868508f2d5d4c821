"""What every store does, and every registry on top of it, as tests for people who write a store.

    from registry_dagster.testing.store_behaviour import RegistryBehaviour, StoreBehaviour

    class TestMyStore(StoreBehaviour):
        @pytest.fixture
        def store(self, tmp_path):
            return MyStore(tmp_path)

        @pytest.fixture
        def other_store(self, tmp_path):
            return MyStore(tmp_path)

    class TestRegistryOnMyStore(RegistryBehaviour):
        @pytest.fixture
        def registry(self, tmp_path):
            return Registry(MyStore(tmp_path), publisher="ada@lab.org")

        @pytest.fixture
        def another_registry(self, tmp_path):
            return lambda: Registry(MyStore(tmp_path), publisher="bob@lab.org")

Each store starts empty. `pip install 'registry-dagster[testing]'` brings pytest.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import property_urn, version_set_urn, version_urn
from registry_dagster.stores.store import Refusal, Store
from registry_dagster.testing.at_once import at_once
from registry_dagster.testing.registry_behaviour import RegistryBehaviour

__all__ = ["RegistryBehaviour", "StoreBehaviour"]

_ANN = version_urn("ann@v1", "PROD")
_BOB = version_urn("bob@v1", "PROD")
_NOBODY = version_urn("nobody@v1", "PROD")
_TEXTS = ("größe 神経 \U0001f9e0", "a\u0301 is not á", "quotes ' \" \\ `", "line\nbreak\ttab", "\u2028 \u00a0", "%_,()")


class StoreBehaviour:
    """The protocol `Store`, method by method. A subclass has the fixtures `store` and `other_store`.

    Attributes:
        keeps_version_sets: Whether the store itself makes a version set point at its newest member. A hand-off
            leaves that to the server that reads it.
    """

    keeps_version_sets = True

    def test_what_is_absent_is_left_out_of_what_is_read(self, store: Store) -> None:
        assert store.read([_ANN]) == {}
        store.upsert([_status(_ANN)])
        assert _content(store, _ANN, _NOBODY) == {_ANN: {"status": {"removed": False}}}
        assert store.read([]) == {}

    def test_only_the_aspects_asked_for_are_read(self, store: Store) -> None:
        store.upsert([_status(_ANN), _properties(_ANN, "Ann"), _status(_BOB)])
        assert store.read([_ANN, _BOB], ["datasetProperties"]) == {
            _ANN: {"datasetProperties": _properties(_ANN, "Ann").value}
        }
        assert {"status", "datasetProperties"} <= set(store.read([_ANN])[_ANN])

    def test_ensure_writes_what_is_absent_and_leaves_what_is_present(self, store: Store) -> None:
        store.ensure([_properties(_ANN, "Ann")])
        store.ensure([_properties(_ANN, "another"), _status(_ANN)])
        assert _content(store, _ANN)[_ANN] == {
            "datasetProperties": _properties(_ANN, "Ann").value,
            "status": {"removed": False},
        }

    def test_ensuring_one_aspect_twice_in_a_call_is_no_error(self, store: Store) -> None:
        store.ensure([_status(_ANN), _status(_ANN)])
        assert _content(store, _ANN) == {_ANN: {"status": {"removed": False}}}

    def test_upsert_replaces_the_aspect_and_no_other(self, store: Store) -> None:
        store.upsert([_properties(_ANN, "Ann", a="1"), _status(_ANN), _status(_BOB)])
        store.upsert([_properties(_ANN, "Anna")])
        assert _content(store, _ANN, _BOB) == {
            _ANN: {"datasetProperties": _properties(_ANN, "Anna").value, "status": {"removed": False}},
            _BOB: {"status": {"removed": False}},
        }

    def test_upserting_the_same_again_changes_nothing(self, store: Store) -> None:
        for _ in range(3):
            store.upsert([_properties(_ANN, "Ann"), _status(_ANN)])
        assert store.read([_ANN])[_ANN]["datasetProperties"] == _properties(_ANN, "Ann").value

    def test_create_writes_the_whole_commit(self, store: Store) -> None:
        assert list(store.create([[_properties(_ANN, "Ann"), _status(_ANN), _status(_BOB)]])) == [None]
        assert _content(store, _ANN, _BOB) == {
            _ANN: {"datasetProperties": _properties(_ANN, "Ann").value, "status": {"removed": False}},
            _BOB: {"status": {"removed": False}},
        }

    def test_create_writes_nothing_when_one_aspect_is_present(self, store: Store) -> None:
        store.upsert([_status(_BOB)])
        (refusal,) = store.create([[_properties(_ANN, "Ann"), _status(_ANN), _status(_BOB)]])
        assert isinstance(refusal, Refusal)
        assert _BOB in refusal.reason
        assert not refusal.denied
        assert _content(store, _ANN, _BOB) == {_BOB: {"status": {"removed": False}}}

    def test_create_never_changes_what_it_created(self, store: Store) -> None:
        assert list(store.create([[_properties(_ANN, "Ann")]])) == [None]
        for name in ("another", "Ann"):
            (refusal,) = store.create([[_properties(_ANN, name)]])
            assert refusal is not None
        assert store.read([_ANN])[_ANN]["datasetProperties"] == _properties(_ANN, "Ann").value

    def test_a_proposal_that_replaces_overwrites_with_its_commit_only(self, store: Store) -> None:
        removed = Proposal(_ANN, "status", {"removed": True}, replaces=True)
        store.upsert([_status(_ANN), _status(_BOB)])
        (refusal,) = store.create([[removed, _status(_BOB)]])
        assert refusal is not None
        assert _content(store, _ANN)[_ANN] == {"status": {"removed": False}}
        added = replace(_properties(_ANN, "Ann"), added=True)
        assert list(store.create([[removed, added]])) == [None]
        assert _content(store, _ANN)[_ANN] == {
            "status": {"removed": True},
            "datasetProperties": _properties(_ANN, "Ann").value,
        }

    def test_each_of_several_commits_succeeds_or_fails_by_itself(self, store: Store) -> None:
        store.upsert([_status(_BOB)])
        outcomes = store.create([[_status(_ANN)], [_properties(_BOB, "Bob"), _status(_BOB)], [_status(_NOBODY)]])
        assert (_written(outcomes), len(outcomes)) == ([0, 2], 3)
        assert _content(store, _ANN, _BOB, _NOBODY) == {
            urn: {"status": {"removed": False}} for urn in (_ANN, _BOB, _NOBODY)
        }

    def test_of_two_commits_that_want_the_same_place_in_one_call_one_has_it(self, store: Store) -> None:
        outcomes = store.create([[_properties(_ANN, "one"), _status(_ANN)], [_properties(_ANN, "two"), _status(_BOB)]])
        assert len(outcomes) == 2
        (winner,) = _written(outcomes)
        assert store.read([_ANN])[_ANN]["datasetProperties"]["name"] == ("one", "two")[winner]
        assert set(_content(store, _ANN, _BOB)) == ({_ANN}, {_ANN, _BOB})[winner]

    def test_of_many_who_create_the_same_at_once_exactly_one_does(self, store: Store, other_store: Store) -> None:
        stores = [store, other_store]
        for turn in range(10):
            urn = version_urn(f"race@v{turn + 1}", "PROD")
            calls = [
                partial(each.create, [[_properties(urn, str(number)), _status(urn)]])
                for number, each in enumerate(stores)
            ]
            (winner,) = _written([outcome for (outcome,) in at_once(calls)])
            assert store.read([urn])[urn]["datasetProperties"]["name"] == str(winner)

    def test_no_commits_are_no_error(self, store: Store) -> None:
        assert list(store.create([])) == []
        store.ensure([])
        store.upsert([])

    def test_the_version_set_points_at_its_newest_member(self, store: Store) -> None:
        for number in (1, 2, 10):
            assert list(store.create([[_member("ann", number)]])) == [None]
            assert self._latest(store, "ann") == version_urn(f"ann@v{number}", "PROD")

    def test_the_version_set_does_not_go_back_when_an_older_member_comes_late(self, store: Store) -> None:
        store.create([[_member("ann", 10)]])
        store.create([[_member("ann", 9)]])
        assert self._latest(store, "ann") == version_urn("ann@v10", "PROD")

    @pytest.mark.parametrize("text", _TEXTS)
    def test_any_text_is_kept_as_it_is(self, store: Store, text: str) -> None:
        urn = version_urn("ann@v1", "PROD").replace("ann", "größe")
        store.upsert([_properties(urn, text, **{text: text})])
        stored = store.read([urn])[urn]["datasetProperties"]
        assert stored["name"] == text
        assert stored["customProperties"] == {text: text}

    def test_a_big_aspect_is_kept_whole(self, store: Store) -> None:
        text = "κ" * 1_000_000
        assert list(store.create([[_properties(_ANN, "Ann", text=text)]])) == [None]
        assert store.read([_ANN])[_ANN]["datasetProperties"]["customProperties"]["text"] == text

    def test_many_entities_are_read_at_once(self, store: Store) -> None:
        urns = [version_urn(f"ann@v{number}", "PROD") for number in range(1, 1201)]
        store.upsert([_status(urn) for urn in urns])
        assert store.read(urns).keys() == set(urns)

    def test_numbers_are_kept_exactly(self, store: Store) -> None:
        values = [{"double": number} for number in (0.1, 16.5, 1e21, 5e-324, 2.0**60)]
        urn = property_urn("behaviour.drift")
        definition = {
            "qualifiedName": "behaviour.drift",
            "valueType": "urn:li:dataType:datahub.number",
            "cardinality": "MULTIPLE",
            "entityTypes": ["urn:li:entityType:datahub.dataset"],
            "immutable": False,
        }
        value = {"properties": [{"propertyUrn": urn, "values": values}]}
        store.upsert([Proposal(urn, "propertyDefinition", definition)])
        store.upsert([Proposal(_ANN, "structuredProperties", value)])
        assert store.read([_ANN])[_ANN]["structuredProperties"] == value

    def test_another_who_has_the_store_open_sees_what_was_written(self, store: Store, other_store: Store) -> None:
        assert other_store.read([_ANN]) == {}
        store.create([[_status(_ANN)]])
        assert _content(other_store, _ANN) == {_ANN: {"status": {"removed": False}}}
        (refusal,) = other_store.create([[_status(_ANN)]])
        assert refusal is not None

    def test_a_closed_store_opens_again_when_used(self, store: Store) -> None:
        store.upsert([_status(_ANN)])
        store.close()
        store.close()
        assert _ANN in store.read([_ANN])

    def test_the_target_names_the_store(self, store: Store, other_store: Store) -> None:
        assert store.target
        assert store.target == other_store.target
        assert store.target in repr(store)

    def test_a_small_commit_passes_the_check_and_the_check_writes_nothing(self, store: Store) -> None:
        store.check([_properties(_ANN, "Ann"), _status(_ANN)])
        assert store.read([_ANN]) == {}

    def _latest(self, store: Store, dataset: str) -> str:
        if not self.keeps_version_sets:
            pytest.skip("keeps no version sets")
        urn = version_set_urn("feature-registry", dataset, "PROD")
        return store.read([urn])[urn]["versionSetProperties"]["latest"]


def _written(outcomes: Iterable[Refusal | None]) -> list[int]:
    """The positions of the commits that were written."""
    return [position for position, outcome in enumerate(outcomes) if outcome is None]


def _properties(urn: str, name: str, **custom: str) -> Proposal:
    value: dict[str, Any] = {"name": name, "customProperties": custom, "tags": []}
    return Proposal(urn, "datasetProperties", value)


def _status(urn: str) -> Proposal:
    return Proposal(urn, "status", {"removed": False})


def _member(dataset: str, number: int) -> Proposal:
    """Version `number` of a dataset, as a member of its version set."""
    value: dict[str, Any] = {
        "versionSet": version_set_urn("feature-registry", dataset, "PROD"),
        "version": {"versionTag": f"v{number}"},
        "aliases": [],
        "sortId": f"{number:010}",
        "versioningScheme": "LEXICOGRAPHIC_STRING",
    }
    return Proposal(version_urn(f"{dataset}@v{number}", "PROD"), "versionProperties", value)


def _content(store: Store, *urns: str) -> dict[str, dict[str, Any]]:
    """What these tests wrote; a server adds other aspects."""
    ours = ("status", "datasetProperties")
    return {
        urn: {name: value for name, value in entity.items() if name in ours} for urn, entity in store.read(urns).items()
    }

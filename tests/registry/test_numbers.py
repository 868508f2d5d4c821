"""A number that was given is never given again, whatever others delete and whenever a publisher dies."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from registry_dagster.datahub.urns import PLATFORM, version_set_urn
from registry_dagster.errors import NotPublished, VersionConflict
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.version_index import VersionIndex
from tests.registry.declared import declared, facts, reference
from tests.registry.others import Place, place_of

NAME = "lab.cells"


@pytest.fixture(params=["lite", "gms"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    with place_of(request.param, tmp_path) as place:
        yield place


def publish(place: Place, *contents: int, name: str = NAME) -> list[str]:
    """Publish tables, each from a process that remembers nothing; the versions they became."""
    versions: list[str] = []
    for content in contents:
        with place.open() as registry:
            versions.append(registry.publish(declared(name), facts(content), message="why").version.partition("@")[2])
    return versions


def delete(place: Place, *numbers: int) -> None:
    for number in numbers:
        place.delete_version(f"{NAME}@v{number}")


def delete_version_set(place: Place) -> None:
    assert place.delete is not None
    place.delete(version_set_urn(PLATFORM, NAME, "PROD"))


@pytest.fixture
def dying(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Publishers die between the commit and recording the highest number, until this is undone.

    Those who record it in the commit itself never do: these are older ones, or such as a server refuses that.
    """

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(VersionIndex, "guards", lambda _, records: [None for _ in records])
        patched.setattr(VersionIndex, "raise_highest", die)
        yield patched


def forget_numbers(patched: pytest.MonkeyPatch) -> None:
    """Let publishers not record the highest number."""
    patched.setattr(VersionIndex, "guards", lambda _, records: [None for _ in records])
    patched.setattr(VersionIndex, "raise_highest", lambda *_: None)


def test_what_others_published_meanwhile_is_found_by_a_publisher_who_remembers_the_time_before(place: Place) -> None:
    with place.open() as early:
        early.publish(declared(NAME), facts(1), message="why")
        publish(place, 2)
        receipt = early.publish(declared(NAME), facts(2), message="why")
        assert (receipt.version, receipt.created) == (f"{NAME}@v2", False)


@pytest.mark.parametrize("deleted", [[3], [2, 3], [1, 2, 3], [1], [2]])
def test_a_deleted_number_is_not_given_again(place: Place, deleted: list[int]) -> None:
    assert publish(place, 1, 2, 3) == ["v1", "v2", "v3"]
    delete(place, *deleted)
    assert publish(place, 4, 5) == ["v4", "v5"]


def test_nor_is_it_after_the_version_set_was_deleted_too(place: Place) -> None:
    publish(place, 1, 2, 3)
    delete(place, 2, 3)
    delete_version_set(place)
    assert publish(place, 4) == ["v4"]


def test_nor_is_it_by_a_publisher_who_remembers_the_time_before(place: Place) -> None:
    with place.open() as early:
        early.publish(declared(NAME), facts(1), message="why")
        publish(place, 2)
        delete(place, 2)
        assert early.publish(declared(NAME), facts(3), message="why").version == f"{NAME}@v3"


def test_a_publisher_who_died_before_recording_the_number_leaves_it_given(
    place: Place, dying: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        publish(place, 1)
    dying.undo()
    assert publish(place, 1) == ["v1"], "running again finds the version"
    assert publish(place, 2) == ["v2"]


def test_a_number_is_given_though_its_publisher_died_and_others_deleted_it(
    place: Place, dying: pytest.MonkeyPatch
) -> None:
    dying.undo()
    publish(place, 1)
    forget_numbers(dying)
    publish(place, 2, 3, 4, 5)
    dying.undo()
    delete(place, 5)
    assert publish(place, 6) == ["v6"]


def test_a_link_to_a_deleted_version_says_that_its_number_was_given(place: Place, dying: pytest.MonkeyPatch) -> None:
    forget_numbers(dying)
    publish(place, 1, 2)
    with place.open() as registry:
        features = declared("lab.features", references=(reference(NAME),))
        assert registry.publish(features, facts(1), message="why").record.reference_versions == {NAME: f"{NAME}@v2"}
    dying.undo()
    delete(place, 2)
    delete_version_set(place)
    with place.open() as registry:
        assert [each.number for each in registry.versions("lab.features")] == [1]
        assert registry.publish(declared(NAME), facts(3), message="why").version == f"{NAME}@v3"


def test_of_publishers_at_once_each_gets_a_number_of_its_own(place: Place) -> None:
    publish(place, 1, 2)
    delete(place, 2)
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda content: publish(place, content), range(10, 18)))
    assert sorted(int(version[1:]) for (version,) in given) == list(range(3, 11))


def test_readers_look_beyond_gaps_and_name_them(place: Place) -> None:
    publish(place, *range(1, 8))
    delete(place, 2, 3, 4, 5, 7)
    with place.open() as registry:
        assert [record.number for record in registry.versions(NAME)] == [1, 6]
        taken = registry.current(NAME)
        assert taken.version == f"{NAME}@v6"
        assert taken.passed_over == (f"{NAME}@v7: removed in DataHub",)
        with pytest.raises(NotPublished, match="published: v1 to v6, without v2, v3, v4, v5, v7, which were removed"):
            registry.get(f"{NAME}@v3")


def test_readers_find_what_a_publisher_who_died_left_beyond_a_gap(place: Place, dying: pytest.MonkeyPatch) -> None:
    dying.undo()
    publish(place, 1)
    forget_numbers(dying)
    publish(place, 2, 3, 4, 5, 6)
    dying.undo()
    delete(place, 2, 3, 4, 5)
    with place.open() as registry:
        assert registry.current(NAME).version == f"{NAME}@v6"


def test_where_everything_was_deleted_nothing_is_published(place: Place) -> None:
    publish(place, 1, 2)
    delete(place, 1, 2)
    with place.open() as registry:
        assert registry.versions(NAME) == ()
        with pytest.raises(NotPublished, match="every version was removed in DataHub"):
            registry.get(NAME)
        receipt = registry.publish(declared(NAME), facts(1), message="again")
        assert (receipt.version, receipt.created) == (f"{NAME}@v3", True)


def test_a_crash_after_the_highest_was_read_does_not_lower_it(place: Place) -> None:
    with place.open() as one, place.open() as other:
        for registry in (one, other):
            assert isinstance(registry, Registry)
            assert registry.versions(NAME) == ()
        for content, registry in enumerate((one, other, other, one)):
            registry.publish(declared(NAME), facts(content), message="why")
        for number in (3, 4):
            place.delete_version(f"{NAME}@v{number}")
    assert publish(place, 9) == ["v5"]


def test_a_label_that_was_given_meanwhile_is_seen_by_a_publisher_who_remembers_the_time_before(place: Place) -> None:
    with place.open() as early, place.open() as other:
        early.publish(declared(NAME), facts(1), message="why")
        other.acts.label(f"{NAME}@v1", "final", reason="it is")
        with pytest.raises(VersionConflict, match="label 'final' belongs to lab.cells@v1"):
            early.publish(declared(NAME), facts(2), message="why", label="final")
        assert early.publish(declared(NAME), facts(2), message="why").version == f"{NAME}@v2"
        assert [act.act for act in other.acts.history(NAME)] == ["label"], "the act is kept"


def test_a_number_is_recorded_in_the_transaction_that_publishes_it(place: Place, dying: pytest.MonkeyPatch) -> None:
    dying.undo()
    dying.setattr(VersionIndex, "raise_highest", lambda *_: None)
    publish(place, 1, 2)
    delete(place, 1, 2)
    assert publish(place, 3) == ["v3"]


def test_content_that_others_deleted_since_it_was_read_is_published_anew(place: Place) -> None:
    with place.open() as registry:
        registry.publish(declared(NAME), facts(1), message="why")
        delete(place, 1)
        again = registry.publish(declared(NAME), facts(1), message="why")
    assert (again.version, again.created) == (f"{NAME}@v2", True)

"""What a bare dataset name means: candidates, the clock, layouts, and what is passed over."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from registry_dagster.answers.clock import Clock, natural_order
from registry_dagster.answers.current import Candidate, current, latest_earlier, made_at, newest_first
from registry_dagster.model.materialization import MaterializationVersion


def state(version: object, system: str = "minnie65_public", **more: Any) -> MaterializationVersion:
    return MaterializationVersion(system=system, version=str(version), source="cave", **more)


def candidate(number: int, *versions: object, **more: Any) -> Candidate:
    states = tuple(each if isinstance(each, MaterializationVersion) else state(each) for each in versions)
    return Candidate(number, f"a.b@v{number}", states, **more)


def taken(*candidates: Candidate, **more: Any) -> str | None:
    found = current(candidates, **more)
    return found.version if found else None


def test_the_last_published_is_taken_without_a_word() -> None:
    found = current([candidate(1, 943), candidate(2, 1300)])
    assert found is not None
    assert (found.version, found.reason, found.passed_over) == ("a.b@v2", None, ())


def test_a_backfill_is_not_current() -> None:
    found = current([candidate(1, 1507), candidate(2, 943)])
    assert found is not None
    assert found.version == "a.b@v1"
    assert found.passed_over == (
        "a.b@v2: made against minnie65_public@943, which is earlier than minnie65_public@1507 of a.b@v1",
    )
    assert "not the last published" in str(found)


def test_a_retired_version_is_not_current_nor_a_draft_nor_a_removed_one() -> None:
    flaws: list[dict[str, Any]] = [{"retired": "retired by ada: wrong clock"}, {"draft": True}, {"removed": True}]
    for flaw in flaws:
        assert taken(candidate(1, 943), candidate(2, 943, **flaw)) == "a.b@v1"


def test_where_all_are_retired_the_answer_says_so() -> None:
    found = current([candidate(1, 943, retired="retired by ada: a"), candidate(2, 1300, retired="retired by ada: b")])
    assert found is not None
    assert found.version == "a.b@v2"
    assert found.reason == "it is retired by ada: b, and so is every other version that is not removed"


def test_where_all_are_removed_there_is_no_answer() -> None:
    assert current([candidate(1, 943, removed=True)]) is None
    assert current([]) is None


def test_a_removed_version_does_not_come_back_where_all_others_are_retired() -> None:
    assert taken(candidate(1, 943, retired="r"), candidate(2, 1300, removed=True)) == "a.b@v1"


def test_timestamps_order_states_if_all_have_one_else_the_numbers_in_their_names_do() -> None:
    early, late = datetime(2024, 1, 1, tzinfo=timezone.utc), datetime(2025, 1, 1, tzinfo=timezone.utc)
    assert taken(candidate(1, state(9, timestamp=late)), candidate(2, state(10, timestamp=early))) == "a.b@v1"
    assert taken(candidate(1, state(9, timestamp=late)), candidate(2, state(10))) == "a.b@v2"
    assert taken(candidate(1, state(10)), candidate(2, state(9, timestamp=late))) == "a.b@v1"


def test_states_that_nothing_orders_leave_it_to_the_numbers() -> None:
    assert taken(candidate(1, "beta"), candidate(2, "alpha")) == "a.b@v2"


def test_aliases_are_one_state_and_one_system() -> None:
    known_as = state(1300, aliases=["minnie65_phase3@7"])
    assert taken(candidate(1, known_as), candidate(2, state(7, "minnie65_phase3"))) == "a.b@v2"
    assert Clock([known_as, state(7, "minnie65_phase3")]).order(known_as, state(7, "minnie65_phase3")) == "same"
    older = state(6, "minnie65_phase3")
    assert taken(candidate(1, known_as), candidate(2, older)) == "a.b@v1"


def test_versions_of_other_systems_do_not_precede_one_another() -> None:
    assert taken(candidate(1, 1507), candidate(2, state("v1.2", "hemibrain"))) == "a.b@v2"
    both = candidate(1, 1507, state("v1.2", "hemibrain"))
    assert taken(both, candidate(2, 943)) == "a.b@v2"


def test_with_several_systems_none_may_be_earlier_and_one_must_be_later() -> None:
    first = candidate(1, 1507, state("v1.2", "hemibrain"))
    assert taken(first, candidate(2, 943, state("v1.2", "hemibrain"))) == "a.b@v1"
    assert taken(first, candidate(2, 943, state("v1.3", "hemibrain"))) == "a.b@v2"


def test_the_default_layout_is_taken_and_the_others_are_named() -> None:
    layouts = [candidate(number, 1412, layout=name) for number, name in enumerate(("id", "pre", "post"), 1)]
    found = current(layouts, default_layout="pre")
    assert found is not None
    assert (found.version, found.layouts) == ("a.b@v2", ("id", "post"))
    assert taken(*layouts) == "a.b@v3"
    assert taken(*layouts, default_layout="morton") == "a.b@v3"


def test_the_default_layout_does_not_bring_back_an_earlier_state() -> None:
    assert taken(candidate(1, 1300, layout="id"), candidate(2, 1507, layout="pre"), default_layout="id") == "a.b@v2"


def test_an_address_by_clock_takes_any_name_of_the_state() -> None:
    versions = [candidate(1, state(1300, aliases=["minnie65_phase3@7"])), candidate(2, 1507)]
    assert [each.number for each in made_at(versions, "minnie65_phase3@7")] == [1]
    assert [each.number for each in made_at(versions, state(7, "minnie65_phase3"))] == [1]
    assert made_at(versions, "minnie65_public@13") == []


def test_a_version_is_compared_with_the_latest_before_it_of_its_layout() -> None:
    versions = [
        candidate(1, 943, layout="id"),
        candidate(2, 1507, layout="id"),
        candidate(3, 1507, layout="pre"),
        candidate(4, 1300, layout="id"),
    ]
    before = [latest_earlier(versions, each) for each in versions]
    assert [each.number if each else None for each in before] == [None, 4, None, 1]


@pytest.mark.parametrize(
    ("a", "b", "order"),
    [
        ("943", "1300", "earlier"),
        ("1300", "1300", "same"),
        ("v1.2", "v1.10", "earlier"),
        ("v1.2", "v1.2.1", "earlier"),
        ("v1.2.1", "1.2.1", "same"),
        ("0626", "626", "same"),
        ("c3", "c10", "earlier"),
        ("2025-01-13", "2024-12-31", "later"),
        ("v1.0-rc1", "v1.0", None),
        ("alpha", "beta", None),
        ("1300", "final", None),
    ],
)
def test_version_texts_are_ordered_by_their_numbers_alone(a: str, b: str, order: str | None) -> None:
    mirrored = {"earlier": "later", "later": "earlier"}
    assert natural_order(a, b) == order
    assert natural_order(b, a) == (mirrored.get(order, order) if order else None)


def test_thousands_of_versions_of_one_state_are_compared_once(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[object] = []
    is_later = Clock.is_later
    monkeypatch.setattr(Clock, "is_later", lambda *given: compared.append(given) or is_later(*given))
    assert taken(*(candidate(number, 943) for number in range(1, 3000))) == "a.b@v2999"
    assert len(compared) <= 1


def test_versions_are_gone_through_from_the_current_one_back_not_by_number() -> None:
    known = [candidate(1, 943), candidate(2, 1507), candidate(3, 1507, layout="id"), candidate(4, 1300)]
    gone = candidate(5, removed=True)
    assert [each.number for each in newest_first([*known, gone])] == [3, 2, 4, 1]
    assert [each.number for each in newest_first(known, default_layout="id")] == [3, 2, 4, 1]
    others = [known[0], known[2], candidate(6, 1507)]
    assert [each.number for each in newest_first(others, default_layout="id")] == [3, 6, 1]

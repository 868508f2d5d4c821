"""Reading ahead keeps the order, starts gently, and stops where its reader stops."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from registry_dagster.errors import TableError
from registry_dagster.tables.storage import read_ahead
from registry_dagster.tables.storage.read_ahead import ahead


def test_results_come_in_order() -> None:
    assert list(ahead(lambda number: -number, range(500))) == [-number for number in range(500)]
    assert list(ahead(str, [])) == []


def test_who_stops_at_the_first_result_has_read_one() -> None:
    read: list[int] = []
    found = next(ahead(lambda number: (read.append(number), number)[1], range(500)))
    assert (found, read) == (0, [0])


def test_items_are_taken_as_they_are_needed() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(500):
            taken.append(number)
            yield number

    results = ahead(lambda number: number, items())
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(taken) <= 6
    results.close()
    assert len(taken) <= 6


def test_only_what_takes_its_time_is_read_in_threads() -> None:
    def read(seconds: float) -> str:
        time.sleep(seconds)
        return threading.current_thread().name

    here = threading.current_thread().name
    assert next(ahead(read, [0] * 50)) == here
    first, second, third, *others = ahead(read, [0.03] * 2 + [0.005] * 100)
    assert first == second == here
    assert len({third, *others}) == 16


def test_one_item_that_other_processes_hold_up_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # By a clock of its own: other processes may hold up more than one.
    now = 0.0
    monkeypatch.setattr(read_ahead, "time", SimpleNamespace(perf_counter=lambda: now))

    def read(number: int) -> str:
        nonlocal now
        now += 0.2 if number == 10 else 0.0001
        return threading.current_thread().name

    assert set(ahead(read, range(100))) == {threading.current_thread().name}


def test_who_waits_for_a_slow_item_has_others_read_meanwhile() -> None:
    last_of_these = threading.Event()

    def read(number: int) -> bool:
        if number < 2:
            time.sleep(0.03)
        if number == 9:
            last_of_these.set()
        return number != 7 or last_of_these.wait(5)

    assert all(ahead(read, range(20), at_once=2))


def test_an_error_comes_where_its_item_stands() -> None:
    def read(number: int) -> int:
        if number == 2:
            raise TableError("not this one")
        return number

    results = ahead(read, range(500))
    assert [next(results), next(results)] == [0, 1]
    with pytest.raises(TableError, match="not this one"):
        next(results)

"""The search of a site finds what `find` finds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from registry_dagster.datahub.search import words_of
from registry_dagster.outward.site.words import in_ranges
from tests.outward.site.conftest import Built


def versions(built: Built) -> list[str]:
    """Every version, in the order of the index."""
    about = built.data("search")
    rows = [row for number in range(len(about["starts"])) for row in built.data(f"datasets/{number}")]
    return [f"{name}@v{number}" for name, _, _, numbers in rows for number in numbers]


def places(built: Built, word: str) -> Iterator[int]:
    start = word[:2].encode().hex()
    for name in [each for each in built.data("search")["files"] if each.startswith(start)]:
        for known, ranges in built.data(f"words/{name}").items():
            if known.startswith(word):
                for first, count in zip(ranges[::2], ranges[1::2], strict=True):
                    yield from range(first, first + count)


@pytest.mark.parametrize(
    "text",
    ["EMBED", "presynaptic 1412", "grosse", "Größe", "m", "nuclei detected", "round 3", "ada", "x no", "alert 1"],
)
def test_the_index_has_what_the_registry_finds(built: Built, text: str) -> None:
    found = set.intersection(*(set(places(built, word)) for word in words_of(text)))
    names = versions(built)
    assert {names[place] for place in found} == {each.version for each in built.registry.find(text, limit=None)}


def test_numbers_that_follow_each_other_are_runs() -> None:
    assert in_ranges([0, 1, 2, 5, 7, 8]) == [0, 3, 5, 1, 7, 2]
    assert in_ranges([]) == []

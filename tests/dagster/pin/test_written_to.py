"""The version that a writer reports is the one that is pinned, or an error: never another state."""

from __future__ import annotations

import dagster as dg
import pytest

from registry_dagster.dagster.pin.written_to import WrittenTo, written_to
from registry_dagster.errors import InvalidDeclaration

LARGE = 5222383085262152975


@pytest.mark.parametrize("key", ["version", "snapshot-id", "snapshot_id"])
@pytest.mark.parametrize(
    ("value", "number"),
    [
        (0, 0),
        ("0", 0),
        (0.0, 0),
        ("0.0", 0),
        (" 7 ", 7),
        ("+7", 7),
        (7.0, 7),
        (LARGE, LARGE),
        (str(LARGE), LARGE),
        (dg.MetadataValue.text("0"), 0),
        (dg.MetadataValue.int(0), 0),
        (dg.MetadataValue.float(0.0), 0),
    ],
)
def test_a_whole_number_is_taken_in_any_spelling(key: str, value: object, number: int) -> None:
    assert written_to({"dagster/uri": "/lake/cells", key: value}) == WrittenTo("/lake/cells", number)


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("v7", "reports version 'v7', which is not a whole number"),
        ("", "reports version '', which is not a whole number"),
        ("0x10", "reports version '0x10', which is not a whole number"),
        (True, "reports version True, which is not a whole number"),
        (7.5, "reports version 7.5, which is not a whole number"),
        (float("nan"), "reports version nan, which is not a whole number"),
        ([7], r"reports version \[7\], which is not a whole number"),
        (float(LARGE), "a float, which keeps no whole number above 2\\^53; report it as a whole number or as text"),
    ],
)
def test_what_is_no_whole_number_is_an_error_and_never_another_state(value: object, said: str) -> None:
    with pytest.raises(InvalidDeclaration, match=said):
        written_to({"dagster/uri": "/lake/cells", "version": value})


def test_two_reported_versions_that_differ_are_an_error() -> None:
    with pytest.raises(InvalidDeclaration, match="reports version 2 and snapshot-id 7, which differ"):
        written_to({"path": "/lake/cells", "version": 2, "snapshot-id": 7})
    assert written_to({"path": "/lake/cells", "version": 7, "snapshot-id": "7"}) == WrittenTo("/lake/cells", 7)


def test_a_snapshot_reported_as_text_names_a_table_in_a_catalog_too() -> None:
    reported = {"dagster/table_name": "lab.f.c", "snapshot-id": str(LARGE)}
    assert written_to(reported) == WrittenTo("iceberg://lab/f.c", LARGE)


def test_a_version_that_the_author_names_is_taken_whatever_was_reported() -> None:
    assert written_to({"path": "/lake/cells", "version": "mine"}, 3) == WrittenTo("/lake/cells", 3)


def test_without_a_reported_version_the_newest_is_meant() -> None:
    assert written_to({"path": "/lake/cells", "version": None}) == WrittenTo("/lake/cells")

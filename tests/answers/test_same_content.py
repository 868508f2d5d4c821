"""Which published content a table to be published is: what one side leaves unsaid is no difference."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest

from registry_dagster.answers.same_content import place_of, same_content
from registry_dagster.model.dataset_version import DatasetVersion, Provenance
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.layout import Layout
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.table import CsvPin, TableFacts
from tests.registry.declared import facts

MOMENT = datetime(2025, 1, 13, 10, 10, 1, 286229, tzinfo=timezone.utc)


def record(
    number: int = 1, table: TableFacts | None = None, layout: Layout | None = None, **state: Any
) -> DatasetVersion:
    return DatasetVersion(
        dataset="a.b",
        number=number,
        materializations=[MaterializationVersion(**{"system": "minnie65_public", "version": "1300", **state})],
        columns={"id": RootId(id_space="minnie65_public")},
        table=table or facts(id="int64"),
        layout=layout,
        provenance=Provenance(publisher="ada@lab.org", message="first", published_at=MOMENT),
    )


def test_who_why_and_when_take_no_part() -> None:
    other = Provenance(publisher="bob@lab.org", message="again", published_at=datetime.now(timezone.utc))
    assert same_content(record(2).model_copy(update={"provenance": other}), record()) is not None


@pytest.mark.parametrize(
    "more",
    [{"timestamp": MOMENT}, {"uuid": "u1"}, {"kind": "segmentation"}, {"source": "cave"}],
    ids=lambda more: next(iter(more)),
)
def test_what_one_side_leaves_unsaid_is_no_difference_and_is_named(more: dict[str, Any]) -> None:
    found = same_content(record(2, **more), record())
    assert found is not None
    (name, value), (not_added,) = next(iter(more.items())), found.not_added
    assert not_added == f"{name} {value} of minnie65_public@1300"
    back = same_content(record(2), record(**more))
    assert back is not None
    assert back.not_added == ()


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ({"timestamp": MOMENT}, {"timestamp": datetime(2024, 1, 1, tzinfo=timezone.utc)}),
        ({"uuid": "u1"}, {"uuid": "u2"}),
        ({"kind": "segmentation"}, {"kind": "annotations"}),
        ({"source": "cave"}, {"source": "neuprint"}),
        ({"version": "1300"}, {"version": "1301"}),
    ],
)
def test_what_both_sides_say_differently_is_a_difference(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert same_content(record(2, **here), record(**there)) is None


def test_types_are_declared_where_the_format_says_none() -> None:
    pin = CsvPin(fingerprint=f"sha256:{'0' * 64}")
    text, number = (facts(id=dtype).model_copy(update={"pin": pin}) for dtype in ("string", "int64"))
    assert same_content(record(2, number), record(table=text)) is None
    assert same_content(record(2, text), record(table=text)) is not None


def test_moments_agree_to_the_coarser_precision() -> None:
    seconds = MOMENT.replace(microsecond=0)
    milliseconds = MOMENT.replace(microsecond=286000)
    for other in (seconds, milliseconds):
        assert same_content(record(2, timestamp=MOMENT), record(timestamp=other)) is not None
        assert same_content(record(2, timestamp=other), record(timestamp=MOMENT)) is not None
    assert same_content(record(2, timestamp=MOMENT), record(timestamp=MOMENT.replace(microsecond=286228))) is None


def test_a_layout_on_one_side_alone_is_no_difference_and_two_layouts_are_two_versions() -> None:
    by_id, by_root = Layout(name="id"), Layout(name="pre_pt_root_id")
    found = same_content(record(2, layout=by_id), record())
    assert found is not None
    assert found.not_added == ("layout id",)
    assert same_content(record(2, layout=by_id), record(layout=by_root)) is None


def test_names_of_one_state_are_one_state() -> None:
    alias = {"system": "minnie65_phase3", "version": "7", "aliases": ["minnie65_public@1300"]}
    assert same_content(record(2, **alias), record()) is not None


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("s3a://bucket/t", "s3://bucket/t"),
        ("gcs://bucket/t/", "gs://bucket/t"),
        ("abfs://c@account/t", "abfss://c@account/t"),
        ("S3://bucket/t", "s3://bucket/t"),
    ],
)
def test_schemes_that_name_one_store_name_one_place(a: str, b: str) -> None:
    assert place_of(a) == place_of(b)
    assert same_content(record(2, facts(location=a, id="int64")), record(1, facts(location=b, id="int64"))) is not None


def test_another_state_or_place_of_the_table_is_other_content() -> None:
    assert same_content(record(2, facts(2, id="int64")), record(1, facts(1, id="int64"))) is None
    elsewhere = facts(location="s3://other/t", id="int64")
    assert same_content(record(2, elsewhere), record(1, facts(location="s3://bucket/t", id="int64"))) is None


def test_other_meaning_is_other_content() -> None:
    other = record(2).model_copy(update={"columns": {"id": RootId(id_space="flywire")}})
    assert same_content(other, record()) is None

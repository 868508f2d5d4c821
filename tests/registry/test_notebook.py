"""Results as a notebook shows them, and as data frames."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.cli.listing import HEADINGS
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.quantities import Label
from registry_dagster.model.table import TableFacts
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.rows.found import Dependent, FoundDataset, FoundVersion
from registry_dagster.registry.rows.listed import MaterializationList, VersionList
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.declared import declared, facts

NEURONS = "hemibrain.neurons"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org")
    publish_examples(registry)
    return registry


def html(result: object) -> str:
    return result._repr_html_()  # type: ignore[attr-defined]


def headings(shown: str) -> list[str]:
    return re.findall("<th>(.*?)</th>", shown)


def test_rows_are_a_table_with_the_headings_of_the_command_line(registry: Registry) -> None:
    shown = html(registry.find(dataset="minnie65.nuclei"))
    assert headings(shown) == [
        *("version", "title", "made against", "format", "rows", "published", "publisher", "why", "location"),
    ]
    assert "<td>minnie65.nuclei@v2</td>" in shown
    assert re.search(r"<td>\d{4}-\d\d-\d\d \d\d:\d\d UTC</td>", shown)
    assert "nothing found" in html(registry.find("nobody"))
    first = registry.find(limit=1)
    assert "<caption>the first of more</caption>" in html(first)
    assert "<caption>the first of more; what laba has is not listed</caption>" in html(
        replace(first, unread=("what laba has is not listed",))
    )


@pytest.mark.parametrize("kind", [FoundVersion, FoundDataset, Dependent, VersionList, MaterializationList])
def test_every_list_has_the_order_and_the_names_of_the_command_line(kind: type[Any]) -> None:
    assert list(kind.CELLS) == [heading for heading in HEADINGS if heading in kind.CELLS]


def test_versions_and_materializations_are_tuples_with_a_form(registry: Registry) -> None:
    versions, states = registry.versions("minnie65.nuclei"), registry.materializations()
    assert versions == tuple(versions)
    assert (versions[0].number, len(versions), isinstance(versions, tuple)) == (1, 2, True)
    assert headings(html(versions)) == [
        "version",
        "made against",
        "format",
        "rows",
        "published",
        *("publisher", "why", "location"),
    ]
    assert headings(html(states)) == ["version", "source", "timestamp", "lifecycle"]
    assert (
        str(versions).splitlines()
        == repr(versions).splitlines()
        == [
            "minnie65.nuclei@v1, made against minnie65_public@943",
            "minnie65.nuclei@v2, made against minnie65_public@1300",
        ]
    )
    assert str(VersionList(versions * 10)).splitlines()[9:] == [str(versions).splitlines()[1], "… and 10 more"]
    assert (str(registry.versions("lab.none")), registry.versions("lab.none")) == ("none", ())


SCRIPT = "<script>alert(1)</script>"
FORMS: dict[str, Callable[[Registry], object]] = {
    "rows": lambda registry: registry.find(dataset=NEURONS),
    "datasets": lambda registry: registry.datasets(),
    "versions": lambda registry: registry.versions(NEURONS),
    "a record": lambda registry: registry.get(NEURONS),
    "a table": lambda registry: facts(5, **{SCRIPT: "int64"}),
    "a declaration": lambda registry: scripted(),
    "an answer": lambda registry: registry.column(NEURONS, "score"),
    "what is true now": lambda registry: registry.acts.now(NEURONS),
    "a plan": lambda registry: registry.plan(scripted(), text(4)),
    "a receipt": lambda registry: registry.publish(scripted(), text(4), message=SCRIPT),
}


def scripted() -> FeatureTable:
    return declared(title=SCRIPT, columns={"score": Label(classification_system=SCRIPT)})


def text(version: int) -> TableFacts:
    return facts(version, score="string")


@pytest.mark.parametrize("form", FORMS)
def test_words_are_no_markup_in_any_form(registry: Registry, form: str) -> None:
    registry.publish(scripted(), text(3), message=SCRIPT)
    registry.retire(f"{NEURONS}@v1", reason=SCRIPT)
    result: Any = FORMS[form](registry)
    shown = result._repr_html_() if hasattr(result, "_repr_html_") else result._repr_markdown_()
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_a_record_shows_what_its_columns_mean(registry: Registry) -> None:
    shown = html(registry.get("minnie65.synapse_embeddings@v1"))
    assert "minnie65.synapse_embeddings@v1, made against minnie65_public@1300" in shown
    assert "<td>embedding · dim 8 · model SegCLR" in shown


def test_an_answer_shows_its_words(registry: Registry) -> None:
    shown = html(registry.compatibility("minnie65.nuclei@v1", "minnie65_public@1300"))
    assert "lossy" in shown
    assert html(registry.diff("minnie65.nuclei@v1", "minnie65.nuclei@v2")).startswith("<pre")


def test_rows_become_data_frames(registry: Registry) -> None:
    found = registry.find()
    for frame in (found.to_pandas(), found.to_polars()):
        assert list(frame.columns) == list(found[0].fields)
        assert list(frame["version"]) == [row.version for row in found]
    assert len(registry.find("nobody").to_polars()) == 0
    assert found.to_dict()["rows"][0]["materializations"] == ["minnie65_public@1412"]


def test_what_is_planned_and_published_is_a_page_in_a_notebook_and_a_few_lines_in_print(registry: Registry) -> None:
    meaning, table = declared(title="<b>Neurons</b>"), facts(3)
    plan = registry.plan(meaning, table)
    receipt = registry.publish(meaning, table, message="First")
    assert "would be published" in plan._repr_markdown_()
    assert "<b>" not in plan._repr_markdown_()
    assert "| receipt |" in receipt._repr_markdown_()
    assert str(receipt).splitlines()[0] == f"published hemibrain.neurons@v1 in {registry.target}"
    assert str(registry.publish(meaning, table, message="Again")).startswith("unchanged: ")
    for each in (plan, receipt, meaning, table, registry.verify("hemibrain.neurons@v1")):
        assert len(str(each)) < 800
    assert repr(plan) == "Plan('hemibrain.neurons@v1', creates=True, warnings=2)"
    assert repr(receipt).startswith("Receipt('hemibrain.neurons@v1', created=True, digest='sha256:")
    assert len(repr(receipt)) < 400


def test_a_declaration_and_a_table_show_their_columns(registry: Registry) -> None:
    assert str(facts(3)) == (
        "version 3 of a Delta table at /data/neurons: 2 columns and nested fields, an unknown number of rows"
    )
    assert "<td>body_id</td><td>int64</td><td>yes</td>" in html(facts(3))
    assert str(declared()) == "hemibrain.neurons, made against hemibrain@v1.2.1: 2 columns, 0 references, 0 signals"
    assert "<td>body_id · id_space hemibrain</td>" in html(declared())
    registry.publish(declared(), facts(3), message="First")
    assert "the record is intact" in html(registry.verify("hemibrain.neurons@v1", record=True))

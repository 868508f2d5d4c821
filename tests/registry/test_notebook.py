"""Results as a notebook shows them, and as data frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.declared import declared, facts


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    registry = Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org")
    publish_examples(registry)
    return registry


def html(result: object) -> str:
    return result._repr_html_()  # type: ignore[attr-defined]


def test_rows_are_a_table_and_words_are_no_markup(registry: Registry) -> None:
    registry.describe(
        Dataset(name="minnie65.nuclei", title="<b>Nuclei</b>"), message="Renamed", publisher="bob@lab.org"
    )
    shown = html(registry.find(dataset="minnie65.nuclei"))
    assert "<th>version</th>" in shown
    assert "<td>minnie65.nuclei@v2</td>" in shown
    assert "&lt;b&gt;Nuclei&lt;/b&gt;" in shown
    assert "nothing found" in html(registry.find("nobody"))
    assert "the first of more" in html(registry.find(limit=1))


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


def test_a_declaration_and_a_table_show_their_columns(registry: Registry) -> None:
    assert str(facts(3)) == (
        "version 3 of a Delta table at /data/neurons: 2 columns and nested fields, an unknown number of rows"
    )
    assert "<td>body_id</td><td>int64</td><td>yes</td>" in html(facts(3))
    assert str(declared()) == "hemibrain.neurons, made against hemibrain@v1.2.1: 2 columns, 0 references, 0 signals"
    assert "<td>body_id · id_space hemibrain</td>" in html(declared())
    registry.publish(declared(), facts(3), message="First")
    assert "the record is intact" in html(registry.verify("hemibrain.neurons@v1", record=True))

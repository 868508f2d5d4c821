"""Results as a notebook shows them, and as data frames."""

from __future__ import annotations

from pathlib import Path

import pytest

from registry_dagster.model.dataset import Dataset
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples


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

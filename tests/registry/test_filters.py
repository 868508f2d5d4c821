"""A search's filters: declared once, refused by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import InvalidDeclaration
from registry_dagster.registry.filters import FILTERS, parameters
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"semantics": "embedding"}, "no filter 'semantics'; did you mean 'semantic'? Use one of dataset, "),
        ({"semantic": "embeding"}, "semantic 'embeding' is unknown; did you mean 'embedding'? Use one of "),
        ({"format": "orc"}, "format 'orc' is unknown. Use one of parquet, delta, iceberg, lance"),
    ],
)
def test_a_filter_that_there_is_not_is_refused(registry: Registry, given: Any, said: str) -> None:
    for search in (registry.find, registry.stream):
        with pytest.raises(InvalidDeclaration) as refused:
            search(**given)
        assert said in str(refused.value)


def test_a_filter_that_is_none_is_as_good_as_left_out(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="first")
    assert len(registry.find(**dict.fromkeys(FILTERS))) == 1  # pyright: ignore[reportArgumentType]


def test_every_filter_says_what_it_keeps() -> None:
    assert [each.name for each in parameters()] == list(FILTERS)
    for name, each in FILTERS.items():
        assert each.help.endswith("."), name

"""A plan is what the publish that follows does: the same number, the same refusals, the same warnings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import VersionConflict
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path}/registry.db", publisher="ada@lab.org") as opened:
        yield opened


def test_a_plan_with_the_next_number_is_what_publishing_does(registry: Registry) -> None:
    for version in (1, 2):
        plan = registry.plan(declared(), facts(version), version=version)
        receipt = registry.publish(declared(), facts(version), version=version, message="why")
        assert plan.version == receipt.version == f"hemibrain.neurons@v{version}"


@pytest.mark.parametrize(
    ("table", "asked", "said"),
    [
        (facts(3), {"version": 5}, "hemibrain.neurons@v5 cannot be published: numbers have no gaps.* pass version=3"),
        (facts(3), {"version": 1}, "hemibrain.neurons@v1 is published with other content"),
        (facts(3), {"label": "paper"}, "label 'paper' belongs to hemibrain.neurons@v1"),
        (facts(2), {"version": 3}, "the same content is already published as hemibrain.neurons@v2; leave version out"),
    ],
)
def test_a_plan_is_refused_as_the_publish_is(registry: Registry, table: Any, asked: dict[str, Any], said: str) -> None:
    registry.publish(declared(), facts(1), label="paper", message="why")
    registry.publish(declared(), facts(2), message="why")
    with pytest.raises(VersionConflict, match=said):
        registry.plan(declared(), table, **asked)
    with pytest.raises(VersionConflict, match=said):
        registry.publish(declared(), table, **asked, message="why")

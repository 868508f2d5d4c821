"""What a registry says for papers: how to cite a version."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

NAME = "hemibrain.neurons"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        registry.publish(declared(title="Neurons", owners=["team:fly"]), facts(), message="why", license="CC0-1.0")
        yield registry


def test_a_citation_says_what_holds_now(registry: Registry) -> None:
    before = registry.cite(NAME)
    assert before.unknown == ()
    assert "fly (20" in before.text
    assert "License: CC0-1.0" in before.text
    registry.acts.doi(f"{NAME}@v1", "10.5281/zenodo.1", reason="minted")
    assert registry.cite(NAME).text == f"{before.text} https://doi.org/10.5281/zenodo.1"
    registry.acts.citation(NAME, "Ada (2026)", reason="in print")
    assert registry.cite(f"{NAME}@v1").text == "Ada (2026)"


def test_the_digest_in_a_citation_leads_to_the_version(registry: Registry) -> None:
    (short,) = (word.rstrip(".") for word in registry.cite(NAME).text.split() if word.startswith("sha256:"))
    assert registry.get(short).name == f"{NAME}@v1"


def test_a_citation_says_which_version_it_took_and_that_it_is_retired(registry: Registry) -> None:
    registry.retire(f"{NAME}@v1", reason="wrong units")
    assert "wrong units" in str(registry.cite(f"{NAME}@v1").taken[0].remark)

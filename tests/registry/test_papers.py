"""What a registry says for papers: how to cite a version, and which versions a paper used."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from registry_dagster.answers.citation import short_digest
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.outward.mirror.write import write_mirror
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


def test_another_labs_version_is_cited_by_its_own_name_and_locked_in_its_own_registry(
    registry: Registry, tmp_path: Path
) -> None:
    write_mirror(registry, str(tmp_path / "public"))
    with Registry.open(f"lite://{tmp_path}/ours.db", remotes={"laba": str(tmp_path / "public")}) as ours:
        assert ours.cite(f"laba/{NAME}").bibtex == registry.cite(NAME).bibtex
        with pytest.raises(InvalidDeclaration, match="laba/hemibrain.neurons is of another lab"):
            ours.lock(f"laba/{NAME}")
        checked = ours.remote("laba").papers.check(registry.lock(NAME))
    assert [each.state for each in checked.findings if each.what == "record"] == ["as locked"]


def test_a_statement_says_what_was_used_and_where(registry: Registry, tmp_path: Path) -> None:
    registry.publish(declared("lab.cells"), facts(location="s3://lab/cells"), message="why")
    registry.acts.doi(f"{NAME}@v1", "10.5281/zenodo.1", reason="minted")
    lock = registry.lock(NAME, "lab.cells")
    (tmp_path / "paper.lock.yaml").write_text(lock.to_yaml())
    said = registry.papers.statement(tmp_path / "paper.lock.yaml")
    first, second = (short_digest(registry.get(name).digest) for name in (NAME, "lab.cells"))
    assert said.text == (
        "The feature tables of this work are immutable versions in a feature registry, whose record says what each "
        "column means. Neurons is hemibrain.neurons@v1 (made against hemibrain@v1.2.1; license CC0-1.0; "
        f"https://doi.org/10.5281/zenodo.1; version 0 of a Delta table; record {first}). lab.cells@v1 (made against "
        f"hemibrain@v1.2.1; version 0 of a Delta table at s3://lab/cells; record {second}). The exact digests, and how "
        "tables join, are in the lock file paper.lock.yaml; feature-registry lock --check compares them with what is "
        "published."
    )
    assert said.bibtex == "\n\n".join(registry.cite(name).bibtex for name in (NAME, "lab.cells"))
    assert "are in its lock file;" in registry.papers.statement(lock).text


def test_versions_that_are_cited_alike_have_one_entry(registry: Registry) -> None:
    registry.publish(declared(), facts(1), message="why")
    registry.acts.citation(NAME, "@article{ada26, title = {Neurons}}", reason="in print")
    said = registry.papers.statement(registry.lock(f"{NAME}@v1", f"{NAME}@v2"))
    assert said.bibtex == "@article{ada26, title = {Neurons}}"


def test_no_statement_is_made_of_what_is_not_as_it_was_locked(registry: Registry) -> None:
    lock = registry.lock(NAME)
    other = lock.versions[0].model_copy(update={"digest": f"sha256:{0:064}"})
    with pytest.raises(NotPublished, match=r"hemibrain.neurons@v1: its digest is sha256:.* is locked"):
        registry.papers.statement(lock.model_copy(update={"versions": (other,)}))

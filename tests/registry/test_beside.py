"""What a publication says of a version that is no part of its content: code, license, citation, DOI."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from registry_dagster.errors import AccessDenied, InvalidDeclaration, RegistryError, RegistryUnavailable
from registry_dagster.model.source_code import SourceCode
from registry_dagster.registry.handoff import handed_off
from registry_dagster.registry.plan import Beside, Publication, Receipt
from registry_dagster.registry.registry import Registry
from registry_dagster.registry.work_tree import CommittedFiles, code_at, code_given
from tests.git_tree import commit_all
from tests.registry.declared import declared, facts

NAME = "hemibrain.neurons"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CODE = f"https://github.com/lab/emb@{COMMIT}:emb.py"


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Registry]:
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        yield registry


def test_code_is_in_the_record_and_never_in_the_content(registry: Registry) -> None:
    plain = registry.publish(declared(), facts(), message="why")
    again = registry.publish(declared(), facts(), message="why", code=CODE)
    assert (again.version, again.created) == (plain.version, False)
    second = registry.publish(declared(), facts(1), message="why", code=CODE)
    record = registry.get(second.version)
    assert record.provenance.code == SourceCode.parse(CODE)
    without = record.model_copy(update={"provenance": record.provenance.model_copy(update={"code": None})})
    assert without.digest != record.digest
    assert without.content_digest == record.content_digest


def test_a_hand_off_carries_the_code(tmp_path: Path) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="ada@lab.org") as handoff:
        handoff.publish(declared(), facts(), message="why", code=CODE)
    (delivery,) = handed_off(tmp_path / "handoff").versions
    with Registry.open(f"lite://{tmp_path}/registry.db") as registry:
        assert isinstance(delivery.publication, Publication)
        (receipt,) = registry.publish_many([delivery.publication])
        assert isinstance(receipt, Receipt)
        assert str(registry.get(receipt.version).provenance.code) == CODE


def test_license_citation_and_doi_are_recorded_once_it_is_published(registry: Registry) -> None:
    said: Beside = {"license": "CC-BY-4.0", "citation": "Ada (2026)", "doi": "https://doi.org/10.5281/Zenodo.1"}
    receipt = registry.publish(declared(), facts(), message="first", **said)
    digest = registry.get(receipt.version).digest
    now = registry.acts.now(NAME).version(receipt.version)
    assert (now.license, now.citation, now.doi) == ("CC-BY-4.0", "Ada (2026)", "10.5281/zenodo.1")
    assert [(act.act, act.by, act.why) for act in registry.acts.history(receipt.version)] == [
        (name, "ada@lab.org", "first") for name in ("license", "citation", "doi")
    ]
    registry.acts.license(receipt.version, "MIT", reason="agreed anew")
    again = registry.publish(declared(), facts(), message="again", **said)
    assert registry.acts.now(NAME).version(receipt.version).license == "MIT"
    assert any("has the license MIT and keeps it" in note for note in again.notes)
    assert len(registry.acts.history(receipt.version)) == 4
    assert registry.get(receipt.version).digest == digest


def test_a_version_without_its_own_has_the_license_of_its_dataset(registry: Registry) -> None:
    registry.publish(declared(), facts(), message="why", license="MIT")
    registry.publish(declared(), facts(1), message="why")
    registry.acts.licence(NAME, "CC0-1.0", reason="by its earlier name")
    registry.acts.citation(NAME, "Ada (2026)", reason="in print")
    first, second = registry.acts.now(NAME).versions
    assert (first.license, first.citation, second.license, second.licence) == (
        "MIT",
        "Ada (2026)",
        "CC0-1.0",
        "CC0-1.0",
    )
    with pytest.raises(InvalidDeclaration, match="@v"):
        registry.acts.doi(NAME, "10.5281/zenodo.1", reason="of no version")


def test_what_is_not_well_formed_is_refused_before_anything_is_written(registry: Registry) -> None:
    for wrong in (Beside(doi="zenodo"), Beside(code="main"), Beside(license="https://a:b@x.org")):
        with pytest.raises(InvalidDeclaration):
            registry.publish(declared(), facts(), message="why", **wrong)
    assert registry.versions(NAME) == ()
    assert any("SPDX" in text for text in registry.plan(declared(), facts(), license="ask the lab").warnings)


@pytest.mark.parametrize("error", [RegistryUnavailable("the disk is full"), AccessDenied("no right", ())])
def test_a_version_is_published_even_if_its_license_cannot_be_recorded(
    registry: Registry, monkeypatch: pytest.MonkeyPatch, error: RegistryError
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    publication = Publication(declared(), facts(), "why", license="MIT")
    with monkeypatch.context() as patched:
        patched.setattr(type(registry.acts), "license", fail)
        (outcome,) = registry.publish_many([publication])
    said = " ".join(outcome.notes) if isinstance(outcome, Receipt) else str(outcome)
    assert "is published" in said
    assert isinstance(outcome, RegistryUnavailable) == isinstance(error, RegistryUnavailable)
    (again,) = registry.publish_many([replace(publication)])
    assert isinstance(again, Receipt)
    assert not again.created
    assert registry.acts.now(NAME).versions[0].license == "MIT"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A work tree with one commit and a remote that has a password in it."""
    folder = tmp_path / "tree"
    (folder / "pipeline").mkdir(parents=True)
    (folder / "pipeline" / "emb.py").write_text("x = 1\n")
    commit_all(folder, "https://ada:hunter2@github.com/lab/emb.git")
    return folder


def test_a_work_tree_gives_its_commit_and_says_when_it_is_dirty(tree: Path) -> None:
    code = code_at(tree / "pipeline" / "emb.py")
    assert code is not None
    assert (code.repository, code.path, code.dirty) == ("https://github.com/lab/emb", "pipeline/emb.py", False)
    assert code_given(str(tree)) == code.model_copy(update={"path": None})
    (tree / "untracked.txt").write_text("x")
    assert not code_given(str(tree / "pipeline")).dirty
    (tree / "pipeline" / "emb.py").write_text("x = 2\n")
    assert code_given(str(tree / "pipeline")) == code.model_copy(update={"path": "pipeline", "dirty": True})
    assert "with changes that were not committed" in str(code_at(tree))


def test_files_of_a_work_tree_without_changes_have_its_commit(tree: Path) -> None:
    file = tree / "pipeline" / "emb.py"
    assert CommittedFiles().code(str(file)) == code_at(file)
    (tree / "pipeline" / "untracked.py").write_text("x = 1\n")
    assert CommittedFiles().code(str(tree / "pipeline" / "untracked.py")) is None
    assert CommittedFiles().code("the YAML text") is None
    (tree / "top.py").write_text("x = 1\n")
    subprocess.run(["git", "-C", tree, "add", "."], check=True)
    assert CommittedFiles().code(str(file)) is None


def test_what_git_does_not_keep_has_no_code(tree: Path, tmp_path: Path) -> None:
    for name in ("untracked.txt", "[e]mb.py"):
        (tree / "pipeline" / name).write_text("x")
        assert code_at(tree / "pipeline" / name) is None
    assert code_at(tmp_path) is None
    subprocess.run(["git", "init", "-q", tmp_path / "empty"], check=True)
    assert code_at(tmp_path / "empty") is None
    with pytest.raises(InvalidDeclaration, match="not in a git work tree"):
        code_given(str(tmp_path))

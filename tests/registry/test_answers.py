"""What a registry answers about what is published: together, joined, compared."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry_dagster.answers.answer import Verdict
from registry_dagster.cli.app import app
from registry_dagster.errors import NotPublished
from registry_dagster.model.embeddings import Embedding
from registry_dagster.model.identifiers import NucleusId, RootId
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.registry.registry import Registry
from tests.registry.declared import declared, facts

MINNIE_943, MINNIE_1300 = (
    MaterializationVersion(system="minnie65_public", version=version, source="cave") for version in (943, 1300)
)
NUCLEUS = NucleusId(source_table="nucleus_detection_v0")
ROOT = RootId(id_space="minnie65_public")


@pytest.fixture
def target(tmp_path: Path) -> str:
    return f"lite://{tmp_path / 'registry.db'}"


@pytest.fixture
def registry(target: str) -> Iterator[Registry]:
    """Cells of 943, sizes of 1300 by nucleus, types of 1300 by root."""
    with Registry.open(target, publisher="ada@lab.org") as registry:
        for name, version, columns in (
            ("minnie65.cells", MINNIE_943, {"nucleus_id": NUCLEUS, "root_id": ROOT}),
            ("minnie65.sizes", MINNIE_1300, {"nucleus_id": NUCLEUS}),
            ("minnie65.types", MINNIE_1300, {"root_id": ROOT}),
        ):
            table = facts(location=f"/data/{name}", **dict.fromkeys(columns, "int64"))
            registry.publish(declared(name, materializations=(version,), columns=columns), table, message="First")
        yield registry


def test_tables_of_two_releases_join_on_ids_that_hold(registry: Registry) -> None:
    (join,) = registry.join("minnie65.cells", "minnie65.sizes").joins
    assert join.columns == (("nucleus_id", "nucleus_id"),)
    assert join.verdict is Verdict.ID_STABLE


def test_a_join_on_roots_across_releases_loses_rows(registry: Registry) -> None:
    (join,) = registry.join("minnie65.cells@v1", "minnie65.types").joins
    assert join.verdict is Verdict.LOSSY


def test_an_upstream_version_is_compatible_with_itself(registry: Registry) -> None:
    assert registry.compatibility("minnie65.sizes", MINNIE_1300).verdict is Verdict.EXACT


def test_an_expiry_recorded_later_is_told(registry: Registry) -> None:
    before = registry.compatibility("minnie65.sizes", "minnie65.types")
    expired = MaterializationVersion(system="minnie65_public", version=1300, source="cave", status="expired")
    registry.publish(
        declared("minnie65.more", materializations=(expired,), columns={"nucleus_id": NUCLEUS}),
        facts(location="/data/more", nucleus_id="int64"),
        message="First",
    )
    after = registry.compatibility("minnie65.sizes", "minnie65.types")
    assert before.verdict is after.verdict is Verdict.EXACT
    assert "expired" not in " ".join(map(str, before.lifecycle))
    assert "expired" in " ".join(map(str, after.lifecycle))


def test_embeddings_of_two_models_are_not_comparable(registry: Registry) -> None:
    for model in ("segclr", "other"):
        columns = {"vector": Embedding(dim=2, model=model, distance="cosine", normalized=True, anchor="segment")}
        registry.publish(
            declared(f"minnie65.{model}", materializations=(MINNIE_1300,), columns=columns),
            facts(location=f"/data/{model}", vector="fixed_size_list<float32>[2]"),
            message="First",
        )
    assert "model" in str(registry.comparable("minnie65.segclr", "minnie65.other"))


def test_what_is_not_published_has_no_answer(registry: Registry) -> None:
    with pytest.raises(NotPublished, match="minnie65.cell"):
        registry.join("minnie65.cells", "minnie65.cell")


@pytest.mark.parametrize("command", ["join", "compatible", "comparable"])
def test_each_answer_has_a_command(registry: Registry, target: str, command: str) -> None:
    registry.close()
    words = [command, "minnie65.cells", "minnie65.sizes", "--registry", target]
    told = CliRunner().invoke(app, words)
    assert told.exit_code == 0, told.output
    assert "minnie65.cells@v1" in told.output
    assert json.loads(CliRunner().invoke(app, [*words, "--json"]).output)["a"] == "minnie65.cells@v1"

"""A column that holds a source's own values says which, and its table is found by that."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry_dagster.adopt.declaration_file import DeclarationFile, read_file
from registry_dagster.adopt.published import Published
from registry_dagster.cli.app import app
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import InvalidDeclaration, NotPublished
from registry_dagster.model.column import UpstreamColumn
from registry_dagster.model.feature_table import FeatureTable
from registry_dagster.model.identifiers import RootId
from registry_dagster.model.words import column_words
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import open_store
from tests.registry.declared import facts

DECLARATION = """
dataset: {name: lab.synapses}
materializations: [cave/minnie65_public@1300]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public, copy_of: COPY}
"""
COPY = "{table: synapses_pni_2, column: pre_pt_root_id}"


def target(folder: Path) -> str:
    return f"lite://{folder}/registry.db"


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    return Registry.open(target(tmp_path), publisher="ada@lab.org")


@pytest.fixture
def published(registry: Registry) -> Registry:
    other = DECLARATION.replace(", copy_of: COPY", "").replace("lab.synapses", "lab.other")
    for number, text in enumerate((DECLARATION.replace("COPY", COPY), other)):
        registry.publish(FeatureTable.from_yaml(text), facts(number, root_id="int64"), message="why")
    return registry


def test_a_column_that_says_nothing_of_it_has_the_json_and_digest_it_always_had() -> None:
    assert RootId(id_space="x").to_json() == {"semantic": "root_id", "id_space": "x"}


def test_it_is_read_back_shown_in_words_and_written_to_datahub(published: Registry, tmp_path: Path) -> None:
    column = published.get("lab.synapses@v1").columns["root_id"]
    assert column.copy_of == UpstreamColumn(table="synapses_pni_2", column="pre_pt_root_id")
    words = "copy of synapses_pni_2.pre_pt_root_id"
    assert words in column_words(column)
    assert words in published.column("lab.synapses@v1", "root_id").meaning
    assert words in CliRunner().invoke(app, ["show", "lab.synapses@v1", "--registry", target(tmp_path)]).stdout
    urn = version_urn("lab.synapses@v1", "PROD")
    with closing(open_store(target(tmp_path))) as store:
        entity = store.read([urn], ["schemaMetadata", "structuredProperties"])[urn]
    (field,) = [each for each in entity["schemaMetadata"]["fields"] if each["fieldPath"] == "root_id"]
    assert words in field["description"]
    given = {each["propertyUrn"]: each["values"] for each in entity["structuredProperties"]["properties"]}
    assert given["urn:li:structuredProperty:featureRegistry.copy_of"] == [{"string": "synapses_pni_2"}]


def test_its_table_is_found_by_what_it_is_a_copy_of(published: Registry) -> None:
    assert [each.version for each in published.find(copy_of="synapses_pni_2")] == ["lab.synapses@v1"]
    assert published.find(copy_of="synapses_pni_2", materialization="minnie65_public@1300", format="parquet").rows == ()
    (dependent,) = published.dependents("synapses_pni_2")
    assert (dependent.version, dependent.how) == (
        "lab.synapses@v1",
        ("root_id is a copy of synapses_pni_2.pre_pt_root_id",),
    )
    with pytest.raises(
        NotPublished, match=r"synapse_pni_2: no such copied table is known .*; did you mean 'synapses_pni_2'"
    ):
        published.find(copy_of="synapse_pni_2")


def test_a_draft_of_another_table_is_no_copy_for_having_a_column_of_the_same_name(published: Registry) -> None:
    proposed = Published(published.meanings).proposal("root_id", "int64", "minnie65_public")
    assert proposed is not None
    assert proposed.meaning == {"semantic": "root_id", "id_space": "minnie65_public"}


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        ("synapses_pni_2", "columns.root_id.copy_of: must be a mapping of keys to values, got 'synapses_pni_2'"),
        ("{table: synapses_pni_2}", "columns.root_id.copy_of.column: required, but missing"),
        ("{tabel: a, column: b}", "columns.root_id.copy_of.tabel: unknown key; did you mean 'table'?"),
        ("{table: '', column: b}", "columns.root_id.copy_of.table: empty text"),
    ],
)
def test_a_wrong_one_is_answered_with_its_line_and_the_fix(copy: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        read_file(DECLARATION.replace("COPY", copy))
    assert said in str(refused.value)
    assert "line 5" in str(refused.value)


def test_a_word_for_it_is_answered_with_ours() -> None:
    with pytest.raises(InvalidDeclaration, match="copied_from: unknown key; did you mean 'copy_of'"):
        read_file(DECLARATION.replace("copy_of: COPY", f"copied_from: {COPY}"))


def test_the_json_schema_has_it_for_every_semantic() -> None:
    kinds = json.loads(json.dumps(DeclarationFile.model_json_schema()))["$defs"]
    described = [each for each in kinds.values() if "semantic" in each.get("properties", {})]
    assert len(described) >= 28
    assert all("copy_of" in each["properties"] for each in described)

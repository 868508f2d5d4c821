"""Every aspect and URN we write is one DataHub's own classes write and read."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from datahub.emitter.mce_builder import datahub_guid
from datahub.emitter.serialization_helper import pre_json_transform
from datahub.metadata.urns import (
    ContainerUrn,
    CorpGroupUrn,
    CorpUserUrn,
    DatasetUrn,
    ErModelRelationshipUrn,
    GlossaryNodeUrn,
    GlossaryTermUrn,
    SchemaFieldUrn,
    StructuredPropertyUrn,
    TagUrn,
    Urn,
    VersionSetUrn,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from registry_dagster.datahub import urns
from registry_dagster.datahub.glossary import annotation_type_term, semantic_term
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from registry_dagster.model.quantities import Feature
from registry_dagster.model.table import TableField
from registry_dagster.model.vocabulary import ANNOTATION_TYPES
from tests.datahub.wire import publish_proposals, read_by_datahub
from tests.gms.state import entity_spec
from tests.golden.records import DATASET, records
from tests.registry.declared import urns_in
from tests.strategies import column_paths, dataset_versions, datasets, materializations

ENVIRONMENTS = st.sampled_from(["PROD", "DEV"])


def assert_datahub_agrees(proposals: Iterable[Proposal]) -> None:
    for proposal in proposals:
        typed = read_by_datahub(proposal)
        assert typed.validate(), proposal
        assert pre_json_transform(typed.to_obj()) == proposal.value, proposal


@given(dataset_versions(), datasets, ENVIRONMENTS)
def test_datahub_reads_and_writes_every_aspect_of_a_publish_the_same(
    record: DatasetVersion, dataset: Dataset, env: str
) -> None:
    assert_datahub_agrees(publish_proposals(record, dataset, env))


@pytest.mark.parametrize("name", records())
def test_datahub_reads_and_writes_every_aspect_of_a_golden_record_the_same(name: str) -> None:
    assert_datahub_agrees(publish_proposals(records()[name], DATASET))


@settings(max_examples=30)
@given(dataset_versions(), datasets)
def test_every_urn_in_a_publish_is_one_datahub_parses_and_prints_the_same(
    record: DatasetVersion, dataset: Dataset
) -> None:
    for proposal in publish_proposals(record, dataset):
        for urn in {proposal.urn} | urns_in(proposal.value):
            assert Urn.from_string(urn).urn() == urn


@settings(max_examples=30)
@given(dataset_versions(), datasets)
def test_every_aspect_is_one_its_entity_has(record: DatasetVersion, dataset: Dataset) -> None:
    for proposal in publish_proposals(record, dataset):
        entity = entity_spec(proposal.urn)
        assert entity is not None
        assert proposal.aspect in entity.aspects


def test_datahub_reads_and_writes_ten_thousand_columns_the_same() -> None:
    record = records()["position"]
    fields = tuple(TableField(path=f"c{number}.x", type="float32") for number in range(10_000))
    columns = {f"c{number}.x": Feature(description="wide") for number in range(10_000)}
    table = record.table.model_copy(update={"fields": fields})
    wide = record.model_copy(update={"table": table, "columns": columns})
    assert_datahub_agrees(publish_proposals(wide, DATASET))


@given(materializations, ENVIRONMENTS)
def test_a_materialization_version_has_datahubs_own_dataset_urn(version: MaterializationVersion, env: str) -> None:
    assert urns.materialization_urn(version, env) == DatasetUrn(version.source, str(version), env).urn()


def test_a_version_has_datahubs_own_dataset_urn() -> None:
    urn = urns.version_urn("minnie65.synapse_embeddings@v3", "DEV")
    assert urn == DatasetUrn("feature-registry", "minnie65.synapse_embeddings@v3", "DEV").urn()
    assert urns.version_in(urn) == ("minnie65.synapse_embeddings", 3)


@given(column_paths)
def test_a_column_has_datahubs_own_field_urn(path: str) -> None:
    dataset = urns.version_urn("a@v1", "PROD")
    assert urns.field_urn(dataset, path) == SchemaFieldUrn(dataset, path).urn()


@given(st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=200).filter(str.strip))
def test_people_have_datahubs_own_user_urn(name: str) -> None:
    assert urns.user_urn(name) == CorpUserUrn(name).urn()


@given(datasets)
def test_tags_and_owners_have_datahubs_own_urns(dataset: Dataset) -> None:
    for tag in dataset.tags:
        assert f"urn:li:tag:{urns.encoded(tag)}" == TagUrn(tag).urn()
    for owner in dataset.owners:
        expected = CorpGroupUrn(owner[5:]) if owner.startswith("team:") else CorpUserUrn(owner)
        assert urns.owner_urn(owner) == expected.urn()


def test_the_other_entities_have_datahubs_own_urns() -> None:
    assert urns.version_set_urn("cave", "minnie65_public", "PROD") == (
        VersionSetUrn("cave:minnie65_public:PROD", "dataset").urn()
    )
    assert urns.property_urn("featureRegistry.format") == StructuredPropertyUrn("featureRegistry.format").urn()
    for term in (*map(semantic_term, SEMANTICS), *map(annotation_type_term, ANNOTATION_TYPES)):
        assert GlossaryTermUrn.from_string(term).urn() == term
    for proposal in publish_proposals(records()["delta"], DATASET):
        kind = urns.entity_type(proposal.urn)
        if kind == "glossaryNode":
            assert GlossaryNodeUrn.from_string(proposal.urn).urn() == proposal.urn
        if kind == "erModelRelationship":
            assert ErModelRelationshipUrn.from_string(proposal.urn).urn() == proposal.urn


def test_a_container_has_the_id_datahub_makes_of_its_key() -> None:
    key = {"platform": "feature-registry", "dataset": "größe.a", "env": "PROD"}
    assert urns.container_urn("größe.a", "PROD") == ContainerUrn(datahub_guid(key)).urn()


def test_environments_keep_entities_apart() -> None:
    assert urns.container_urn("a", "PROD") != urns.container_urn("a", "DEV")
    assert urns.version_urn("a@v1", "PROD") != urns.version_urn("a@v1", "DEV")
    assert urns.version_set_urn("cave", "a", "PROD") != urns.version_set_urn("cave", "a", "DEV")


def test_versions_are_in_order_as_text() -> None:
    numbers = [1, 2, 9, 10, 11, 100, 999_999_999]
    assert sorted(map(str, numbers), key=urns.sort_id) == list(map(str, numbers))
    assert sorted(["v1.10", "v1.2.1", "v1.9"], key=urns.sort_id) == ["v1.2.1", "v1.9", "v1.10"]

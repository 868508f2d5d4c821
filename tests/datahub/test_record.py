"""A record goes into DataHub's aspects and comes back the very same, or its reader says why not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given

from registry_dagster.datahub.dataset import dataset_from, dataset_proposals
from registry_dagster.datahub.materialization import materialization_from, materialization_proposals
from registry_dagster.datahub.urns import container_urn, materialization_urn, version_urn
from registry_dagster.datahub.version import record_from, summary_from, version_proposals
from registry_dagster.errors import CorruptRecord
from registry_dagster.model.dataset import Dataset
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.materialization import MaterializationVersion
from tests.datahub.wire import entity, stored
from tests.golden.records import records
from tests.strategies import dataset_versions, datasets, materializations

RECORD = records()["iceberg"]
URN = version_urn(RECORD.name, "PROD")


@given(dataset_versions())
def test_any_record_reads_back_the_very_same(record: DatasetVersion) -> None:
    urn = version_urn(record.name, "PROD")
    again = record_from(entity(version_proposals(record, Dataset(name=record.dataset), "PROD"), urn), urn)
    assert again == record
    assert again.digest == record.digest


@given(dataset_versions())
def test_a_summary_tells_what_the_record_tells(record: DatasetVersion) -> None:
    urn = version_urn(record.name, "PROD")
    written = entity(version_proposals(record, Dataset(name=record.dataset), "PROD"), urn)
    summary = summary_from({"datasetProperties": written["datasetProperties"]}, record.number)
    assert summary.content_digest == record.content_digest
    assert summary.label == record.label
    assert summary.materializations == {str(version) for version in record.materializations}
    assert summary.table == record.table.identity


@given(datasets)
def test_any_dataset_reads_back_the_very_same(dataset: Dataset) -> None:
    urn = container_urn(dataset.name, "PROD")
    assert dataset_from(entity(dataset_proposals(dataset, {}, "PROD"), urn)) == dataset


@given(materializations)
def test_any_materialization_version_reads_back_the_very_same(version: MaterializationVersion) -> None:
    urn = materialization_urn(version, "PROD")
    again = materialization_from(entity(materialization_proposals(version, "PROD"), urn))
    assert again == version


def test_what_is_not_stored_is_not_read() -> None:
    assert dataset_from({}) is None
    assert materialization_from({}) is None


def written() -> dict[str, Any]:
    return stored(version_proposals(RECORD, Dataset(name=RECORD.dataset), "PROD"))[URN]


def set_property(name: str, value: str) -> Callable[[dict[str, Any]], None]:
    return lambda aspects: aspects["datasetProperties"]["customProperties"].update({name: value})


def drop_property(name: str) -> Callable[[dict[str, Any]], None]:
    return lambda aspects: aspects["datasetProperties"]["customProperties"].pop(name)


def set_field(position: int, **changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda aspects: aspects["schemaMetadata"]["fields"][position].update(changes)


def set_raw_schema(text: str) -> Callable[[dict[str, Any]], None]:
    return lambda aspects: aspects["schemaMetadata"]["platformSchema"].update(
        {"com.linkedin.schema.OtherSchema": {"rawSchema": text}}
    )


@pytest.mark.parametrize(
    "tamper",
    [
        set_property("message", "another reason"),
        set_property("publisher", "somebody@else.org"),
        set_property("location", "/data/other"),
        set_property("rows", "1"),
        set_property("rows", "many"),
        set_property("version", "2"),
        set_property("version", "two"),
        set_property("dataset", "other.dataset"),
        set_property("label", "another"),
        set_property("digest", "sha256:00"),
        set_property("materializations", "[]"),
        set_property("references", "not json"),
        set_property("pin", '{"format":"parquet","fingerprint":"f"}'),
        drop_property("digest"),
        drop_property("pin"),
        drop_property("message"),
        drop_property("signals"),
        set_field(0, nativeDataType="int32"),
        set_field(0, nullable=True),
        set_field(0, fieldPath="renamed"),
        set_field(1, jsonProps='{"semantic":"bookkeeping"}'),
        set_field(1, jsonProps=""),
        set_field(1, jsonProps="{"),
        lambda aspects: aspects["schemaMetadata"]["fields"].pop(),
        lambda aspects: aspects["schemaMetadata"]["fields"].reverse(),
        set_raw_schema("AAAA"),
        lambda aspects: aspects["schemaMetadata"].pop("platformSchema"),
        lambda aspects: aspects["schemaMetadata"].pop("fields"),
        lambda aspects: aspects.pop("schemaMetadata"),
    ],
)
def test_a_record_changed_after_publishing_is_never_read_as_what_was_published(
    tamper: Callable[[dict[str, Any]], None],
) -> None:
    aspects = written()
    assert record_from(aspects, URN) == RECORD
    tamper(aspects)
    with pytest.raises(CorruptRecord) as refusal:
        record_from(aspects, URN)
    assert str(refusal.value).startswith(f"{URN}: ")


@pytest.mark.parametrize(
    ("tamper", "aspect"),
    [
        (set_property("message", "another reason"), "datasetProperties"),
        (set_field(0, nullable=True), "schemaMetadata"),
        (set_field(1, jsonProps=""), "schemaMetadata"),
        (set_raw_schema("AAAA"), "schemaMetadata"),
    ],
)
def test_the_changed_aspect_is_named_with_both_digests(tamper: Callable[[dict[str, Any]], None], aspect: str) -> None:
    aspects = written()
    tamper(aspects)
    with pytest.raises(CorruptRecord, match=f"aspect {aspect} was changed after publishing: ") as refusal:
        record_from(aspects, URN)
    assert f"published was {RECORD.digest}" in str(refusal.value)


def test_the_record_of_another_version_is_not_read_as_this_one() -> None:
    another = version_urn(f"{RECORD.dataset}@v{RECORD.number + 1}", "PROD")
    with pytest.raises(CorruptRecord, match=f"holds the record of {RECORD.name}"):
        record_from(written(), another)


def test_a_removed_aspect_is_named() -> None:
    aspects = written()
    del aspects["schemaMetadata"]
    with pytest.raises(CorruptRecord, match="aspect schemaMetadata is missing; it was removed after publishing"):
        record_from(aspects, URN)


def test_properties_that_others_overwrote_are_named_and_no_upgrade_is_asked_for() -> None:
    aspects = written()
    aspects["datasetProperties"] = {"description": "By hand", "customProperties": {}}
    with pytest.raises(CorruptRecord, match="datasetProperties was overwritten after publishing"):
        record_from(aspects, URN)


@pytest.mark.parametrize("record_format", ["2", "one"])
def test_a_record_of_a_newer_release_asks_for_an_upgrade(record_format: str) -> None:
    aspects = written()
    set_property("record_format", record_format)(aspects)
    with pytest.raises(CorruptRecord, match="upgrade registry-dagster") as refusal:
        record_from(aspects, URN)
    assert repr(record_format) in str(refusal.value)


@pytest.mark.parametrize(
    "addition",
    [
        lambda aspects: aspects.update(editableDatasetProperties={"description": "by a person"}),
        lambda aspects: aspects.update(globalTags={"tags": [{"tag": "urn:li:tag:gold"}]}),
        lambda aspects: aspects["schemaMetadata"].update(version=7, hash="f00"),
        set_property("of_a_later_release", "x"),
    ],
)
def test_what_others_add_beside_the_record_does_not_touch_it(addition: Callable[[dict[str, Any]], None]) -> None:
    aspects = written()
    addition(aspects)
    assert record_from(aspects, URN) == RECORD


def test_a_record_is_read_from_text_that_was_written_with_other_spacing() -> None:
    aspects = json.loads(json.dumps(written(), indent=3, sort_keys=True, ensure_ascii=False))
    assert record_from(aspects, URN) == RECORD

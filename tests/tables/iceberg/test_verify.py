"""What becomes of a pinned snapshot of an Iceberg table, and how that is found out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table

from registry_dagster.model.table import IcebergPin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.iceberg.options import for_pyiceberg
from registry_dagster.tables.verify import verify_table
from tests.tables.places import Place
from tests.tables.storage.test_object_stores import catalog as catalog_in
from tests.tables.storage.test_object_stores import write_iceberg

ROWS = pa.table({"body_id": pa.array([1, 2, 3], pa.int64()), "score": [0.5, 0.25, 1.0]})
FORGETFUL = {"write.metadata.delete-after-commit.enabled": "true", "write.metadata.previous-versions-max": "1"}
"""Keeps two metadata files."""


@pytest.fixture
def properties(tmp_path: Path) -> dict[str, Any]:
    return {"type": "sql", "uri": f"sqlite:///{tmp_path}/catalog.db", "warehouse": tmp_path.as_uri()}


@pytest.fixture
def catalog(properties: dict[str, Any]) -> SqlCatalog:
    catalog = SqlCatalog("c", **properties)
    catalog.create_namespace("n")
    return catalog


def create(catalog: SqlCatalog, **properties: str) -> Table:
    table = catalog.create_table("n.synapses", schema=ROWS.schema, properties=properties)
    table.append(ROWS)
    return table


def pin(facts: TableFacts) -> IcebergPin:
    assert isinstance(facts.pin, IcebergPin)
    return facts.pin


def path_of(uri: str) -> Path:
    return Path(uri.removeprefix("file://"))


def manifest_list(table: Table) -> Path:
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return path_of(snapshot.manifest_list)


def expire(table: Table, facts: TableFacts) -> None:
    table.maintenance.expire_snapshots().by_id(pin(facts).snapshot_id).commit()


def test_later_snapshots_leave_it_intact(catalog: SqlCatalog) -> None:
    table = create(catalog)
    facts = inspect_table(table.metadata_location)
    table.append(ROWS)
    table.overwrite(ROWS)
    found = verify_table(facts)
    assert found.state == "intact"
    assert f"snapshot {pin(facts).snapshot_id} is in the table" in found.reason
    assert [each.looked_at.rpartition(".")[2] for each in found.evidence] == ["json", "avro"]


def test_a_snapshot_whose_manifest_list_is_gone_is_missing(catalog: SqlCatalog) -> None:
    table = create(catalog)
    facts = inspect_table(table.metadata_location)
    manifest_list(table).unlink()
    found = verify_table(facts)
    assert found.state == "missing"
    assert "its manifest list is gone" in found.reason


def test_where_the_metadata_file_has_aged_out_the_catalog_is_asked(
    catalog: SqlCatalog, properties: dict[str, Any]
) -> None:
    table = create(catalog, **FORGETFUL)
    facts = inspect_table("iceberg://c/n.synapses", storage_options=properties)
    for _ in range(3):
        table.append(ROWS)
    assert not path_of(pin(facts).metadata_location).exists()
    found = verify_table(facts, properties)
    assert found.state == "intact"
    assert [each.found for each in found.evidence[:2]] == ["no longer there", "has the snapshot"]
    expire(table, facts)
    table.append(ROWS)
    expired = verify_table(facts, properties)
    assert expired.state == "missing"
    assert "may have expired" in expired.reason


def test_where_the_catalog_cannot_be_asked_the_newest_metadata_file_is_read(catalog: SqlCatalog) -> None:
    table = create(catalog, **FORGETFUL)
    facts = inspect_table(table.metadata_location)
    in_catalog = facts.pin.model_copy(update={"catalog": "elsewhere", "identifier": "n.synapses"})
    for _ in range(3):
        table.append(ROWS)
    known = facts.model_copy(update={"pin": in_catalog})
    assert (verify_table(facts).state, verify_table(known).state) == ("intact", "intact")
    assert any("The Iceberg catalog 'elsewhere'" in each.found for each in verify_table(known).evidence)
    expire(table, facts)
    found = verify_table(facts)
    assert (found.state, "it expired" in found.reason) == ("missing", True)


def test_a_table_dropped_from_its_catalog_is_missing(catalog: SqlCatalog, properties: dict[str, Any]) -> None:
    create(catalog)
    facts = inspect_table("iceberg://c/n.synapses", storage_options=properties)
    catalog.purge_table("n.synapses")
    found = verify_table(facts, properties)
    assert (found.state, "has no table n.synapses" in found.reason) == ("missing", True)


def test_a_table_created_again_is_a_change(catalog: SqlCatalog, properties: dict[str, Any]) -> None:
    facts = inspect_table(create(catalog).metadata_location)
    catalog.purge_table("n.synapses")
    create(catalog)
    found = verify_table(facts)
    assert found.state == "changed"
    assert f"but {pin(facts).table_uuid} was recorded" in found.reason


def test_a_metadata_file_that_is_no_metadata_any_more_is_a_change(catalog: SqlCatalog) -> None:
    facts = inspect_table(create(catalog).metadata_location)
    for text in ("<html>", "[]", "{}"):
        path_of(pin(facts).metadata_location).write_text(text)
        assert verify_table(facts).state == "changed"


def test_of_metadata_files_of_one_second_the_highest_number_is_the_newest(catalog: SqlCatalog) -> None:
    table = create(catalog, **FORGETFUL)
    facts = inspect_table(table.metadata_location)
    for _ in range(3):
        table.append(ROWS)
    before, newest = sorted(path_of(table.metadata_location).parent.glob("*.metadata.json"))
    before.write_text(json.dumps({**json.loads(before.read_text()), "snapshots": []}))
    for file, name in ((before, "v9.metadata.json"), (newest, "v10.metadata.json")):
        os.utime(file.rename(file.with_name(name)), (0, 0))
    assert verify_table(facts).state == "intact"


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_in_an_object_store_with_the_options_of_catalog_and_store_together(place: Place, tmp_path: Path) -> None:
    write_iceberg(place, tmp_path)
    options = catalog_in(place, tmp_path)
    facts = inspect_table("iceberg://c/n.synapses", storage_options=options)
    assert verify_table(facts, options).state == "intact"
    table = SqlCatalog("c", **for_pyiceberg(options)[0]).load_table("n.synapses")
    table.append(ROWS)
    assert verify_table(facts, place.options).state == "intact"
    table.io.delete(pin(facts).metadata_location)
    assert verify_table(facts, options).state == "intact"
    assert verify_table(facts, place.options).state == "intact"

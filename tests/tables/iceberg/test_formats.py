"""Iceberg: the format versions 1 to 3, and what is new in each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from pyiceberg.io.pyarrow import schema_to_pyarrow
from pyiceberg.table import StaticTable, Table

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import decode_schema, inspect_table
from tests.tables.iceberg.iceberg_tables import SPEC, edited, new_catalog, new_table, pin_of

Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return new_table(new_catalog(tmp_path))


def assert_same_as_pyiceberg(facts: TableFacts) -> None:
    theirs = StaticTable.from_metadata(pin_of(facts).metadata_location)
    snapshot = theirs.current_snapshot()
    assert snapshot is not None
    pin = pin_of(facts)
    assert (pin.snapshot_id, pin.table_uuid) == (snapshot.snapshot_id, str(theirs.metadata.table_uuid))
    expected = schema_to_pyarrow(theirs.schema(), include_field_ids=False)
    assert decode_schema(facts.arrow_schema).equals(expected, check_metadata=True)


@pytest.mark.parametrize("version", ["1", "2"])
def test_what_pyiceberg_writes(tmp_path: Path, version: str) -> None:
    table = new_table(new_catalog(tmp_path), **{"format-version": version})
    assert table.metadata.format_version == int(version)
    facts = inspect_table(table.metadata_location)
    assert (facts.rows, facts.files) == (3, 1)
    assert_same_as_pyiceberg(facts)


def test_the_oldest_form_of_format_1_has_one_schema_and_one_spec(table: Table) -> None:
    def change(metadata: dict[str, Any]) -> None:
        metadata |= {"format-version": 1, "schema": metadata["schemas"][0]}
        metadata["partition-spec"] = SPEC.model_dump(mode="json", by_alias=True)["fields"]
        for name in ("schemas", "current-schema-id", "partition-specs", "default-spec-id", "refs"):
            metadata.pop(name, None)
        del metadata["snapshots"][0]["schema-id"]
        del metadata["snapshots"][0]["summary"]
        del metadata["schema"]["schema-id"]

    facts = inspect_table(edited(table, change))
    assert (facts.rows, facts.bytes, facts.files) == (None, None, None)
    assert facts.partition_columns == ("neuropil", "pt.x")
    assert pin_of(facts).schema_id == 0
    assert facts.fields == inspect_table(table.metadata_location).fields


def in_format_3(metadata: dict[str, Any]) -> None:
    metadata |= {"format-version": 3, "next-row-id": 3}
    metadata["snapshots"][0] |= {"first-row-id": 0, "added-rows": 3}


def test_format_3_with_its_new_types(table: Table) -> None:
    def change(metadata: dict[str, Any]) -> None:
        in_format_3(metadata)
        for number, dtype in enumerate(("timestamp_ns", "timestamptz_ns", "unknown"), 20):
            metadata["schemas"][0]["fields"].append({"id": number, "name": dtype, "required": False, "type": dtype})
        metadata["last-column-id"] = 22

    facts = inspect_table(edited(table, change))
    new = [(field.path, field.type) for field in facts.fields[-3:]]
    assert new == [
        ("timestamp_ns", "timestamp[ns]"),
        ("timestamptz_ns", "timestamp[ns, tz=UTC]"),
        ("unknown", "null"),
    ]
    assert facts.rows == 3
    assert_same_as_pyiceberg(facts)


@pytest.mark.parametrize("dtype", ["variant", "geometry(OGC:CRS84)", "geography(OGC:CRS84, spherical)", "vector"])
def test_a_type_that_pyiceberg_does_not_know_is_named(table: Table, dtype: str) -> None:
    def change(metadata: dict[str, Any]) -> None:
        in_format_3(metadata)
        metadata["schemas"][0]["fields"][0]["type"] = dtype

    with pytest.raises(UnsupportedTable, match=f"cannot read the snapshot's schema .*{dtype.partition('(')[0]}"):
        inspect_table(edited(table, change))


def test_deletion_vectors_make_the_rows_unknown(table: Table) -> None:
    def change(metadata: dict[str, Any]) -> None:
        in_format_3(metadata)
        deleted = {"added-dvs": "1", "total-delete-files": "1", "total-position-deletes": "2"}
        metadata["snapshots"][0]["summary"] |= deleted

    assert inspect_table(edited(table, change)).rows is None


@pytest.mark.parametrize("version", [0, 4, "3", None])
def test_another_format_version_is_refused_by_its_number(table: Table, version: object) -> None:
    copy = edited(table, lambda metadata: metadata.update({"format-version": version}))
    with pytest.raises(UnsupportedTable, match=f"is an Iceberg table of format version {version}; "):
        inspect_table(copy)


@pytest.mark.parametrize(
    "change",
    [
        lambda metadata: metadata.pop("format-version"),
        lambda metadata: metadata["snapshots"][0].update({"timestamp-ms": 10**20}),
        lambda metadata: metadata["snapshots"][0].update({"timestamp-ms": "then"}),
        lambda metadata: metadata["snapshots"][0].update({"schema-id": 7}),
        lambda metadata: metadata.update({"partition-specs": [7]}),
    ],
)
def test_incomplete_metadata_is_named(table: Table, change: Change) -> None:
    with pytest.raises(UnsupportedTable, match=r"edited\.metadata\.json is not complete Iceberg metadata"):
        inspect_table(edited(table, change))

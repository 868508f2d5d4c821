"""Iceberg: one metadata file says which snapshot, and the schema that belongs to it."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.table import Table
from pyiceberg.types import LongType

from registry_dagster.errors import TableError, TableNotFound, UnsafeLocation, UnsupportedTable
from registry_dagster.tables import decode_schema, inspect_table
from tests.tables.iceberg.iceberg_tables import (
    ARROW,
    ROWS,
    SCHEMA,
    SPEC,
    edited,
    new_catalog,
    new_table,
    path_of,
    pin_of,
)


@pytest.fixture
def catalog(tmp_path: Path) -> SqlCatalog:
    return new_catalog(tmp_path)


@pytest.fixture
def table(catalog: SqlCatalog) -> Table:
    return new_table(catalog)


def test_a_metadata_file(table: Table) -> None:
    facts = inspect_table(table.metadata_location)
    snapshot = table.current_snapshot()
    assert snapshot is not None
    assert (facts.format, facts.location) == ("iceberg", table.location())
    pin = pin_of(facts)
    assert (pin.table_uuid, pin.snapshot_id) == (str(table.metadata.table_uuid), snapshot.snapshot_id)
    assert (pin.schema_id, pin.metadata_location, pin.catalog) == (0, table.metadata_location, None)
    assert pin.committed_at is not None
    assert pin.committed_at.tzinfo is timezone.utc
    assert int(pin.committed_at.timestamp() * 1000) == snapshot.timestamp_ms
    assert [(field.path, field.nullable) for field in facts.fields] == [
        ("body_id", False),
        ("neuropil", True),
        ("ids", True),
        ("pt", True),
        ("pt.x", True),
    ]
    assert facts.fields[0].type == "int64"
    assert facts.fields[2].type.endswith("list<int64 not null>")
    files = [task.file for task in table.scan().plan_files()]
    assert (facts.rows, facts.files) == (3, len(files))
    assert facts.bytes == sum(file.file_size_in_bytes for file in files)


def test_the_arrow_schema_has_no_field_ids(table: Table) -> None:
    schema = decode_schema(inspect_table(table.metadata_location).arrow_schema)
    assert [field.metadata for field in schema] == [None] * 4
    assert schema.field("ids").type.value_field.metadata is None


def test_a_pinned_snapshot_keeps_its_own_schema(table: Table, catalog: SqlCatalog) -> None:
    first = inspect_table(table.metadata_location)
    with table.update_schema() as update:
        update.add_column("score", LongType())
    assert inspect_table(table.metadata_location).fields == first.fields
    table.append(
        pa.Table.from_pylist([{**row, "score": 1} for row in ROWS], schema=ARROW.append(pa.field("score", pa.int64())))
    )
    latest = inspect_table(table.metadata_location)
    assert (pin_of(latest).schema_id, latest.fields[-1].path, latest.rows) == (1, "score", 6)
    pinned = inspect_table(table.metadata_location, version=pin_of(first).snapshot_id)
    assert (pinned.pin.identity, pinned.fields, pinned.rows) == (first.pin.identity, first.fields, 3)
    properties = {"type": "sql", "uri": catalog.properties["uri"]}
    by_catalog = inspect_table("iceberg://c/n.synapses", version=pin_of(first).snapshot_id, storage_options=properties)
    assert by_catalog.pin.identity == first.pin.identity


def test_a_snapshot_may_be_named_by_its_tag_or_as_text(table: Table) -> None:
    snapshot = table.current_snapshot()
    assert snapshot is not None
    table.manage_snapshots().create_tag(snapshot.snapshot_id, "paper").commit()
    table.append(pa.Table.from_pylist(ROWS, schema=ARROW))
    assert pin_of(inspect_table(table.metadata_location, version="paper")).snapshot_id == snapshot.snapshot_id
    as_text = inspect_table(table.metadata_location, version=str(snapshot.snapshot_id))
    assert pin_of(as_text).snapshot_id == snapshot.snapshot_id
    for version in (17, "draft"):
        expected = f"has no snapshot {version}; it has 2 of them and the tags or branches main, paper"
        with pytest.raises(TableNotFound, match=expected):
            inspect_table(table.metadata_location, version=version)


def test_a_table_in_a_catalog(table: Table, catalog: SqlCatalog) -> None:
    properties = {"type": "sql", "uri": catalog.properties["uri"]}
    facts = inspect_table("iceberg://c/n.synapses", storage_options=properties)
    direct = inspect_table(table.metadata_location)
    assert (pin_of(facts).catalog, pin_of(facts).identifier) == ("c", "n.synapses")
    assert facts.identity == direct.identity
    assert (facts.fields, facts.arrow_schema, facts.rows) == (direct.fields, direct.arrow_schema, direct.rows)


def test_a_catalog_that_does_not_have_or_give_the_table(catalog: SqlCatalog, tmp_path: Path) -> None:
    properties = {"type": "sql", "uri": catalog.properties["uri"]}
    with pytest.raises(TableNotFound, match=r"The Iceberg catalog 'c' has no table n\.nothing"):
        inspect_table("iceberg://c/n.nothing", storage_options=properties)
    with pytest.raises(
        TableError, match=r"does not name a table in a catalog; write it as iceberg://CATALOG/namespace\.table"
    ):
        inspect_table("iceberg://c/nothing", storage_options=properties)
    secret = {"type": "sql", "uri": f"sqlite:///{tmp_path}/s3cr3t/catalog.db", "token": "s3cr3t"}
    with pytest.raises(TableError, match=r"'c' did not give table n.t \(OperationalError\). Check its") as refused:
        inspect_table("iceberg://c/n.t", storage_options=secret)
    assert "s3cr3t" not in str(refused.value)
    with pytest.raises(TableError, match=r"variables PYICEBERG_CATALOG__UNKNOWN__\*"):
        inspect_table("iceberg://unknown/n.t")


def test_a_directory_is_read_through_its_version_hint(table: Table) -> None:
    root = path_of(table.location())
    content = path_of(table.metadata_location).read_bytes()
    hint = root / "metadata" / "version-hint.text"
    for text, name in (
        ("2\n", "v2.metadata.json"),
        ("2", "v2.gz.metadata.json"),
        ("2", "v2.metadata.json.gz"),
        ("00009-abc\n", "00009-abc.metadata.json"),
        ("x.metadata.json", "x.metadata.json"),
    ):
        hint.write_text(text)
        named = root / "metadata" / name
        named.write_bytes(gzip.compress(content) if "gz" in name else content)
        facts = inspect_table(root)
        assert pin_of(facts).metadata_location == named.as_uri()
        assert facts.identity == inspect_table(table.metadata_location).identity
        named.unlink()
    hint.write_text("00009-abc")
    with pytest.raises(TableNotFound, match=r"version-hint.text says '00009-abc', but there is no"):
        inspect_table(root)


def test_a_directory_without_a_hint_needs_a_single_metadata_file(table: Table) -> None:
    root = path_of(table.location())
    expected = r"has 2 metadata files and no version-hint.text.*iceberg://CATALOG/.*name the file, e.g. file://"
    with pytest.raises(TableError, match=expected):
        inspect_table(root)
    for file in (root / "metadata").glob("00000-*"):
        file.unlink()
    assert inspect_table(root) == inspect_table(table.metadata_location)


def test_no_data_file_or_manifest_is_read(table: Table, overwrite_data_files: Callable[[Path, str], int]) -> None:
    before = inspect_table(table.metadata_location)
    root = path_of(table.location())
    assert overwrite_data_files(root, ".parquet") == 1
    assert overwrite_data_files(root, ".avro") == 2
    assert inspect_table(table.metadata_location) == before


def test_columns_partitioned_by_their_own_value(table: Table) -> None:
    spec = json.loads(SPEC.model_dump_json())
    copy = edited(table, lambda metadata: metadata.update({"partition-specs": [spec]}))
    assert inspect_table(copy).partition_columns == ("neuropil", "pt.x")


@pytest.mark.parametrize("deletes", ["2", None])
def test_rows_are_unknown_when_rows_may_be_deleted(table: Table, deletes: str | None) -> None:
    def change(metadata: dict[str, Any]) -> None:
        summary = metadata["snapshots"][0]["summary"]
        summary.pop("total-delete-files")
        summary.update({"total-delete-files": deletes} if deletes else {})

    facts = inspect_table(edited(table, change))
    assert (facts.rows, facts.files) == (None, 1)


def test_a_table_that_was_never_written(catalog: SqlCatalog) -> None:
    table = catalog.create_table("n.empty", schema=SCHEMA)
    with pytest.raises(UnsupportedTable, match="the Iceberg table has no snapshot; nothing was written to it yet"):
        inspect_table(table.metadata_location)


def test_only_the_metadata_file_is_read_and_once(table: Table, bytes_read: dict[str, int]) -> None:
    inspect_table(table.metadata_location)
    assert bytes_read == {"": path_of(table.metadata_location).stat().st_size}
    bytes_read.clear()
    (path_of(table.location()) / "metadata" / "version-hint.text").write_text(path_of(table.metadata_location).name)
    inspect_table(table.location())
    assert {path.partition("/")[2] for path in bytes_read} == {
        "version-hint.text",
        path_of(table.metadata_location).name,
    }


@pytest.mark.parametrize("dtype", ["variant", "geometry(srid:4326)"])
def test_a_type_pyiceberg_does_not_read_is_named(table: Table, dtype: str) -> None:
    def change(metadata: dict[str, Any]) -> None:
        metadata["schemas"][0]["fields"][0]["type"] = dtype

    with pytest.raises(UnsupportedTable, match=f"cannot read the snapshot's schema .*{dtype.partition('(')[0]}"):
        inspect_table(edited(table, change))


def test_damaged_metadata_is_named(table: Table) -> None:
    file = path_of(table.location()) / "x.metadata.json"
    for content in (b"", b"{", b"\x1f\x8bnope", b"\xff"):
        file.write_bytes(content)
        with pytest.raises(UnsupportedTable, match=r"x.metadata.json is not Iceberg metadata: .* as JSON"):
            inspect_table(file)
    for content in (b"[]", b"7", b'{"current-snapshot-id": 5, "snapshots": [{"snapshot-id": 5}]}'):
        file.write_bytes(content)
        with pytest.raises(UnsupportedTable, match=r"x\.metadata\.json is not complete Iceberg metadata"):
            inspect_table(file)
    with pytest.raises(UnsupportedTable, match="'table-uuid' is missing"):
        inspect_table(edited(table, lambda metadata: metadata.pop("table-uuid")))


def test_a_credential_in_the_tables_own_location_is_refused(table: Table) -> None:
    copy = edited(table, lambda metadata: metadata.update(location="s3://key:s3cr3t@bucket/t"))
    with pytest.raises(UnsafeLocation, match="write it as s3://bucket/t") as refused:
        inspect_table(copy)
    assert "s3cr3t" not in str(refused.value)

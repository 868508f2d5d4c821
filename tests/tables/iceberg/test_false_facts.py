"""What was false once: partition columns, relative and copied locations, stale hints, damaged manifest lists."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyiceberg.io.pyarrow import PyArrowFileIO
from pyiceberg.manifest import read_manifest_list
from pyiceberg.table import Table

from registry_dagster.errors import RegistryError, TableNotFound, UnsupportedTable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.iceberg import metadata as metadata_module
from registry_dagster.tables.iceberg.avro import records_in
from registry_dagster.tables.verify import verify_table
from tests.tables.iceberg.iceberg_tables import ARROW, ROWS, edited, new_catalog, new_table, path_of, pin_of

ARROW_ROWS = pa.Table.from_pylist(ROWS, schema=ARROW)


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return new_table(new_catalog(tmp_path))


def manifest_list(table: Table) -> Path:
    snapshot = table.current_snapshot()
    assert snapshot is not None
    return path_of(snapshot.manifest_list)


def test_a_snapshot_keeps_its_partition_columns_when_the_spec_changes(table: Table) -> None:
    first = inspect_table(table.metadata_location)
    assert first.partition_columns == ()
    with table.update_spec() as update:
        update.add_identity("neuropil")
    assert inspect_table(table.metadata_location).partition_columns == ()
    table.overwrite(ARROW_ROWS)
    second = inspect_table(table.metadata_location)
    assert second.partition_columns == ("neuropil",)
    with table.update_spec() as update:
        update.remove_field("neuropil")
    table.append(ARROW_ROWS)
    assert inspect_table(table.metadata_location).partition_columns == ()
    for facts in (first, second):
        pinned = inspect_table(table.metadata_location, version=pin_of(facts).snapshot_id)
        assert pinned.partition_columns == facts.partition_columns


@pytest.mark.parametrize("damage", [b"", b"Obj\x01", bytes(100)])
def test_partition_columns_that_cannot_be_looked_up_are_those_of_every_spec(table: Table, damage: bytes) -> None:
    with table.update_spec() as update:
        update.add_identity("neuropil")
    table.overwrite(ARROW_ROWS)
    manifest_list(table).write_bytes(damage)
    assert inspect_table(table.metadata_location).partition_columns == ()


@pytest.mark.parametrize("location", ["warehouse/t", "./t", "../t", "t"])
def test_a_relative_location_is_refused_wherever_it_is_read(
    table: Table, location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = edited(table, lambda metadata: metadata.update(location=location))
    for directory in ("/", copy.parent):
        monkeypatch.chdir(directory)
        with pytest.raises(UnsupportedTable, match="which is relative: each reader would look for it below its own"):
            inspect_table(copy)


def test_a_location_as_hive_writes_it_is_one_of_a_local_disk(table: Table) -> None:
    def as_hive_writes(metadata: dict[str, Any]) -> None:
        metadata["location"] = metadata["location"].replace("file:///", "file:/")
        snapshot = metadata["snapshots"][0]
        snapshot["manifest-list"] = snapshot["manifest-list"].replace("file:///", "file:/")

    facts = inspect_table(edited(table, as_hive_writes))
    assert facts.location == table.location()
    assert verify_table(facts).state == "intact"


def test_a_copied_table_is_refused_where_its_files_are_elsewhere(table: Table, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(path_of(table.location()), copy)
    metadata = copy / "metadata" / Path(table.metadata_location).name
    expected = rf"is metadata of the table at {table.location()}, and not of one where it is kept: the table was copied"
    with pytest.raises(UnsupportedTable, match=expected):
        inspect_table(metadata)


def as_hadoop_table(table: Table) -> Path:
    """The table's metadata files named as Hadoop's tables name them; the directory of them."""
    table.append(ARROW_ROWS)
    directory = path_of(table.location()) / "metadata"
    for number, file in enumerate(sorted(directory.glob("*.metadata.json")), 1):
        file.rename(directory / f"v{number}.metadata.json")
    return directory


@pytest.mark.parametrize("hint", ["1", "2", "3"])
@pytest.mark.parametrize("compressed", [False, True])
def test_a_stale_hint_leads_on_to_the_newest_metadata(table: Table, hint: str, compressed: bool) -> None:
    directory = as_hadoop_table(table)
    (directory / "version-hint.text").write_text(hint)
    newest = directory / "v3.metadata.json"
    if compressed:
        packed = directory / "v3.gz.metadata.json"
        packed.write_bytes(gzip.compress(newest.read_bytes()))
        newest.unlink()
        newest = packed
    facts = inspect_table(directory.parent)
    assert (facts.rows, pin_of(facts).metadata_location) == (6, newest.as_uri())


@pytest.mark.parametrize("hint", [b"3\0", b"../../edited", b"..", b"\xff\xfe", b"", b"metadata/v3", b"9" * 5000])
def test_a_hint_that_is_no_name_is_an_error_of_ours(table: Table, hint: bytes) -> None:
    directory = as_hadoop_table(table)
    (directory.parent / "edited.metadata.json").write_bytes((directory / "v1.metadata.json").read_bytes())
    (directory / "version-hint.text").write_bytes(hint)
    with pytest.raises(TableNotFound, match=r"version-hint\.text says"):
        inspect_table(directory.parent)


@pytest.mark.parametrize(
    "change",
    [
        {"snapshots": [5]},
        {"snapshots": 1.5},
        {"snapshots": {}},
        {"table-uuid": 5},
        {"schemas": "x"},
        {"schemas": [None]},
        {"current-snapshot-id": "5"},
        {"location": 7},
        {"location": "file:///a\0b"},
        {"partition-specs": [{"spec-id": 0, "fields": [5]}]},
        {"partition-specs": [5]},
    ],
)
def test_malformed_metadata_is_an_error_of_ours_and_part_of_a_verdict(table: Table, change: dict[str, Any]) -> None:
    metadata = edited(table, lambda _: None)
    facts = inspect_table(metadata)
    edited(table, lambda described: described.update(change))
    with pytest.raises(RegistryError):
        inspect_table(metadata, version=pin_of(facts).snapshot_id if "current-snapshot-id" not in change else None)
    assert verify_table(facts).state in {"changed", "missing", "intact"}


@pytest.mark.parametrize("value", [7, None, ["x"], "relative/x.avro", "file:///a\0b", "s3://b/x.avro"])
def test_a_malformed_manifest_list_is_part_of_a_verdict(table: Table, value: object) -> None:
    metadata = edited(table, lambda _: None)
    facts = inspect_table(metadata)
    edited(table, lambda described: described["snapshots"][0].update({"manifest-list": value}))
    assert verify_table(facts).state in {"changed", "unknown"}


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "cut off": lambda data: data[:-10],
    "cut off in the header": lambda data: data[:50],
    "NULs": lambda data: bytes(len(data)),
    "NULs at the end": lambda data: data[:-16] + bytes(16),
    "text": lambda data: b"x" * len(data),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_manifest_list_is_a_change(table: Table, damage: str) -> None:
    facts = inspect_table(table.metadata_location)
    file = manifest_list(table)
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    found = verify_table(facts)
    assert (found.state, "its manifest list is damaged" in found.reason) == ("changed", True)


def test_a_long_manifest_list_is_looked_at_from_both_ends(table: Table) -> None:
    for number in range(3):
        table.append(ARROW_ROWS, snapshot_properties={"by": "x" * number})
    facts = inspect_table(table.metadata_location)
    file = manifest_list(table)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("registry_dagster.tables.iceberg.manifest_list._SUFFIX", file.stat().st_size - 20)
        assert verify_table(facts).state == "intact"
        file.write_bytes(file.read_bytes()[:-1])
        assert verify_table(facts).state == "changed"


@pytest.mark.parametrize("codec", ["null", "gzip"])
def test_a_manifest_list_is_read_as_pyiceberg_reads_it(tmp_path: Path, codec: str) -> None:
    table = new_table(new_catalog(tmp_path), **{"write.avro.compression-codec": codec})
    with table.update_spec() as update:
        update.add_identity("neuropil")
    table.append(ARROW_ROWS)
    file = manifest_list(table)
    theirs = list(read_manifest_list(PyArrowFileIO().new_input(file.as_uri())))
    ours = list(records_in(file.read_bytes()))
    assert [each["manifest_path"] for each in ours] == [each.manifest_path for each in theirs]
    assert [each["partition_spec_id"] for each in ours] == [each.partition_spec_id for each in theirs] == [1, 0]


def test_a_damaged_manifest_list_never_ends_the_process(table: Table) -> None:
    data, chance = manifest_list(table).read_bytes(), random.Random(1)
    for _ in range(3000):
        changed = bytearray(data)
        changed[chance.randrange(len(data))] = chance.randrange(256)
        with suppress(AttributeError, LookupError, RecursionError, TypeError, ValueError):
            list(records_in(bytes(changed[: chance.randrange(len(data)) if chance.random() < 0.5 else None])))


def test_no_more_metadata_is_unpacked_than_may_be_read(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = path_of(table.location()) / "v1.metadata.json.gz"
    packed.write_bytes(gzip.compress(path_of(table.metadata_location).read_bytes() + b" " * 100_000))
    assert inspect_table(packed).rows == 3
    monkeypatch.setattr(metadata_module, "MOST_BYTES", 50_000)
    with pytest.raises(UnsupportedTable, match=r"it unpacks to more than 50,000 bytes"):
        inspect_table(packed)


@pytest.mark.parametrize("count", ["9" * 5000, "-1", "1.5", "٣", 7.5, None, str(2**53)])
def test_a_count_that_is_none_is_unknown(table: Table, count: object) -> None:
    def change(metadata: dict[str, Any]) -> None:
        metadata["snapshots"][0]["summary"].update({"total-records": count, "total-files-size": count})

    facts = inspect_table(edited(table, change))
    assert (facts.rows, facts.bytes, facts.files) == (None, None, 1)


def test_deep_metadata_is_an_error_of_ours(table: Table) -> None:
    file = path_of(table.location()) / "deep.metadata.json"
    file.write_text("[" * 100_000)
    with pytest.raises(UnsupportedTable, match="nested too deeply"):
        inspect_table(file)
    described: Any = "long"
    for number in range(220):
        described = {"type": "struct", "fields": [{"id": number, "name": "a", "required": False, "type": described}]}
    with pytest.raises(UnsupportedTable):
        inspect_table(edited(table, lambda metadata: metadata.update(schemas=[{**described, "schema-id": 0}])))


def test_what_is_named_outside_of_the_table_is_not_looked_at(table: Table, tmp_path: Path) -> None:
    outside = tmp_path / "outside.avro"
    os.symlink("/etc/passwd", path_of(table.location()) / "link.avro")
    metadata = edited(table, lambda _: None)
    facts = inspect_table(metadata)
    outside.write_bytes(manifest_list(table).read_bytes())
    for name in (outside.as_uri(), f"{table.location()}/../../../../etc/passwd", f"{table.location()}/link.avro"):
        edited(table, lambda described, name=name: described["snapshots"][0].update({"manifest-list": name}))
        found = verify_table(facts)
        assert (found.state, "outside of the place" in found.reason) == ("unknown", True)
    edited(table, lambda described: described["snapshots"][0].update({"manifest-list": outside.as_uri()}))
    assert verify_table(facts, {"follow": ["file:///"]}).state == "intact"
    assert json.loads(metadata.read_text())["snapshots"]

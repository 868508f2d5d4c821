"""Parquet: one footer, a fingerprint over the listing, and partition values as they are written."""

from __future__ import annotations

import base64
import hashlib
import os
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.parquet import encryption

from registry_dagster.errors import TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.table import ParquetPin
from registry_dagster.tables import decode_schema, inspect_table

VECTOR = pa.list_(pa.field("element", pa.float32()), 4)
SCHEMA = pa.schema([("id", pa.int64()), ("v", VECTOR)], metadata={"made": "by hand"})


def table(rows: int = 3) -> pa.Table:
    return pa.table({"id": range(rows), "v": [[0.0] * 4] * rows}, schema=SCHEMA)


def write(path: Path, rows: int = 3) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table(rows), path)
    return path


def fingerprint(*lines: tuple[str, Path]) -> str:
    text = "".join(f"{name}\0{file.stat().st_size}\0{file.stat().st_mtime_ns}\n" for name, file in lines)
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def pin_of(path: Path) -> ParquetPin:
    pin = inspect_table(path).pin
    assert isinstance(pin, ParquetPin)
    return pin


def test_a_single_file(tmp_path: Path) -> None:
    file = write(tmp_path / "a b.parquet")
    os.utime(file, ns=(0, 1_700_000_000_123_456_789))
    facts = inspect_table(file)
    assert facts.location == file.as_uri()
    assert [(field.path, field.type) for field in facts.fields] == [
        ("id", "int64"),
        ("v", "fixed_size_list<float32>[4]"),
    ]
    assert decode_schema(facts.arrow_schema).equals(SCHEMA, check_metadata=True)
    assert (facts.rows, facts.bytes, facts.files) == (3, file.stat().st_size, 1)
    modified = datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=timezone.utc)
    assert facts.pin == ParquetPin(fingerprint=fingerprint(("a b.parquet", file)), last_modified=modified)


def test_a_directory_counts_files_and_bytes_and_leaves_rows_unknown(tmp_path: Path) -> None:
    files = [write(tmp_path / name) for name in ("b/1.parquet", "b.parquet", "b-1.parquet", "a/x/2.parquet")]
    facts = inspect_table(tmp_path)
    assert (facts.rows, facts.files) == (None, 4)
    assert facts.bytes == sum(file.stat().st_size for file in files)
    in_key_order = ["a/x/2.parquet", "b-1.parquet", "b.parquet", "b/1.parquet"]
    assert pin_of(tmp_path).fingerprint == fingerprint(*((name, tmp_path / name) for name in in_key_order))


def test_only_parquet_files_that_are_not_hidden_are_data(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    before = inspect_table(tmp_path)
    for name in (
        "_SUCCESS",
        ".a.parquet.crc",
        "part.crc",
        "_temporary/b.parquet",
        ".tmp/c.parquet",
        "_c.parquet",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"not Parquet")
    assert inspect_table(tmp_path) == before


def test_partition_values_stay_strings(tmp_path: Path) -> None:
    for day in ("001", "002"):
        write(tmp_path / f"neuropil%20name=AL%2FL/_day={day}/a.parquet")
    facts = inspect_table(tmp_path)
    assert [(field.path, field.type) for field in facts.fields[2:]] == [
        ("neuropil name", "string"),
        ("_day", "string"),
    ]
    assert decode_schema(facts.arrow_schema).names == ["id", "v", "neuropil name", "_day"]
    assert facts.partition_columns == ("neuropil name", "_day")


def test_a_partition_column_that_is_in_the_files_keeps_their_type(tmp_path: Path) -> None:
    write(tmp_path / "id=7" / "a.parquet")
    facts = inspect_table(tmp_path)
    assert (facts.fields[0].path, facts.fields[0].type) == ("id", "int64")
    assert (len(facts.fields), facts.partition_columns) == (2, ("id",))


def test_files_with_other_partitions_are_not_one_table(tmp_path: Path) -> None:
    write(tmp_path / "a=1" / "x.parquet")
    write(tmp_path / "b=1" / "y.parquet")
    expected = r"a=1/x.parquet is partitioned by a, b=1/y.parquet by b. Give the location of one table"
    with pytest.raises(UnsupportedTable, match=expected):
        inspect_table(tmp_path)


@pytest.mark.parametrize(
    "mark", ["_delta_log/00000000000000000000.json", "metadata/v1.metadata.json", "_versions/1.manifest"]
)
def test_a_directory_of_tables_of_another_format_is_not_a_parquet_table(tmp_path: Path, mark: str) -> None:
    write(tmp_path / "neurons" / "data" / "a.parquet")
    (tmp_path / "neurons" / mark).parent.mkdir()
    (tmp_path / "neurons" / mark).touch()
    with pytest.raises(UnsupportedTable, match=r"neurons/ in it is a table of another format"):
        inspect_table(tmp_path)


def test_the_fingerprint_moves_when_a_file_is_written_again(tmp_path: Path) -> None:
    file = write(tmp_path / "t" / "a.parquet")
    before = pin_of(tmp_path / "t")
    os.utime(file, ns=(0, file.stat().st_mtime_ns + 1))
    assert pin_of(tmp_path / "t").fingerprint != before.fingerprint


def test_a_pinned_state_must_be_the_present_one(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet")
    state = pin_of(tmp_path).fingerprint
    assert inspect_table(tmp_path, version=state) == inspect_table(tmp_path)
    write(tmp_path / "b.parquet")
    with pytest.raises(TableNotFound, match=f"is not in state {state}.* keeps no earlier one"):
        inspect_table(tmp_path, version=state)


def test_a_summary_file_is_not_believed_since_nothing_keeps_it_in_step_with_the_data(tmp_path: Path) -> None:
    collected: list[pq.FileMetaData] = []
    for name in ("a.parquet", "b.parquet"):
        pq.write_table(table(), tmp_path / name, metadata_collector=collected)
        collected[-1].set_file_path(name)
    before = inspect_table(tmp_path)
    pq.write_metadata(SCHEMA, tmp_path / "_metadata", collected)
    assert inspect_table(tmp_path) == before
    (tmp_path / "b.parquet").unlink()
    assert inspect_table(tmp_path, counts=True).rows == 3


def test_two_footers_are_read_and_nothing_else(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    noise = pa.array(os.urandom(8) for _ in range(100_000))
    for name in "abc":
        pq.write_table(pa.table({"noise": noise}), tmp_path / f"{name}.parquet")
    facts = inspect_table(tmp_path)
    assert facts.bytes is not None
    assert facts.bytes > 2_400_000
    assert list(bytes_read) == ["a.parquet", "c.parquet"]
    assert max(bytes_read.values()) <= 64 * 1024


def test_a_footer_larger_than_the_first_read(tmp_path: Path) -> None:
    names = [f"a_rather_long_column_name_{number}" for number in range(3000)]
    pq.write_table(pa.table({name: [1] for name in names}), tmp_path / "wide.parquet")
    facts = inspect_table(tmp_path / "wide.parquet")
    assert [field.path for field in facts.fields] == names


def test_damaged_files_are_named_with_what_is_wrong(tmp_path: Path) -> None:
    whole = write(tmp_path / "whole.parquet").read_bytes()
    for number, (content, what) in enumerate(
        (
            (b"", r"it is empty \(0 bytes\)"),
            (whole[:-20], "it is cut off: its .* bytes do not end in a footer"),
            (b"<html>gone</html>", "it is not Parquet: it starts with b'<htm', not PAR1"),
            (whole[:-8] + b"\xff\xff\xff\x7fPAR1", "its footer claims"),
            (whole[:-200] + b"\xff" * 192 + whole[-8:], "its Parquet footer cannot be read"),
        )
    ):
        directory = tmp_path / str(number)
        directory.mkdir()
        (directory / "part.parquet").write_bytes(content)
        with pytest.raises(UnsupportedTable, match=f"/part.parquet cannot be read: {what}.*Write the file again"):
            inspect_table(directory)


class PlainKms(encryption.KmsClient):
    """Keeps keys as they are."""

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:
        return base64.b64encode(key_bytes)

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:
        return base64.b64decode(wrapped_key)


def write_encrypted(path: Path, *, plaintext_footer: bool) -> None:
    config = encryption.EncryptionConfiguration(
        footer_key="footer", column_keys={"column": ["id"]}, plaintext_footer=plaintext_footer, double_wrapping=False
    )
    crypto = encryption.CryptoFactory(lambda _: PlainKms())
    connection = encryption.KmsConnectionConfig(custom_kms_conf={})
    properties = crypto.file_encryption_properties(connection, config)
    with pq.ParquetWriter(path, SCHEMA, encryption_properties=properties) as writer:
        writer.write_table(table())


def test_encrypted_columns_under_a_plain_footer_are_no_obstacle(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.parquet"):
        write_encrypted(tmp_path / name, plaintext_footer=True)
    facts = inspect_table(tmp_path, counts=True)
    assert ([field.path for field in facts.fields], facts.rows) == (["id", "v"], 6)


def test_an_encrypted_footer_is_refused(tmp_path: Path) -> None:
    write_encrypted(tmp_path / "a.parquet", plaintext_footer=False)
    with pytest.raises(UnsupportedTable, match=r"has an encrypted footer.*Write it with a plaintext footer"):
        inspect_table(tmp_path / "a.parquet")


def test_columns_that_cannot_be_recorded_are_refused_as_a_table_error(tmp_path: Path) -> None:
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["id", "id"])
    pq.write_table(twice, tmp_path / "t.parquet")
    with pytest.raises(UnsupportedTable, match=r"cannot be recorded.*duplicate columns: id; rename one of each"):
        inspect_table(tmp_path / "t.parquet")


def test_a_directory_without_data_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(UnknownFormat, match=r"holds no .parquet file outside hidden directories. It holds a.csv"):
        inspect_table(tmp_path, format="parquet")

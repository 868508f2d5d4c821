"""What was false once: columns said to hold no nulls, rows that row groups deny, files passed over without a word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables import decode_schema, fields_of, inspect_table
from registry_dagster.tables.parquet.nullability import loosened
from registry_dagster.tables.verify import verify_table

STRICT = pa.schema([pa.field("root_id", pa.int64(), nullable=False)])


def write_strict(path: Path, *values: int) -> None:
    pq.write_table(pa.table([list(values)], schema=STRICT), path)


def write_loose(path: Path, *values: int | None) -> None:
    pq.write_table(pa.table({"root_id": pa.array(values, pa.int64())}), path)


@pytest.mark.parametrize("counts", [False, True])
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a"), ("a", "b", "c")])
def test_a_column_may_be_null_if_it_may_in_any_file(tmp_path: Path, names: tuple[str, ...], counts: bool) -> None:
    for name in names:
        write_strict(tmp_path / f"{name}.parquet", 1)
    write_loose(tmp_path / "b.parquet", None, 2)
    facts = inspect_table(tmp_path, counts=counts)
    assert facts.fields[0].nullable
    assert decode_schema(facts.arrow_schema).field("root_id").nullable


def test_that_a_column_has_no_nulls_is_known_once_all_footers_were_read(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        write_strict(tmp_path / f"{name}.parquet", 1)
    assert inspect_table(tmp_path).fields[0].nullable
    assert inspect_table(tmp_path, counts=True, count_bytes=1).fields[0].nullable
    assert not inspect_table(tmp_path, counts=True).fields[0].nullable
    (tmp_path / "c.parquet").unlink()
    assert not inspect_table(tmp_path).fields[0].nullable


def test_what_is_nested_in_a_column_may_be_null_too() -> None:
    strict: Any = pa.field("element", pa.float32(), nullable=False)
    nested = pa.schema(
        [
            pa.field("s", pa.struct([pa.field("x", pa.int8(), nullable=False)]), nullable=False),
            pa.field("l", pa.list_(strict), metadata={"dim": "2"}),
            pa.field("ll", pa.large_list(strict)),
            pa.field("f", pa.list_(strict, 2)),
            pa.field("m", pa.map_(pa.string(), pa.field("value", pa.list_(strict), nullable=False))),
        ],
        metadata={"by": "us"},
    )
    loose = loosened(nested)
    assert (loose.metadata, loose.field("l").metadata) == ({b"by": b"us"}, {b"dim": b"2"})
    assert all(field.nullable and "not null" not in field.type for field in fields_of(loose))
    assert [field.type.id for field in loose] == [field.type.id for field in nested]
    assert loose.field("f").type.list_size == 2


def with_rows(path: Path, rows: int) -> None:
    """A file whose footer says a number of rows that its one row group denies: 77 in one byte of Thrift, made other."""
    pq.write_table(pa.table({"root_id": pa.array(range(53), pa.int64())}), path)
    data = path.read_bytes()
    start = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    # Field 3 of FileMetaData is an i64, field 3 of its RowGroup too: 0x16, then 53 as zigzag. The first is the file's.
    at = data.index(bytes([0x16, 53 * 2]), start)
    path.write_bytes(data[: at + 1] + bytes([rows * 2]) + data[at + 2 :])


def test_rows_that_the_row_groups_deny_are_unknown(tmp_path: Path) -> None:
    with_rows(tmp_path / "b.parquet", 60)
    metadata = pq.read_metadata(tmp_path / "b.parquet")
    assert (metadata.num_rows, metadata.row_group(0).num_rows) == (60, 53)
    assert inspect_table(tmp_path / "b.parquet").rows is None
    write_loose(tmp_path / "a.parquet", 1)
    assert inspect_table(tmp_path, counts=True).rows is None
    with_rows(tmp_path / "b.parquet", 53)
    assert inspect_table(tmp_path, counts=True).rows == 54


@pytest.mark.parametrize("ending", ["parq", "pq", "PARQ"])
def test_files_of_a_rarer_ending_are_a_table_too(tmp_path: Path, ending: str) -> None:
    for name in ("a", "b"):
        write_loose(tmp_path / f"{name}.{ending}", 1, 2)
    facts = inspect_table(tmp_path, counts=True)
    assert (facts.format, facts.rows, facts.files) == ("parquet", 4, 2)
    assert ds.dataset(tmp_path, format="parquet").count_rows() == facts.rows
    assert verify_table(facts).state == "intact"


@pytest.mark.parametrize("other", ["b.parq", "b.pq", "sub/b.PQ"])
def test_files_of_two_endings_are_refused_and_not_passed_over(tmp_path: Path, other: str) -> None:
    write_loose(tmp_path / "a.parquet", 1)
    (tmp_path / "sub").mkdir()
    write_loose(tmp_path / other, 2)
    with pytest.raises(UnsupportedTable, match=rf"a\.parquet ends in \.parquet, {other} in \.p"):
        inspect_table(tmp_path)


def test_a_parquet_file_without_an_ending_is_refused_and_not_passed_over(tmp_path: Path) -> None:
    write_loose(tmp_path / "a.parquet", 1)
    (tmp_path / "README").write_text("Cells.")
    before = inspect_table(tmp_path)
    write_loose(tmp_path / "000000_0", 2)
    with pytest.raises(UnsupportedTable, match="000000_0 is a Parquet file too, by its content"):
        inspect_table(tmp_path)
    (tmp_path / "000000_0").unlink()
    assert inspect_table(tmp_path) == before

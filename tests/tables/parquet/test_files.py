"""A Parquet table of many files: one schema, a listing that is not kept, and rows when they are asked for."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.stored_tables import Keys
from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.parquet.inspect import inspect_parquet
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.protocol import StoredObject


def write(path: Path, **columns: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table(columns), path)
    return path


FLOATS = pa.array([0.5, 1.0])


@pytest.mark.parametrize(
    ("columns", "what"),
    [
        ({"a": [1, 2]}, "a.parquet has column score as float64, c.parquet has no column score"),
        ({"a": [1, 2], "score": FLOATS, "more": [1, 2]}, "a.parquet has no column more, c.parquet has column more as"),
        ({"a": [1, 2], "score": FLOATS.cast(pa.float32())}, "score as float64, c.parquet has column score as float32"),
        ({"a": [{"x": 1}] * 2, "score": FLOATS}, "has column a as int64, c.parquet has column a as struct"),
    ],
)
def test_files_with_other_columns_are_not_one_table(tmp_path: Path, columns: dict[str, Any], what: str) -> None:
    for name in ("a.parquet", "b.parquet"):
        write(tmp_path / name, a=[1, 2], score=FLOATS)
    write(tmp_path / "c.parquet", **columns)
    with pytest.raises(UnsupportedTable, match=f"is not one table: .*{what}"):
        inspect_table(tmp_path)


def test_other_columns_in_the_middle_are_found_when_all_footers_are_read(tmp_path: Path) -> None:
    for name, column in (("a", "score"), ("b", "scores"), ("c", "score")):
        write(tmp_path / f"{name}.parquet", **{column: FLOATS})
    assert inspect_table(tmp_path).rows is None
    with pytest.raises(UnsupportedTable, match="a.parquet has column score as float64, b.parquet has no column score"):
        inspect_table(tmp_path, counts=True)


def test_files_may_differ_in_what_is_not_stored(tmp_path: Path) -> None:
    texts = pa.array(["x", "y"])
    write(tmp_path / "a.parquet", a=FLOATS, b=texts, c=[1, 2])
    write(tmp_path / "b.parquet", c=[1, 2], b=texts.dictionary_encode(), a=FLOATS)
    write(tmp_path / "c.parquet", a=pa.nulls(2), b=texts.cast(pa.large_string()), c=[3, 4])
    described = pa.table({"a": FLOATS, "b": texts, "c": [1, 2]}).replace_schema_metadata({"pandas": "{}"})
    pq.write_table(described, tmp_path / "d.parquet")
    facts = inspect_table(tmp_path, counts=True)
    assert (facts.rows, [field.type for field in facts.fields]) == (8, ["float64", "string", "int64"])


@pytest.mark.parametrize("empty_first", [False, True])
def test_a_file_may_hold_nothing_but_nulls_in_a_column(tmp_path: Path, empty_first: bool) -> None:
    empty, full = ("a", "b") if empty_first else ("b", "a")
    write(tmp_path / f"{empty}.parquet", s=pa.nulls(2), v=pa.array([[], None]), n=[1, 2])
    write(tmp_path / f"{full}.parquet", s=[{"x": [{"y": 1.0}]}] * 2, v=[[0.5], [1.5]], n=[1, 2])
    fields = {field.path: field.type for field in inspect_table(tmp_path, counts=True).fields}
    assert (fields["s.x.element.y"], fields["v"], fields["n"]) == ("float64", "list<float64>", "int64")


def test_a_column_whose_name_has_null_in_it_is_compared_as_any_other(tmp_path: Path) -> None:
    write(tmp_path / "a.parquet", null=[{"null": 1}], nullable=FLOATS[:1])
    write(tmp_path / "b.parquet", null=[{"null": 1.0}], nullable=FLOATS[:1])
    with pytest.raises(UnsupportedTable, match="column null.null as int64, b.parquet has column null.null as float64"):
        inspect_table(tmp_path)


def test_files_written_while_they_are_counted_give_no_rows_of_another_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.parquet", a=[1, 2])
    listed, lists = LocalStorage.list, count()

    def and_then_written(self: LocalStorage, prefix: str = "", start_after: str = "") -> Iterator[StoredObject]:
        if next(lists) == 1:
            write(tmp_path / "d.parquet", a=[1, 2])
        return listed(self, prefix, start_after)

    storage = LocalStorage(tmp_path)
    monkeypatch.setattr(LocalStorage, "list", and_then_written)
    with pytest.raises(TableError, match=r"was written to while its rows were counted\. Inspect it again"):
        inspect_parquet(storage, count_bytes=1 << 30)
    assert inspect_parquet(storage, count_bytes=1 << 30).rows == 8


def test_rows_are_counted_when_asked_for_and_within_a_budget(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    size = sum(write(tmp_path / f"day={day}" / "a.parquet", a=[1, 2, 3]).stat().st_size for day in range(40))
    assert inspect_table(tmp_path).rows is None
    assert inspect_table(tmp_path, counts=True).rows == 120
    assert inspect_table(tmp_path, counts=True, count_bytes=size).rows == 120
    assert inspect_table(tmp_path, counts=True, count_bytes=size - 1).rows is None
    bytes_read.clear()
    assert inspect_table(tmp_path, counts=True, count_bytes=0).rows is None
    assert len(bytes_read) < 25


def test_a_footer_larger_than_the_first_read_counts_too(tmp_path: Path) -> None:
    columns = {f"a_rather_long_column_name_{number}": [1] for number in range(700)}
    for name in ("a", "b"):
        assert write(tmp_path / f"{name}.parquet", **columns).stat().st_size > 64 * 1024
    assert inspect_table(tmp_path, counts=True).rows == 2


def test_a_damaged_file_is_named_when_rows_are_counted(tmp_path: Path) -> None:
    for name in "abc":
        write(tmp_path / f"{name}.parquet", a=[1])
    (tmp_path / "b.parquet").write_bytes(b"<html>")
    assert inspect_table(tmp_path).files == 3
    with pytest.raises(UnsupportedTable, match="b.parquet cannot be read: it is not Parquet"):
        inspect_table(tmp_path, counts=True)


def test_a_long_listing_is_never_held_as_a_whole(tmp_path: Path) -> None:
    content = write(tmp_path / "a.parquet", a=[1]).read_bytes()
    inspect_parquet(Keys(2, content))
    tracemalloc.start()
    try:
        facts = inspect_parquet(Keys(20_000, content))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (facts.files, facts.bytes, facts.partition_columns) == (20_000, 20_000 * len(content), ("day",))
    assert peak < 600_000
    assert inspect_parquet(Keys(20_000, content), version=facts.pin.identity["fingerprint"]) == facts
    with pytest.raises(TableNotFound, match="is not in state sha256:"):
        inspect_parquet(Keys(19_999, content), version=facts.pin.identity["fingerprint"])

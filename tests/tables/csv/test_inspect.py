"""Facts of CSV files: what is declared, what the file says, and what is refused rather than guessed."""

from __future__ import annotations

import gzip
import time
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import RegistryError, TableNotFound, UnsupportedTable
from registry_dagster.model.table import CsvPin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.storage.local import LocalStorage

CELLS = b'root_id,name,ok\n864691135000000001,"a, b",t\n864691135000000002,,f\n'


def types(facts: TableFacts) -> dict[str, str]:
    return {field.path: field.type for field in facts.fields}


def header_line(facts: TableFacts) -> bool:
    assert isinstance(facts.pin, CsvPin)
    return facts.pin.header_line


def test_columns_are_text_unless_declared(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_bytes(CELLS)
    facts = inspect_table(tmp_path / "cells.csv")
    assert types(facts) == {"root_id": "string", "name": "string", "ok": "string"}
    assert (facts.format, facts.rows, facts.bytes, facts.files) == ("csv", None, len(CELLS), 1)
    declared = inspect_table(tmp_path / "cells.csv", schema={"ok": "bool", "root_id": "uint64"})
    assert types(declared) == {"root_id": "uint64", "name": "string", "ok": "bool"}
    assert declared.pin == facts.pin
    assert TableFacts.from_json(declared.to_json()) == declared


def test_the_types_of_a_file_with_a_byte_order_mark_are_declared(tmp_path: Path) -> None:
    (tmp_path / "cells.csv").write_bytes(b"\xef\xbb\xbf" + CELLS)
    assert types(inspect_table(tmp_path / "cells.csv", schema={"root_id": "uint64"}))["root_id"] == "uint64"


def test_cave_s_pair_of_files(tmp_path: Path) -> None:
    (tmp_path / "synapses.csv.gz").write_bytes(gzip.compress(b"7,0101,t,2024-01-01 00:00:00\n8,0102,f,\n"))
    (tmp_path / "synapses_header.csv").write_text("field,dtype\nid,bigint\npt,geometry\nok,boolean\nat,timestamp\n")
    facts = inspect_table(tmp_path / "synapses.csv.gz", counts=True)
    assert types(facts) == {"id": "int64", "pt": "string", "ok": "bool", "at": "string"}
    assert (facts.rows, header_line(facts)) == (2, False)
    more = inspect_table(tmp_path / "synapses.csv.gz", schema={"at": "timestamp[us]"})
    assert types(more) == {**types(facts), "at": "timestamp[us]"}


def test_a_file_without_names_needs_all_of_them(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_bytes(b"864691135000000001,1.5\n864691135000000002,2.5\n")
    with pytest.raises(UnsupportedTable, match=r"does not say .* '864691135000000001'. Name them with schema="):
        inspect_table(file)
    with pytest.raises(UnsupportedTable, match="schema: 1 columns, but the first line of .* has 2 fields"):
        inspect_table(file, schema={"root_id": "uint64"})
    facts = inspect_table(file, schema={"root_id": "uint64", "v": "float64"}, counts=True)
    assert (types(facts), header_line(facts), facts.rows) == ({"root_id": "uint64", "v": "float64"}, False, 2)


@pytest.mark.parametrize(
    ("content", "schema", "message"),
    [
        (CELLS, {"root_id": "uint64", "size": "float32"}, "schema.size: .* has no such column; leave it out"),
        (CELLS, {"root_id": "long"}, "schema.root_id: unknown type 'long'; use int64"),
        (CELLS, {"root_id": "list<int64>"}, "schema.root_id: a CSV file holds no list<int64>"),
        (b"a;b\n1;2\n", None, "is separated by ';'. Write it with commas, or publish it as opaque"),
        (b"a,a\n1,2\n", None, "duplicate columns: a"),
        (b",id\n0,7\n", None, "does not say the names of its columns: its first line has ''"),
        (b"", None, "it is empty, or its first line is"),
        (b"\n\n1,2\n", None, "it is empty, or its first line is"),
        (b'"a', None, r"its first line is not CSV \(unexpected end of data\)"),
        (b"gr\xf6\xdfe\n1\n", None, "its first line is not UTF-8"),
        (b"a" * 2_000_000, None, "its first line is longer than 1 MiB"),
        (b'"a\n' * 1_000_000, None, "its first line is longer than 1 MiB"),
    ],
)
def test_what_no_honest_record_can_be_made_of(
    tmp_path: Path, content: bytes, schema: dict[str, str] | None, message: str
) -> None:
    (tmp_path / "cells.csv").write_bytes(content)
    with pytest.raises(UnsupportedTable, match=message):
        inspect_table(tmp_path / "cells.csv", schema=schema)


def test_no_more_than_the_first_line_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cells.csv").write_bytes(CELLS + b"1,2,3\n" * 1_000_000)
    read: list[int] = []
    original = LocalStorage.read

    def counted(self: LocalStorage, path: str = "", start: int = 0, length: int | None = None) -> bytes:
        found = original(self, path, start, length)
        read.append(len(found))
        return found

    monkeypatch.setattr(LocalStorage, "read", counted)
    inspect_table(tmp_path / "cells.csv")
    assert read == [64 * 1024]


def test_a_long_first_line_is_read_in_two_steps(tmp_path: Path) -> None:
    names = [f"column_{number}" for number in range(20_000)]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n")
    assert list(types(inspect_table(tmp_path / "wide.csv"))) == names


def test_a_compressed_bomb_costs_no_more_than_its_bound(tmp_path: Path) -> None:
    (tmp_path / "bomb.csv.gz").write_bytes(gzip.compress(b"\0" * 400_000_000, 1))
    rows = gzip.compress(b"1\n" * 100_000_000, 1)
    begun = time.monotonic()
    with pytest.raises(UnsupportedTable, match="longer than 1 MiB"):
        inspect_table(tmp_path / "bomb.csv.gz")
    (tmp_path / "rows.csv.gz").write_bytes(gzip.compress(b"id\n") + rows)
    facts = inspect_table(tmp_path / "rows.csv.gz", counts=True, count_bytes=len(rows) + 100_000)
    assert facts.rows is None
    assert time.monotonic() - begun < 5


def test_rows_are_counted_as_the_programs_read_them(tmp_path: Path) -> None:
    text = b'id,name\n1,"two\nlines"\n2,"say ""no"""\n\n3,c'
    members = gzip.compress(text[:20]) + gzip.compress(text[20:]) + b"\0" * 512
    (tmp_path / "cells.csv.gz").write_bytes(members)
    assert inspect_table(tmp_path / "cells.csv.gz", counts=True).rows == 3
    assert inspect_table(tmp_path / "cells.csv.gz", counts=True, count_bytes=10).rows is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gzip.compress(CELLS)[:-9], "it is cut off"),
        (CELLS, "it is damaged, or not gzip, though its name says so"),
        (gzip.compress(CELLS + b"1,2\n"), "cannot be read as CSV: .*Expected 3 columns, got 2"),
    ],
    ids=["cut off", "not gzip", "ragged"],
)
def test_a_damaged_file_is_not_counted(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "cells.csv.gz").write_bytes(content)
    with pytest.raises(UnsupportedTable, match=message):
        inspect_table(tmp_path / "cells.csv.gz", counts=True)


def test_a_pinned_state_is_found_or_refused(tmp_path: Path) -> None:
    file = tmp_path / "cells.csv"
    file.write_bytes(CELLS)
    pinned = inspect_table(file).pin.identity["fingerprint"]
    assert inspect_table(file, version=pinned).pin.identity["fingerprint"] == pinned
    file.write_bytes(CELLS + b"1,2,3\n")
    with pytest.raises(TableNotFound, match=f"is not in state {pinned}: the file is now in state sha256:.* CSV keeps"):
        inspect_table(file, version=pinned)


def test_what_is_not_one_csv_file(tmp_path: Path) -> None:
    (tmp_path / "cells.tsv").write_bytes(b"a\tb\n")
    for place in (tmp_path, tmp_path / "cells.tsv"):
        with pytest.raises(UnsupportedTable, match="is not one CSV file: its name ends in .csv or .csv.gz"):
            inspect_table(place, format="csv")


def test_columns_that_a_format_says_itself_are_not_declared(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"id": [1]}), tmp_path / "a.parquet")
    more: list[dict[str, Any]] = [{"schema": {"id": "int64"}}, {"how_to_read": "with care"}]
    for declared in more:
        with pytest.raises(RegistryError, match="Parquet tables say their own columns; leave schema and how_to"):
            inspect_table(tmp_path / "a.parquet", **declared)


def test_a_header_file_of_another_kind(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("1,2\n")
    (tmp_path / "s_header.csv").write_text("id,int64,extra\n")
    with pytest.raises(RegistryError, match=r"s_header.csv is not a header file: \['id', 'int64', 'extra'\]"):
        inspect_table(tmp_path / "s.csv")

"""Feather files: facts from the footer alone, rows from the batches' metadata, and what is not one."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import RegistryError, TableNotFound, UnknownFormat, UnsupportedTable
from registry_dagster.model.table import FeatherPin
from registry_dagster.tables import decode_schema, feather_file, inspect_table
from registry_dagster.tables.verify import verify_table
from tests.tables.places import Place

SYNAPSES = pa.table(
    {
        "id": pa.array(range(10_000), pa.uint64()),
        "neuropil": pa.array(["AL", "LH"] * 5_000).dictionary_encode(),
        "vector": pa.array([[0.0, 1.0]] * 10_000, pa.list_(pa.float32(), 2)),
    }
)


def write(path: Path, table: pa.Table = SYNAPSES, chunksize: int = 1_000, compression: str = "lz4") -> Path:
    feather.write_feather(table, path, chunksize=chunksize, compression=compression)
    return path


@pytest.mark.parametrize("name", ["synapses.feather", "synapses.arrow", "synapses.ipc", "synapses", "SYNAPSES.FEATHER"])
def test_it_is_recognised_by_its_name_or_its_first_bytes(name: str, tmp_path: Path) -> None:
    path = write(tmp_path / name)
    facts = inspect_table(path)
    assert (facts.format, facts.rows, facts.files, facts.bytes) == ("feather", None, 1, path.stat().st_size)
    assert [(field.path, field.type) for field in facts.fields] == [
        ("id", "uint64"),
        ("neuropil", "dictionary<values=string, indices=int32>"),
        ("vector", "fixed_size_list<float32>[2]"),
    ]
    assert decode_schema(facts.arrow_schema) == SYNAPSES.schema


def test_no_data_is_read_and_the_footer_once(tmp_path: Path, bytes_read: dict[str, int]) -> None:
    table = pa.table({"id": pa.array(range(1_000_000))})
    path = write(tmp_path / "a.feather", table, chunksize=65_536, compression="uncompressed")
    inspect_table(path)
    # 8 to recognise it, if its name does not; 64 KiB from its end.
    assert bytes_read[""] <= 8 + 64 * 1024 < path.stat().st_size / 100


@pytest.mark.parametrize("compression", ["lz4", "zstd", "uncompressed"])
def test_rows_are_counted_from_the_metadata_of_the_batches(
    compression: str, tmp_path: Path, bytes_read: dict[str, int]
) -> None:
    table = pa.table({"id": pa.array(range(300_001))})
    path = write(tmp_path / "a.feather", table, chunksize=65_536, compression=compression)
    assert inspect_table(path, counts=True).rows == 300_001
    assert bytes_read[""] < 64 * 1024 + 4096
    assert inspect_table(path, counts=True, count_bytes=1000).rows is None


def test_a_file_without_batches_has_no_rows(tmp_path: Path) -> None:
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), SYNAPSES.schema):
        pass
    assert inspect_table(tmp_path / "a.arrow", counts=True).rows == 0


def test_a_footer_longer_than_the_first_read_is_read_whole(tmp_path: Path) -> None:
    wide = pa.table({f"a_column_of_many_{index}": [index] for index in range(2_000)})
    facts = inspect_table(write(tmp_path / "a.feather", wide), counts=True)
    assert (len(facts.fields), facts.rows) == (2_000, 1)


def test_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    table = pa.table([pa.array([1]), pa.array([2])], names=["id", "id"])
    with pa.ipc.new_file(str(tmp_path / "a.arrow"), table.schema) as file:
        file.write_table(table)
    with pytest.raises(UnsupportedTable, match="duplicate columns: id"):
        inspect_table(tmp_path / "a.arrow")


def _stream(path: Path) -> None:
    with pa.ipc.new_stream(str(path), SYNAPSES.schema) as file:
        file.write_table(SYNAPSES)


def _cut(path: Path) -> None:
    path.write_bytes(write(path).read_bytes()[:-100])


def _long(path: Path) -> None:
    data = write(path).read_bytes()
    path.write_bytes(data[:-10] + (2**31 - 1).to_bytes(4, "little") + data[-6:])


def _negative(path: Path) -> None:
    data = write(path).read_bytes()
    path.write_bytes(data[:-10] + b"\xff\xff\xff\xff" + data[-6:])


NOT_FEATHER: dict[str, tuple[Callable[[Path], object], str]] = {
    "version 1": (lambda path: path.write_bytes(b"FEA1" + bytes(100) + b"FEA1"), "a Feather file of version 1"),
    "a stream": (_stream, "an Arrow IPC stream, which has no footer"),
    "cut off": (_cut, "it is cut off"),
    "empty": (lambda path: path.touch(), "it is empty"),
    "parquet": (lambda path: pq.write_table(SYNAPSES, path), r"it starts with b'PAR1', not b'ARROW1'"),
    "a long footer": (_long, "its footer claims 2147483647 bytes"),
    "a negative footer": (_negative, "its footer claims -1 bytes"),
    "only the magic": (lambda path: path.write_bytes(b"ARROW1\0\0ARROW1"), "its footer claims"),
}


@pytest.mark.parametrize("kind", NOT_FEATHER)
def test_what_is_no_feather_file_is_refused_with_the_reason(kind: str, tmp_path: Path) -> None:
    make, reason = NOT_FEATHER[kind]
    make(tmp_path / "a.feather")
    with pytest.raises(UnsupportedTable, match=reason):
        inspect_table(tmp_path / "a.feather")


def test_a_folder_of_feather_files_is_not_one_table(tmp_path: Path) -> None:
    write(tmp_path / "a.feather")
    with pytest.raises(UnknownFormat, match="holds no table"):
        inspect_table(tmp_path)
    with pytest.raises(UnknownFormat, match="is a directory, and a Feather table is one file"):
        inspect_table(tmp_path, format="feather")


def test_a_file_inside_a_delta_table_is_refused(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "_delta_log" / f"{0:020}.json").touch()
    with pytest.raises(UnsupportedTable, match="is a Delta table"):
        inspect_table(write(tmp_path / "a.feather"))


def test_its_state_is_pinned_and_verified(tmp_path: Path) -> None:
    path = write(tmp_path / "a.feather")
    facts = inspect_table(path)
    assert isinstance(facts.pin, FeatherPin)
    pinned = facts.pin.fingerprint
    assert inspect_table(path, version=pinned) == facts
    assert feather_file(path, pinned) == str(path)
    assert verify_table(facts).state == "intact"
    write(path, SYNAPSES.slice(1))
    assert verify_table(facts).state == "changed"
    for look in (lambda: inspect_table(path, version=pinned), lambda: feather_file(path, pinned)):
        with pytest.raises(TableNotFound, match="the file is now in state sha256:"):
            look()
    path.unlink()
    assert verify_table(facts).state == "missing"


@pytest.mark.parametrize("place", ["local", "s3"], indirect=True)
def test_it_is_read_in_any_store(place: Place, tmp_path: Path) -> None:
    place.put("run=7/a b.feather", write(tmp_path / "written.feather").read_bytes())
    facts = inspect_table(place.at("run=7/a b.feather"), storage_options=place.options, counts=True)
    assert facts.rows == SYNAPSES.num_rows
    assert verify_table(facts, place.options).state == "intact"


def test_damaged_files_give_errors_of_ours_or_what_pyarrow_says(tmp_path: Path) -> None:
    path = write(tmp_path / "a.feather", chunksize=4_000)
    whole, chance = path.read_bytes(), random.Random(7)
    for _ in range(400):
        path.write_bytes(_damaged(whole, chance))
        try:
            facts = inspect_table(path, counts=True)
        except RegistryError:
            continue
        opened: Any = pa.ipc.open_file(path)
        assert decode_schema(facts.arrow_schema) == opened.schema
        with suppress(pa.ArrowException, OSError):
            assert facts.rows == opened.read_all().num_rows


def _damaged(data: bytes, chance: random.Random) -> bytes:
    """The same bytes, but for some of the last 2,000."""
    changed = bytearray(data)
    for _ in range(chance.choice([1, 2, 8])):
        changed[-chance.randrange(1, 2_000)] = chance.randrange(256)
    return bytes(changed)

"""The format is recognised by what is stored, and not guessed."""

from __future__ import annotations

import io
import logging
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import TableNotFound, UnknownFormat
from registry_dagster.tables import inspect_table
from tests.tables.places import Place

IDS = pa.table({"id": [1, 2, 3]})


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(TableNotFound, match=r"Nothing is stored at file://.*/nope. Check the location."):
        inspect_table(tmp_path / "nope")


def test_an_empty_directory(tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match=r"holds no table.* It holds nothing"):
        inspect_table(tmp_path)


def test_a_directory_without_a_table_lists_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.txt").touch()
    for name in ("notes.md", "a.csv", "b.csv", "c.csv", "d.csv"):
        (tmp_path / name).touch()
    expected = r"It holds a.csv, b.csv, c.csv, d.csv, notes.md and more. Give the table's own location."
    with pytest.raises(UnknownFormat, match=expected):
        inspect_table(tmp_path)


def test_two_formats_in_one_directory_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "_delta_log").mkdir()
    (tmp_path / "_delta_log" / f"{0:020}.json").touch()
    (tmp_path / "metadata").mkdir()
    (tmp_path / "metadata" / "v1.metadata.json").touch()
    expected = r"holds _delta_log/\*.json and metadata/\*.metadata.json, so it could be delta or iceberg. Say which"
    with pytest.raises(UnknownFormat, match=expected):
        inspect_table(tmp_path)


@pytest.mark.parametrize(("content", "what"), [(b"", "an empty file"), (b"<html>", "starts with b'<htm'")])
def test_a_file_of_another_kind(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "table.bin"
    file.write_bytes(content)
    with pytest.raises(UnknownFormat, match=f"{what}.*A table in one file is parquet .PAR1. or iceberg .* or feather"):
        inspect_table(file)


def test_a_parquet_file_may_have_any_extension(tmp_path: Path) -> None:
    pq.write_table(IDS, tmp_path / "table.bin")
    assert inspect_table(tmp_path / "table.bin").format == "parquet"


def test_an_unknown_format_is_refused(tmp_path: Path) -> None:
    orc: Any = "orc"
    with pytest.raises(UnknownFormat, match="'orc' is not a table format; use one of parquet, delta, iceberg, lance"):
        inspect_table(tmp_path, format=orc)
    with pytest.raises(UnknownFormat, match="names one of the Iceberg tables in a catalog, not a delta table"):
        inspect_table("iceberg://c/n.t", format="delta")


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_a_large_directory_is_listed_once_however_many_formats_there_are(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table({"id": [1]}), file)
    for number in range(3):
        place.put(f"many/{number}.parquet", file.getvalue())
    with caplog.at_level(logging.INFO, "werkzeug"):
        caplog.clear()
        inspect_table(place.at("many"), storage_options=place.options)
    listings = [each for each in caplog.messages if re.search(r"list-type=2&prefix=[^&]*/many/ HTTP", each)]
    # Whether it is there and what it is, the first page of a listing says.
    assert len(listings) <= 3

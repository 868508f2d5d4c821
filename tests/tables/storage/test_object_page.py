"""Pages of a listing, column by column, say what their objects say, and fingerprints are those of every release."""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import datetime, timezone
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.tables import inspect_table
from registry_dagster.tables.fingerprint import Fingerprint
from registry_dagster.tables.storage.local import LocalStorage
from registry_dagster.tables.storage.object_page import ObjectPage, in_pages
from registry_dagster.tables.storage.protocol import StoredObject

NOT_UTF8 = os.fsdecode(b"gr\xf6\xdfe.parquet")
PATHS = ["a.parquet", "größe/ü.PQ", "day=1/x.parquet", "day=1/y.parquet", NOT_UTF8, "a/b/c", "\U0001f9e0.parq"]
MOMENTS = [datetime(1969, 7, 20, tzinfo=timezone.utc), datetime(2024, 1, 1, 0, 0, 0, 123456, timezone.utc)]
OBJECTS = [StoredObject(path, 10**at, f'"{at}é', MOMENTS[at % 2]) for at, path in enumerate(PATHS)]


def test_a_page_gives_back_its_objects() -> None:
    page = ObjectPage.of(OBJECTS)
    assert list(page) == OBJECTS
    assert (page[0], page[2], page[-1]) == (OBJECTS[0], OBJECTS[2], OBJECTS[-1])
    assert (len(page), page.bytes, page.latest) == (7, 1111111, MOMENTS[1])
    assert page.directories == ["", "größe", "day=1", "a/b"]


def test_a_page_is_split_by_what_is_true_of_its_objects() -> None:
    data, others = ObjectPage.of(OBJECTS).split(ObjectPage.of(OBJECTS).end_with(".parquet"))
    assert [each.path for each in data] == [path for path in PATHS if path.endswith(".parquet")]
    assert [each.path for each in others] == ["größe/ü.PQ", "a/b/c", "\U0001f9e0.parq"]
    assert [len(page) for page in data.split(data.end_with(".parquet"))] == [4, 0]


def test_the_fingerprint_is_made_of_a_line_for_each_file() -> None:
    lines = "".join(f"{each.path}\0{each.size}\0{each.token}\n" for each in OBJECTS * 300)
    fingerprint = Fingerprint()
    for page in in_pages(OBJECTS * 300):
        fingerprint.add(page)
    assert str(fingerprint) == f"sha256:{hashlib.sha256(os.fsencode(lines)).hexdigest()}"


def test_a_table_of_names_that_are_not_text_has_a_fingerprint_too(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": [1]}), tmp_path / ".also.parquet")
    for name in (NOT_UTF8, "_hidden.parquet", "_day=1/a.parquet"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(tmp_path / ".also.parquet", tmp_path / name)
    with pytest.raises(UnsupportedTable, match="is partitioned by"):
        inspect_table(tmp_path)
    (tmp_path / "_day=1" / "a.parquet").unlink()
    facts = inspect_table(tmp_path)
    stored = LocalStorage(tmp_path).head(NOT_UTF8)
    line = os.fsencode(f"{NOT_UTF8}\0{stored.size}\0{stored.token}\n")
    assert facts.pin.identity["fingerprint"] == f"sha256:{hashlib.sha256(line).hexdigest()}"
    assert facts.files == 1

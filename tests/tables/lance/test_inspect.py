"""Lance: one version's manifest; tags and branches are resolved to it."""

from __future__ import annotations

import builtins
import logging
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lance
import pyarrow as pa
import pytest

from registry_dagster.errors import TableError, TableNotFound, UnsupportedTable
from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables import decode_schema, inspect_table
from registry_dagster.tables.lance.options import for_lance
from tests.tables.places import Place

SCHEMA = pa.schema([("id", pa.int64()), ("v", pa.list_(pa.float32(), 32))], metadata={"made": "by hand"})
ROWS = pa.table({"id": [1, 2, 3], "v": [[0.5] * 32] * 3}, schema=SCHEMA)


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A dataset with three versions of three rows more each."""
    path = tmp_path / "tree" / "table.lance"
    path.parent.mkdir()
    for _ in range(3):
        lance.write_dataset(ROWS, path, mode="append" if path.exists() else "create")
    return path


def pin_of(facts: TableFacts) -> LancePin:
    assert isinstance(facts.pin, LancePin)
    return facts.pin


def test_the_latest_version_by_default(table: Path) -> None:
    facts = inspect_table(table)
    dataset: Any = lance.dataset(str(table))
    uuid = dataset.read_transaction(3).uuid
    assert (facts.format, facts.location) == ("lance", table.resolve().as_uri())
    assert facts.pin == LancePin(version=3, transaction_uuid=uuid)
    assert [(field.path, field.type) for field in facts.fields] == [
        ("id", "int64"),
        ("v", "fixed_size_list<float32>[32]"),
    ]
    assert decode_schema(facts.arrow_schema).equals(dataset.schema, check_metadata=True)
    stored = sum(file.stat().st_size for file in (table / "data").iterdir())
    assert (facts.rows, facts.bytes, facts.files) == (9, stored, 3)


def test_a_pinned_version_is_not_moved_by_later_ones(table: Path) -> None:
    before = inspect_table(table, version=2)
    assert (pin_of(before).version, before.rows) == (2, 6)
    lance.write_dataset(ROWS, table, mode="overwrite")
    assert inspect_table(table, version=2) == before
    assert inspect_table(table, version="2") == before
    assert inspect_table(table).rows == 3


def test_a_recreated_dataset_has_another_transaction(tmp_path: Path) -> None:
    pins = [
        pin_of(inspect_table(str(lance.write_dataset(ROWS, tmp_path / name).uri))) for name in ("a.lance", "b.lance")
    ]
    assert pins[0].version == pins[1].version == 1
    assert pins[0].transaction_uuid != pins[1].transaction_uuid


def test_deleted_rows_do_not_count(table: Path) -> None:
    lance.dataset(str(table)).delete("id = 1")
    assert inspect_table(table).rows == 6


def test_a_tag_is_resolved_to_its_version(table: Path) -> None:
    lance.dataset(str(table)).tags.create("paper", 2)
    assert inspect_table(table, version="paper") == inspect_table(table, version=2)
    with pytest.raises(TableNotFound, match="has no tag or branch 'draft'; it has paper"):
        inspect_table(table, version="draft")


def test_a_branch_is_recorded(table: Path) -> None:
    dataset: Any = lance.dataset(str(table))
    dataset.create_branch("exp", 2)
    lance.write_dataset(ROWS, str(table / "tree" / "exp"), mode="append")
    on_branch = inspect_table(table / "tree" / "exp")
    assert (pin_of(on_branch).branch, pin_of(on_branch).version, on_branch.rows) == ("exp", 3, 9)
    assert on_branch.identity != inspect_table(table).identity
    assert inspect_table(table, version="exp") == on_branch
    dataset.tags.create("trial", ("exp", 3))
    assert inspect_table(table, version="trial") == on_branch
    assert inspect_table(table / "tree" / "exp", version="trial") == on_branch
    with pytest.raises(TableNotFound, match="has no tag or branch 'draft'; it has exp, trial"):
        inspect_table(table, version="draft")


def test_no_data_file_is_read(table: Path, overwrite_data_files: Callable[[Path, str], int]) -> None:
    before = inspect_table(table)
    assert overwrite_data_files(table / "data", ".lance") == 3
    assert inspect_table(table) == before


def test_versions_that_are_not_there(table: Path) -> None:
    with pytest.raises(TableNotFound, match=r"has no version 9"):
        inspect_table(table, version=9)
    with pytest.raises(TableNotFound, match="has no tag or branch 'x'; it has none"):
        inspect_table(table, version="x")


@pytest.mark.parametrize("version", [None, 1, "paper"])
def test_a_missing_dataset_is_told_from_a_missing_version(tmp_path: Path, version: int | str | None) -> None:
    (tmp_path / "notes.txt").touch()
    with pytest.raises(TableNotFound, match=r"There is no Lance dataset at file://.*: no _versions/ in it"):
        inspect_table(tmp_path, format="lance", version=version)


def test_a_damaged_manifest(table: Path, overwrite_data_files: Callable[[Path, str], int]) -> None:
    overwrite_data_files(table / "_versions", ".manifest")
    with pytest.raises(UnsupportedTable, match=r"cannot be read: .* It may be damaged, or need a newer pylance") as bad:
        inspect_table(table)
    assert ".rs:" not in str(bad.value)


def test_without_the_lance_package_the_message_says_what_to_install(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def no_lance(name: str, *rest: Any, **options: Any) -> Any:
        if name == "lance":
            raise ImportError("No module named 'lance'")
        return original(name, *rest, **options)

    monkeypatch.delitem(sys.modules, "lance")
    monkeypatch.setattr(builtins, "__import__", no_lance)
    with pytest.raises(TableError, match=r'pip install "registry-dagster\[lance\]"'):
        inspect_table(table)


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_requests_do_not_grow_with_the_number_of_versions(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    uri, options = for_lance(place.at("t.lance"), place.options)
    sent: dict[tuple[int, int | None], int] = {}
    for number in range(1, 13):
        lance.write_dataset(ROWS, uri, mode="append" if number > 1 else "create", storage_options=options)
        if number in {2, 12}:
            for version in (None, 1):
                with caplog.at_level(logging.INFO, "werkzeug"):
                    caplog.clear()
                    inspect_table(place.at("t.lance"), version=version, storage_options=place.options)
                    sent[number, version] = len(caplog.records)
    assert 0 < sent[2, None] == sent[12, None] <= 9
    assert 0 < sent[2, 1] == sent[12, 1] <= 9

"""What verifying a table asks of its store: each is a way there and back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from deltalake import write_deltalake

from registry_dagster.tables import inspect_table
from registry_dagster.tables.delta import verify as delta_verify
from registry_dagster.tables.parquet import verify as parquet_verify
from registry_dagster.tables.storage.open import open_storage
from registry_dagster.tables.storage.options import StorageOptions
from registry_dagster.tables.verify import verify_table
from tests.tables.conftest import CountingStorage
from tests.tables.storage.test_object_stores import ROWS

Asked = Callable[[Path, str], list[str]]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """What is asked of the store to find a table in a state."""
    opened: list[CountingStorage] = []

    def counting(location: str, options: StorageOptions | None) -> CountingStorage:
        opened.append(CountingStorage(open_storage(location, options)))
        return opened[-1]

    def verified(path: Path, state: str) -> list[str]:
        assert verify_table(inspect_table(path)).state == state
        (storage,) = opened
        return storage.asked

    for module in (delta_verify, parquet_verify):
        monkeypatch.setattr(module, "open_storage", counting)
    return verified


@pytest.mark.parametrize("files", [1, 2])
def test_a_directory_of_parquet_files_takes_one_listing(tmp_path: Path, files: int, asked: Asked) -> None:
    (tmp_path / "t").mkdir()
    for number in range(files):
        pq.write_table(ROWS, tmp_path / "t" / f"{number}.parquet")
    assert asked(tmp_path / "t", "intact") == ["list "]


def test_a_parquet_file_is_not_listed(tmp_path: Path, asked: Asked) -> None:
    pq.write_table(ROWS, tmp_path / "t.parquet")
    assert asked(tmp_path / "t.parquet", "intact") == ["exists ", "is_object ", "head "]


def test_a_small_delta_table_takes_a_listing_its_commits_and_its_files(tmp_path: Path, asked: Asked) -> None:
    for _ in range(3):
        write_deltalake(tmp_path / "t", ROWS, mode="append")
    listing, *others = asked(tmp_path / "t", "intact")
    reads = [f"read _delta_log/{version:020}.json" for version in (0, 2, 1)]
    assert (listing, others[:3]) == ("list _delta_log/", reads)
    assert sorted(others[3:]) == sorted(f"head {file.name}" for file in (tmp_path / "t").glob("*.parquet"))

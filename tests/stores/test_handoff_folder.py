"""The hand-off folder: its files are one order of writes, without a gap, for threads and processes alike."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.errors import RegistryError
from registry_dagster.stores.handoff_folder import FileStore


def status(name: str) -> Proposal:
    return Proposal(version_urn(name, "PROD"), "status", {"removed": False})


def test_a_write_that_is_missing_between_others_is_named_and_nothing_is_written_in_its_place(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    for number in (1, 2, 3):
        store.upsert([status(f"ann@v{number}")])
    (tmp_path / "000002.json").unlink()
    for act in (lambda each: each.urns(), lambda each: each.upsert([status("bob@v1")])):
        with pytest.raises(RegistryError, match="000002.json is missing"):
            act(FileStore(tmp_path))
    assert sorted(path.name for path in tmp_path.glob("*.json")) == ["000001.json", "000003.json"]


def test_files_of_others_in_the_folder_are_no_gap(tmp_path: Path) -> None:
    FileStore(tmp_path).upsert([status("ann@v1")])
    (tmp_path / "notes.json").write_text("not ours")
    assert FileStore(tmp_path).urns() == [version_urn("ann@v1", "PROD")]


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    tmp_path.joinpath("000001.json").write_text("{")
    with pytest.raises(RegistryError, match="000001.json cannot be read as proposals"):
        FileStore(tmp_path).urns()


class Slow(FileStore):
    """Takes its time between learning of a write and counting it, as a busy machine may."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._entities = SlowEntities()


class SlowEntities(dict[str, dict[str, Any]]):
    def setdefault(self, key: str, default: Any = None) -> Any:
        time.sleep(0.005)
        return super().setdefault(key, default)


def test_threads_that_share_a_store_see_every_write(tmp_path: Path) -> None:
    for number in range(1, 41):
        FileStore(tmp_path).upsert([status(f"ann@v{number}")])
    shared = Slow(tmp_path)
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(len(shared.urns()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [40] * 4
    assert shared.about()["writes"] == "40"

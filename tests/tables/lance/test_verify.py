"""What becomes of a pinned version of a Lance dataset, and how that is found out."""

from __future__ import annotations

import builtins
import shutil
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import lance
import pyarrow as pa
import pytest

from registry_dagster.model.table import LancePin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.lance.options import for_lance
from registry_dagster.tables.verify import verify_table
from tests.tables.places import Place

ROWS = pa.table({"id": [1, 2, 3]})
both_namings = pytest.mark.parametrize("counted_down", [True, False])


def write(path: Path, times: int = 1, counted_down: bool = True) -> None:
    for _ in range(times):
        mode = "append" if path.exists() else "create"
        lance.write_dataset(ROWS, path, mode=mode, enable_v2_manifest_paths=counted_down)


def pin(facts: TableFacts) -> LancePin:
    assert isinstance(facts.pin, LancePin)
    return facts.pin


def clean_up(path: Path) -> None:
    lance.dataset(path).cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)


@both_namings
def test_later_versions_leave_it_intact(tmp_path: Path, counted_down: bool) -> None:
    write(tmp_path / "t", times=2, counted_down=counted_down)
    facts = inspect_table(tmp_path / "t")
    write(tmp_path / "t", times=2, counted_down=counted_down)
    lance.dataset(tmp_path / "t").delete("id = 2")
    lance.dataset(tmp_path / "t").optimize.compact_files()
    found = verify_table(facts)
    assert found.state == "intact"
    assert pin(facts).transaction_uuid in found.evidence[-1].found
    assert verify_table(inspect_table(tmp_path / "t")).state == "intact"


@both_namings
def test_a_version_that_was_cleaned_up_is_missing(tmp_path: Path, counted_down: bool) -> None:
    write(tmp_path / "t", times=2, counted_down=counted_down)
    facts = inspect_table(tmp_path / "t")
    write(tmp_path / "t", times=2, counted_down=counted_down)
    clean_up(tmp_path / "t")
    found = verify_table(facts)
    assert found.state == "missing"
    assert "does not have version 2; it has 1, from 4 to 4" in found.reason


@both_namings
def test_a_dataset_created_again_is_a_change(tmp_path: Path, counted_down: bool) -> None:
    write(tmp_path / "t", counted_down=counted_down)
    facts = inspect_table(tmp_path / "t")
    shutil.rmtree(tmp_path / "t")
    write(tmp_path / "t", counted_down=counted_down)
    found = verify_table(facts)
    assert (found.state, "the dataset was created again" in found.reason) == ("changed", True)


def test_a_branch_is_looked_at_by_itself(tmp_path: Path) -> None:
    write(tmp_path / "t", times=2)
    lance.dataset(tmp_path / "t").create_branch("lab")
    facts = inspect_table(tmp_path / "t" / "tree" / "lab")
    assert (pin(facts).branch, verify_table(facts).state) == ("lab", "intact")
    shutil.rmtree(tmp_path / "t" / "tree" / "lab" / "_versions")
    assert verify_table(facts).state == "missing"


def test_without_a_recorded_transaction_it_stays_unknown(tmp_path: Path) -> None:
    write(tmp_path / "t")
    facts = inspect_table(tmp_path / "t")
    unnamed = facts.model_copy(update={"pin": LancePin(version=1)})
    assert verify_table(unnamed).state == "unknown"


def test_the_lance_package_is_not_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t")
    facts = inspect_table(tmp_path / "t")
    importing = builtins.__import__

    def without_lance(name: str, *args: Any, **options: Any) -> Any:
        if name.partition(".")[0] == "lance":
            raise ImportError(name)
        return importing(name, *args, **options)

    monkeypatch.delitem(sys.modules, "lance")
    monkeypatch.setattr(builtins, "__import__", without_lance)
    assert verify_table(facts).state == "intact"


@pytest.mark.parametrize("place", ["s3"], indirect=True)
def test_in_an_object_store(place: Place) -> None:
    uri, options = for_lance(place.at("t"), place.options)
    lance.write_dataset(ROWS, uri, storage_options=options)
    facts = inspect_table(place.at("t"), storage_options=place.options)
    dataset = lance.write_dataset(ROWS, uri, mode="overwrite", storage_options=options)
    assert verify_table(facts, place.options).state == "intact"
    dataset.cleanup_old_versions(older_than=timedelta(0), delete_unverified=True)
    assert verify_table(facts, place.options).state == "missing"

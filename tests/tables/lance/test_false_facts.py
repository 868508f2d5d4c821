"""What was false once: rows of old manifests without counts, manifests that are cut off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import lance
import pyarrow as pa
import pytest

from registry_dagster.tables import inspect_table
from registry_dagster.tables.verify import verify_table

OLD = Path(__file__).parent / "old"
"""Datasets of early versions of Lance, from its own test data (Apache-2.0); of one without its data files."""


@pytest.mark.parametrize("name", sorted(path.name for path in OLD.iterdir()))
def test_rows_that_an_old_manifest_does_not_count_are_unknown(name: str) -> None:
    facts = inspect_table(OLD / name)
    assert (facts.rows, facts.files is not None and facts.files > 0) == (None, True)


def test_rows_that_are_deleted_do_not_count(tmp_path: Path) -> None:
    lance.write_dataset(pa.table({"id": [1, 2, 3]}), tmp_path / "t")
    lance.dataset(tmp_path / "t").delete("id = 2")
    assert inspect_table(tmp_path / "t").rows == lance.dataset(tmp_path / "t").count_rows() == 2


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "emptied": lambda data: b"",
    "cut off by a few bytes": lambda data: data[:-4],
    "cut off": lambda data: data[:-200],
    "cut off in front": lambda data: data[200:],
    "NULs": lambda data: bytes(len(data)),
    "NULs but for its end": lambda data: bytes(len(data) - 16) + data[-16:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_manifest_is_a_change(tmp_path: Path, damage: str) -> None:
    for mode in ("create", "append"):
        lance.write_dataset(pa.table({"id": [1, 2, 3]}), tmp_path / "t", mode=mode)
    facts = inspect_table(tmp_path / "t", version=1)
    for manifest in (tmp_path / "t" / "_versions").glob("*.manifest"):
        manifest.write_bytes(DAMAGES[damage](manifest.read_bytes()))
    found = verify_table(facts)
    assert (found.state, "manifest of version 1 is damaged" in found.reason) == ("changed", True)

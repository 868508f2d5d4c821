"""Delta counts: exact where the log says so, unknown where it does not, and never dearer than allowed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.errors import UnsupportedTable
from registry_dagster.model.table import TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.delta import inspect as delta_inspect
from tests.tables.delta.delta_tables import (
    EMBEDDINGS,
    apart_from_commit,
    edit_actions,
    keep_in_checkpoint,
    log_file,
    write,
)

VECTOR = {
    "storageType": "u",
    "pathOrInlineDv": "ab^-aqEH.-t@S}K{vb[*k^",
    "offset": 1,
    "sizeInBytes": 36,
    "cardinality": 2,
}


def counts_of(facts: TableFacts) -> tuple[int | None, int | None, int | None]:
    return facts.rows, facts.bytes, facts.files


def commit(path: Path, version: int, *actions: dict[str, Any]) -> None:
    log_file(path, version).write_text("\n".join(json.dumps(action) for action in actions))


def added(path: str, rows: int | None, **more: Any) -> dict[str, Any]:
    stats = None if rows is None else json.dumps({"numRecords": rows, "minValues": {"numRecords": 99}})
    return {
        "add": {
            "path": path,
            "partitionValues": {},
            "size": 10,
            "modificationTime": 0,
            "dataChange": True,
            "stats": stats,
            **more,
        }
    }


def removed(path: str, **more: Any) -> dict[str, Any]:
    return {"remove": {"path": path, "dataChange": True, **more}}


def test_nothing_is_counted_unless_asked_for(tmp_path: Path) -> None:
    write(tmp_path)
    assert counts_of(inspect_table(tmp_path)) == (None, None, None)
    assert counts_of(inspect_table(tmp_path, counts=True)) != (None, None, None)


def test_every_version_of_a_changing_table_counts_what_deltalake_counts(tmp_path: Path) -> None:
    table = write(tmp_path, commits=2)
    table.create_checkpoint()
    table.delete("id = 2")
    write(tmp_path, commits=2)
    deltalake.write_deltalake(tmp_path, EMBEDDINGS, mode="overwrite")
    table = write(tmp_path)
    table.create_checkpoint()
    table.optimize.compact()
    for version in range(table.version() + 1):
        theirs = deltalake.DeltaTable(tmp_path, version=version)
        files = pa.table(theirs.get_add_actions())
        expected = (theirs.count(), sum(files["size_bytes"].to_pylist()), len(files))
        assert counts_of(inspect_table(tmp_path, version=version, counts=True)) == expected


def test_rows_are_unknown_where_a_file_has_no_statistics(tmp_path: Path) -> None:
    write(tmp_path)
    commit(tmp_path, 1, added("x", None))
    facts = inspect_table(tmp_path, counts=True)
    assert (facts.rows, facts.files) == (None, 3)
    keep_in_checkpoint(tmp_path, "classic")
    assert apart_from_commit(inspect_table(tmp_path, counts=True)) == apart_from_commit(facts)
    commit(tmp_path, 2, removed("x"))
    facts = inspect_table(tmp_path, counts=True)
    assert (facts.rows, facts.files) == (3, 2)


def test_rows_that_a_deletion_vector_deletes_do_not_count(tmp_path: Path) -> None:
    write(tmp_path)
    edit_actions(tmp_path, 0, protocol={"minReaderVersion": 3, "readerFeatures": ["deletionVectors"]})
    commit(tmp_path, 1, added("x", 10))
    commit(tmp_path, 2, removed("x"), added("x", 10, deletionVector=VECTOR))
    inline = {"storageType": "i", "pathOrInlineDv": "wi5b=000010000siXQKl0rr91000f55c8Xg0@@D72lkbi5=-{L"}
    commit(
        tmp_path,
        3,
        removed("x", deletionVector=VECTOR),
        added("x", 10, deletionVector=VECTOR | inline | {"offset": None}),
    )
    rows = [inspect_table(tmp_path, version=version, counts=True).rows for version in range(4)]
    assert rows == [3, 13, 11, 11]


def test_a_deletion_vector_in_a_checkpoint_counts_and_is_replaced(tmp_path: Path) -> None:
    write(tmp_path)
    commit(tmp_path, 1, added("x", 10, deletionVector=VECTOR))
    keep_in_checkpoint(tmp_path, "v2 parquet with sidecars")
    assert inspect_table(tmp_path, counts=True).rows == 11
    newer = VECTOR | {"offset": 40, "cardinality": 5}
    commit(tmp_path, 2, removed("x", deletionVector=VECTOR), added("x", 10, deletionVector=newer))
    facts = inspect_table(tmp_path, counts=True)
    assert (facts.rows, facts.files) == (8, 3)


def test_statistics_kept_as_columns_are_preferred(tmp_path: Path) -> None:
    write(tmp_path, commits=2)
    before = inspect_table(tmp_path, counts=True)
    keep_in_checkpoint(tmp_path, "classic")
    file = log_file(tmp_path, 1, "checkpoint.parquet")
    actions = pq.read_table(file)
    rows = actions.to_pylist()
    for row in rows:
        if row["add"]:
            row["add"]["stats_parsed"] = {"numRecords": json.loads(row["add"].pop("stats"))["numRecords"]}
    add = actions.schema.field("add").type
    kept = [field for field in add if field.name != "stats"] + [
        pa.field("stats_parsed", pa.struct([("numRecords", pa.int64())]))
    ]
    schema = actions.schema.set(actions.schema.get_field_index("add"), pa.field("add", pa.struct(kept)))
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    assert apart_from_commit(inspect_table(tmp_path, counts=True)) == apart_from_commit(before)


@pytest.mark.parametrize("kind", ["classic", "multi-part", "v2 json", "v2 parquet with sidecars"])
def test_counting_stays_within_its_budget(tmp_path: Path, kind: str, bytes_read: dict[str, int]) -> None:
    write(tmp_path, commits=2)
    keep_in_checkpoint(tmp_path, kind)
    facts = inspect_table(tmp_path, counts=True, count_bytes=20)
    assert counts_of(facts) == (None, None, None)
    assert facts == inspect_table(tmp_path)
    assert inspect_table(tmp_path, counts=True, count_bytes=100_000).rows == 6


def test_a_checksum_file_counts_for_free_where_the_budget_does_not_reach(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    found = {
        name: value
        for line in log_file(tmp_path, 0).read_text().splitlines()
        for name, value in json.loads(line).items()
    }
    checksum = {"tableSizeBytes": 1234, "numFiles": 2, "metadata": found["metaData"], "protocol": found["protocol"]}
    log_file(tmp_path, 0, "crc").write_text(json.dumps(checksum))
    monkeypatch.setattr(delta_inspect, "_SHORT_LOG", 0)
    assert counts_of(inspect_table(tmp_path, counts=True, count_bytes=0)) == (None, 1234, 2)


def test_a_table_without_files_has_no_rows(tmp_path: Path) -> None:
    write(tmp_path).delete()
    assert counts_of(inspect_table(tmp_path, counts=True)) == (0, 0, 0)
    keep_in_checkpoint(tmp_path, "classic")
    assert counts_of(inspect_table(tmp_path, counts=True)) == (0, 0, 0)


@pytest.mark.parametrize("change", [{"stats": "no JSON"}, {"size": None}, {"size": "ten"}, {"stats": "[]"}])
def test_a_malformed_entry_is_an_error_that_names_the_table(tmp_path: Path, change: dict[str, Any]) -> None:
    write(tmp_path)
    edit_actions(tmp_path, 0, add=change)
    with pytest.raises(UnsupportedTable, match="lists a file in a way that cannot be read"):
        inspect_table(tmp_path, counts=True)

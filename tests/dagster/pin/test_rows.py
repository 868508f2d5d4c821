"""What people read on a materialization: in words first, and what a publish needs last."""

from pathlib import Path
from typing import Any

import deltalake
import pyarrow as pa
import pytest

import registry_dagster as rd
from registry_dagster.dagster.pin.rows import mismatch_of, table_rows
from tests.dagster.pipeline import cells_declared, write_cells

CELLS = pa.table({"nucleus_id": pa.array([1, 2], pa.int64()), "root_id": pa.array([1, 2], pa.int64())})


def rows_of(facts: rd.TableFacts, **changes: Any) -> dict[str, Any]:
    declared = rd.FeatureTable(**cells_declared(**changes))
    return table_rows(declared, facts, mismatch_of(declared, facts))


@pytest.fixture
def delta(tmp_path: Path) -> rd.TableFacts:
    deltalake.write_deltalake(tmp_path / "cells", CELLS)
    return rd.inspect_table(tmp_path / "cells")


def test_the_summary_says_it_in_a_line(delta: rd.TableFacts) -> None:
    assert rows_of(delta)["registry/summary"] == (
        "minnie65.cells, made against minnie65_public@1300: version 0 of a Delta table. It fits its declaration. "
        "Materializing it did not publish it."
    )


def test_a_table_without_versions_is_known_by_its_fingerprint(tmp_path: Path) -> None:
    facts = rd.inspect_table(write_cells(tmp_path / "cells.parquet"))
    fingerprint = facts.pin.identity["fingerprint"]
    assert f": parquet files with the fingerprint {fingerprint[:19]}…." in rows_of(facts)["registry/summary"]


def test_a_misfit_is_said_and_the_columns_are_those_found(delta: rd.TableFacts) -> None:
    columns = {"lost": rd.NucleusId(source_table="t"), "gone": rd.Score()}
    rows = rows_of(delta, columns=columns)
    assert (
        "It does not fit its declaration, so publishing it would be refused: lost: declared, but the table has no "
        "such column (and 1 more)."
    ) in rows["registry/summary"]
    assert [column.name for column in rows["dagster/column_schema"].columns] == ["nucleus_id", "root_id"]
    assert "registry/column_types" not in rows


def test_columns_without_a_meaning_are_shown_as_well(delta: rd.TableFacts) -> None:
    rows = rows_of(delta, columns={"root_id": rd.RootId(id_space="minnie65_public")})
    assert [(column.name, column.type) for column in rows["dagster/column_schema"].columns] == [
        ("nucleus_id", "int64"),
        ("root_id", "int64"),
    ]


def test_a_wide_table_has_its_columns_by_type_alone(tmp_path: Path) -> None:
    fields = [pa.field("id", pa.int64(), nullable=False), *(pa.field(f"f_{each}", pa.float32()) for each in range(60))]
    empty = pa.schema(fields).empty_table()
    deltalake.write_deltalake(tmp_path / "wide", empty)
    rows = rows_of(rd.inspect_table(tmp_path / "wide"), columns={"id": rd.NucleusId(source_table="t")})
    first, second = rows["registry/column_types"].value.split("  \n")
    assert (first, second[:26]) == ("`int64 not null`: id", "`float32`: f_0, f_1, f_2, ")
    assert "dagster/column_schema" not in rows


def test_what_is_not_known_has_no_row(delta: rd.TableFacts) -> None:
    unknown = delta.model_copy(update={"rows": None, "bytes": None})
    assert not rows_of(unknown).keys() & {"dagster/row_count", "dagster/size_bytes"}

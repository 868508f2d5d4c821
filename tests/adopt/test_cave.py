"""What CAVE's metadata of its tables says is filled into drafts, in the place of TODOs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.errors import RegistryError, SourceError
from registry_dagster.sources import cave as source
from registry_dagster.sources.cave import CaveDatastack
from registry_dagster.sources.cave_tables import CaveTable, tables_from_cave
from tests.adopt.conftest import Run
from tests.sources.servers import MINNIE, TOKEN, Server, cave

INTEGERS = (
    *("id", "target_id", "pt_root_id", "pt_supervoxel_id"),
    *("pt_position_x", "pt_position_y", "pt_position_z", "mystery"),
)
TABLE = {
    "table_name": "Nucleus_Detection_v0",
    "schema_type": "nucleus_detection",
    "voxel_resolution_x": 4.0,
    "voxel_resolution_y": 4.0,
    "voxel_resolution_z": 40.0,
    "reference_table": "cells_v1",
    "description": "Nuclei: all of them.\nBy a detector.",
    "notice_text": "Please cite.",
}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Server]:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(source.TOKEN_VARIABLE, TOKEN)
    with cave(tables=[TABLE, {**TABLE, "table_name": "other"}], minnie65_public=MINNIE) as server:
        yield server


@pytest.fixture
def drafted(run: Run, tmp_path: Path) -> Path:
    """A draft of one table of the datastack, reviewed; and one of another system under the same name."""
    for system in ("minnie65_public", "elsewhere"):
        file = tmp_path / "bucket" / system / "v1300" / "Nucleus_Detection_v0" / "id" / "a.parquet"
        file.parent.mkdir(parents=True)
        pq.write_table(pa.table({name: pa.array([1], pa.int64()) for name in INTEGERS}), file)
    assert run("adopt", "bucket", "--source", "cave").exit_code == 0
    draft = tmp_path / "drafts" / "minnie65_public.nucleus_detection_v0.yaml"
    text = draft.read_text().replace("reviewed_by:", "reviewed_by: ada@lab.org")
    text = text.replace("  id: {", "  id: {copy_of: {table: Nucleus_Detection_v0, column: id}, ")
    draft.write_text(text.replace("pt_position_x: {", "pt_position_x: {description: mine, "))
    return draft


def columns(draft: Path) -> Any:
    decided = draft.read_text().replace("mystery: {semantic: TODO}", "mystery: {semantic: feature}")
    return read_file(decided).tables[0].declared


def test_the_metadata_of_cave_answers_todos(run: Run, server: Server, drafted: Path, tmp_path: Path) -> None:
    other = (tmp_path / "drafts" / "elsewhere.nucleus_detection_v0.yaml").read_text()
    words = ("adopt", "cave", "minnie65_public", "--version", "1300", "--server", server.url)
    filled = run(*words)
    assert filled.exit_code == 0
    assert filled.stdout.splitlines()[0] == "filled\tdrafts/minnie65_public.nucleus_detection_v0.yaml\t0"

    text = drafted.read_text()
    assert (
        "reviewed_by:  # ada@lab.org had reviewed it; it was filled from CAVE's metadata of Nucleus_Detection_v0"
        in text
    )
    declared = columns(drafted)
    assert declared.dataset.description == "Nuclei: all of them.\nBy a detector.\n\nPlease cite."
    assert declared.columns["target_id"].reference_table == "cells_v1"
    assert str(declared.columns["id"].copy_of) == "Nucleus_Detection_v0.id"
    assert declared.columns["pt_supervoxel_id"].chunkedgraph == "minnie3_v1"
    position = declared.columns["pt_position_x"]
    assert (position.unit, position.resolution_nm, position.description) == ("voxel", (4.0, 4.0, 40.0), "mine")
    assert "  mystery: {semantic: TODO}" in text
    assert (tmp_path / "drafts" / "elsewhere.nucleus_detection_v0.yaml").read_text() == other

    assert run(*words).stdout == "sum\tunchanged\t1\n"
    assert drafted.read_text() == text


def test_what_people_decided_is_kept(run: Run, server: Server, drafted: Path) -> None:
    text = drafted.read_text()
    text = text.replace("axis: x, frame: minnie65, unit: TODO", "axis: x, frame: mine, unit: nm")
    drafted.write_text(text.replace("axis: z, frame: minnie65, unit: TODO", "axis: z, frame: mine, unit: TODO"))
    run("adopt", "cave", "minnie65_public", "--version", "1300", "--server", server.url)
    found = columns(drafted).columns
    assert (found["pt_position_x"].frame, found["pt_position_x"].unit) == ("mine", "nm")
    assert (found["pt_position_z"].frame, found["pt_position_z"].unit) == ("mine", "voxel")


def test_whose_ids_a_column_holds_is_kept_where_names_do_not_say_it(run: Run, server: Server, drafted: Path) -> None:
    said = "mystery: {semantic: annotation_id, annotation_type: TODO, source_table: nuclei}"
    drafted.write_text(drafted.read_text().replace("mystery: {semantic: TODO}", said))
    run("adopt", "cave", "minnie65_public", "--version", "1300", "--server", server.url)
    assert f"  {said}\n" in drafted.read_text()


def test_a_datastack_and_a_version_are_needed(run: Run) -> None:
    refused = run("adopt", "cave", "minnie65_public")
    assert isinstance(refused.exception, RegistryError)
    assert "adopt cave DATASTACK --version N" in str(refused.exception)


def test_the_tables_of_a_materialization(server: Server) -> None:
    found = CaveDatastack("minnie65_public", server.url).tables(1300)
    assert (found.chunkedgraph, list(found.tables)) == ("minnie3_v1", ["Nucleus_Detection_v0", "other"])
    assert found.tables["other"] == CaveTable(
        *("other", "nucleus_detection", (4.0, 4.0, 40.0), "cells_v1"),
        description="Nuclei: all of them.\nBy a detector.\n\nPlease cite.",
    )


def test_an_answer_that_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv(source.TOKEN_VARIABLE, TOKEN)
    # Another version: caveclient keeps what it was once told of one.
    with cave(tables={"no": "list"}, minnie65_public=MINNIE) as server, pytest.raises(SourceError):
        CaveDatastack("minnie65_public", server.url).tables(943)


@pytest.mark.parametrize("records", [1, [1], [{}], [{"table_name": ""}]])
def test_what_is_no_record_of_a_table(records: Any) -> None:
    with pytest.raises(ValueError, match="not a|without a name"):
        tables_from_cave(records)


def test_a_resolution_that_is_not_whole_is_unknown() -> None:
    table = {"table_name": "a", "voxel_resolution": [4.0, None, 40.0]}
    assert tables_from_cave([table])["a"] == CaveTable("a")

"""From a folder of tables to reviewed declarations, and again when there is more in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from registry_dagster.adopt.declaration_file import read_file
from registry_dagster.adopt.pattern import CAVE_PATTERN, Pattern
from registry_dagster.adopt.walk import sorted_out
from registry_dagster.errors import InvalidDeclaration, TableNotFound
from tests.adopt.bucket import LAYOUTS, fill
from tests.adopt.conftest import Run

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a Parquet file with columns of whole numbers below the bucket."""

    def write(path: str, *columns: str) -> Path:
        file = tmp_path / "bucket" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({name: pa.array([1], pa.int64()) for name in columns}), file)
        return file

    return write


def adopted(run: Run, *words: str) -> dict[str, str]:
    done = run("adopt", "bucket", "--json", *words)
    return {each["dataset"]: each["result"] for each in json.loads(done.stdout)["datasets"]}


def test_a_mixed_bucket_is_adopted_and_published(run: Run, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()

    def put(name: str, body: bytes) -> None:
        file = tmp_path / "bucket" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)

    total = fill(put, scratch, share=0.1)
    layouts = [word for layout in LAYOUTS for word in ("--layout", layout)]
    done = run("adopt", "bucket", *layouts, "--source", "cave", "--source", "hemibrain=neuprint")
    assert done.exit_code == 0
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert lines[-1] == ["sum", "drafted", "13"]
    assert sum(int(tables) for word, _, tables in lines if word == "drafted") == total
    assert "skipped tmp/part-0.parquet: no layout fits its path" in done.stderr
    assert "skipped dump/minnie65_public/v943/cells_0_header.csv (2 files): it names the columns" in done.stderr

    synapses = (tmp_path / "drafts" / "minnie65_public.synapses_0.yaml").read_text()
    assert synapses.count("- table:") == 8
    assert synapses.index("@943") < synapses.index("@1300")
    assert "neuprint/hemibrain@v1.2.1" in (tmp_path / "drafts" / "hemibrain.neurons_1.yaml").read_text()

    for draft in (tmp_path / "drafts").glob("*.yaml"):
        decided = draft.read_text().replace("model: TODO, anchor: TODO", "model: SegCLR, anchor: nucleus")
        draft.write_text(decided.replace("reviewed_by:", "reviewed_by: ada@lab.org"))
    published = run("publish", "drafts", "-m", "Adopt what we have")
    assert published.stdout.splitlines()[-1] == f"sum\tpublished\t{total}"
    assert published.stderr.count("banc@888: no timestamp is declared") == 1
    assert run("publish", "drafts", "-m", "Again").stdout == f"sum\tunchanged\t{total}\n"


def test_running_again_adds_what_is_new_and_keeps_what_people_wrote(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v1/cells/id/a.parquet", "root_id", "mystery", "old")
    assert adopted(run) == {"lab.cells": "drafted"}
    draft = tmp_path / "drafts" / "lab.cells.yaml"
    edited = draft.read_text().replace("  # title", "  title")
    kept = [line for line in edited.splitlines() if "mystery" not in line] + ["# the end"]
    draft.write_text("\n".join(kept).replace("old: {semantic: TODO}", "old: {semantic: feature}"))
    assert run("review", str(draft)).exit_code == 0
    before = draft.read_text()
    assert adopted(run) == {"lab.cells": "unchanged"}
    assert draft.read_text() == before

    write("lab/v2/cells/id/a.parquet", "root_id", "mystery", "n_synapses")
    write("lab/v1/other/id/a.parquet", "root_id")
    assert adopted(run) == {"lab.cells": "added to", "lab.other": "drafted"}
    after = draft.read_text()
    assert "reviewed_by:  # ada@lab.org had reviewed it; tables were added since\ndataset:\n" in after
    assert after.endswith("# the end\n")
    assert "  title: What people call it\n" in after
    first, second = read_file(draft).tables
    assert (list(first.declared.columns), list(second.declared.columns)) == (
        ["root_id", "old"],
        ["root_id", "n_synapses"],
    )
    assert "nobody has reviewed" in str(run("publish", str(draft), "-m", "x").stdout)


def test_a_file_of_another_form_gets_no_lines_but_says_what_to_add(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v1/cells/id/a.parquet", "root_id")
    (tmp_path / "drafts").mkdir()
    own = tmp_path / "drafts" / "lab.cells.yaml"
    own.write_text("dataset: {name: lab.cells}\ntable: elsewhere.parquet\n")
    done = run("adopt", "bucket")
    assert done.exit_code == 1
    assert "  - table: file://" in done.stderr
    assert own.read_text() == "dataset: {name: lab.cells}\ntable: elsewhere.parquet\n"


def test_a_declaration_without_tables_gets_them_and_must_be_reviewed(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v1/cells/id/a.parquet", "root_id", "extra")
    (tmp_path / "drafts").mkdir()
    own = tmp_path / "drafts" / "lab.cells.yaml"
    own.write_text("dataset: {name: lab.cells}\ncolumns:\n  root_id: {semantic: root_id, id_space: lab}\n")
    assert adopted(run) == {"lab.cells": "added to"}
    assert own.read_text().startswith("reviewed_by:\ndataset: {name: lab.cells}\n")
    assert "extra: {semantic: TODO}" in own.read_text()


def test_columns_that_differ_between_versions_are_said_for_each(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v9/cells/id/a.parquet", "root_id", "nucleus_id")
    write("lab/v10/cells/id/a.parquet", "root_id", "synapse_id")
    adopted(run)
    first, second = read_file(tmp_path / "drafts" / "lab.cells.yaml").tables
    assert [str(each.declared.materializations[0]) for each in (first, second)] == ["lab@9", "lab@10"]
    assert list(first.declared.columns) == ["root_id", "nucleus_id"]
    assert list(second.declared.columns) == ["root_id", "synapse_id"]


def test_two_tables_at_one_address_are_for_a_person_to_distinguish(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/1/cells.parquet", "root_id")
    write("lab/1/cells.pq", "root_id")
    adopted(run, "--layout", "{system}/{version}/{table}")
    text = (tmp_path / "drafts" / "lab.cells.yaml").read_text()
    assert text.count("layout: TODO") == 2
    assert "another table has the same state and layout" in text


def test_a_table_that_cannot_be_read_is_told_and_keeps_no_other_out(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v1/cells/id/a.parquet", "root_id")
    write("lab/v2/cells/id/a.parquet", "root_id").write_bytes(b"PAR1 no")
    done = run("adopt", "bucket")
    assert done.exit_code == 1
    assert "lab.cells: " in done.stderr
    assert (tmp_path / "drafts" / "lab.cells.yaml").read_text().count("- table:") == 1


def test_the_schema_of_drafts_is_beside_them(run: Run, write: Write, tmp_path: Path) -> None:
    write("lab/v1/cells/id/a.parquet", "root_id")
    adopted(run)
    assert (tmp_path / "drafts" / "declaration.schema.json").read_text() == run("schema").stdout


PATHS = (
    "minnie/v1300/synapses/id/_delta_log/00000000000000000000.json",
    "minnie/v1300/synapses/id/part-0.parquet",
    "minnie/v1300/synapses/flat/0.parquet",
    "minnie/v1300/synapses/lance/_versions/1.manifest",
    "minnie/v1300/synapses/lance/data/x.lance",
    "minnie/v1300/ice/id/metadata/00000-abc.metadata.json",
    "minnie/v1300/ice/id/data/a.parquet",
    "minnie/v1300/empty/id/readme.txt",
    "minnie/v1300/two/id/_delta_log/00000000000000000000.json",
    "minnie/v1300/two/id/_versions/1.manifest",
    "minnie/v1300/deep/id/more/_delta_log/00000000000000000000.json",
    "minnie/v1300/synapses/part-0.parquet",
    "codex/783/cells.csv.gz",
    "codex/783/cells_header.csv",
    "codex/783/.hidden.csv",
    "codex/783/big/part-0.parquet",
)


def test_what_a_listing_shows() -> None:
    walk = sorted_out("s3://lake", PATHS, [Pattern(CAVE_PATTERN), Pattern("codex/{version}/{table}")])
    assert [each.location.removeprefix("s3://lake/") for each in walk.tables] == [
        "minnie/v1300/synapses/id",
        "minnie/v1300/synapses/flat",
        "minnie/v1300/synapses/lance",
        "minnie/v1300/ice/id",
        "codex/783/cells.csv.gz",
        "codex/783/big",
    ]
    assert {each.path: each.why for each in walk.skipped} == {
        "minnie/v1300/empty/id": "it holds no table",
        "minnie/v1300/two/id": "it could be delta or lance",
        "minnie/v1300/deep/id": "a table is deeper in it, at more",
        "minnie/v1300/synapses/part-0.parquet": "no layout fits its path",
        "codex/783/cells_header.csv": "it names the columns of a file beside it",
        "codex/783/.hidden.csv": "no layout fits its path",
    }


def test_endings_that_a_pattern_names_are_kept() -> None:
    walk = sorted_out("s3://lake", ["a/x.csv.gz", "a/y.parquet"], [Pattern("{system}/{table}.csv.gz")])
    assert [each.matched.table for each in walk.tables] == ["x"]


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("{system}/{version}", "write {table}"),
        ("{table}/{table}", "each name once"),
        ("{tabel}", "{tabel} is unknown; did you mean 'table'?"),
    ],
)
def test_a_wrong_pattern_is_explained(pattern: str, said: str) -> None:
    with pytest.raises(InvalidDeclaration) as refused:
        Pattern(pattern)
    assert said in str(refused.value)


def test_nothing_there_is_an_error(run: Run) -> None:
    assert isinstance(run("adopt", "nowhere").exception, TableNotFound)

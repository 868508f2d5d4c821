"""What each command prints, on a terminal of 80 columns and in a pipe, kept in `captures/` for people to read.

CAPTURE=1 writes the files again. Dates, digests, releases and places are replaced by what they are.
"""

from __future__ import annotations

import os
import re
import shlex
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from registry_dagster.cli import app
from registry_dagster.cli.groups import EXAMPLES
from registry_dagster.cli.output import output
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import back_up
from registry_dagster.testing.search_behaviour import publish_examples

CAPTURES = Path(__file__).with_name("captures")
DECLARATION = """
dataset: {name: lab.cells, title: Cells}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public}
"""
MORE = {
    # A path would make its column as wide as the folder's name.
    "config": ("config --registry datahub",),
    "inspect": ("inspect cells.parquet",),
    "plan": ("plan cells.yaml --table cells.parquet",),
    "publish": ('publish cells.yaml --table cells.parquet -m "First release"',),
    "validate": ("validate cells.yaml",),
    "review": ("review cells.yaml --by ada@lab.org",),
    "lock": ("lock minnie65.nuclei@v2 minnie65.synapse_embeddings@v1",),
    "statement": (),
    "verify": ("verify minnie65.nuclei@v1 --record",),
    "retire": (
        'retire minnie65.nuclei@v1 -m "wrong units" --replacement minnie65.nuclei@v2',
        "versions minnie65.nuclei",
    ),
    "undo": ('retire minnie65.nuclei@v1 -m "wrong units"', 'undo minnie65.nuclei@v1 -m "the units were right"'),
    "promote": (),
    "expiring": ("expiring",),
    "push": (),
    "doctor": (),
    "serve": (),
    "site": ("site catalogue/ --as-of 2026-12-01",),
    "materializations": ("materializations list",),
    "mirror": ("mirror mirrored", "versions minnie65.nuclei --registry mirror:mirrored"),
}
"""Command → what is captured of it, where its examples need files or acts before them."""

COMMANDS = {
    name: [command for command in MORE.get(name, EXAMPLES.get(name, ())) if "--json" not in command]
    for name in {**EXAMPLES, **MORE}
}
REPLACED = {
    r"sha256:[0-9a-f]{64}|sha256:[0-9a-f]{12}\b": "sha256:…",
    r"\(20\d\d\)\.": "(2026).",
    r"year = \{20\d\d\}": "year = {2026}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z": "2026-01-01T00:00:00Z",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ": "2026-01-01 00:00:00Z",
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC": "2026-01-01 00:00 UTC",
    r"[\d,]+ bytes|[\d.,]+ MB|\b\d+ entities": "…",
    r"\| bytes \| [\d,]+": "| bytes | …",
    r"\bbytes(\s+)\d[\d,]*": r"bytes\1…",
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded registry with the examples."""
    path = tmp_path_factory.mktemp("examples") / "registry.db"
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        publish_examples(registry)
    return path


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    monkeypatch.setenv("FEATURE_REGISTRY_PROJECT", "none")
    monkeypatch.setenv("TERM", "dumb")
    pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64())}), "cells.parquet")
    Path("cells.yaml").write_text(DECLARATION)
    return tmp_path


def printed(folder: Path, command: str) -> str:
    done = CliRunner().invoke(app, shlex.split(command))
    said = done.output + (f"{type(done.exception).__name__}: {done.exception}\n" if done.exception else "")
    said = said.replace(str(folder), "/lab")
    for pattern, words in REPLACED.items():
        said = re.sub(pattern, words, said)
    return f"$ feature-registry {command}\n{said}"


def captured(folder: Path, examples: Path, name: str) -> str:
    for file in folder.glob("*.db*"):
        file.unlink()
    back_up(f"lite://{examples}", folder / "registry.db")
    return "".join(printed(folder, command) for command in COMMANDS[name])


@pytest.mark.parametrize("name", [name for name, commands in COMMANDS.items() if commands])
def test_a_command_prints_what_is_kept(
    name: str, folder: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    piped = captured(folder, examples, name)
    monkeypatch.setattr(output, "_force_terminal", True)
    monkeypatch.setattr(output, "size", (80, 40))
    shown = captured(folder, examples, name)
    now = f"# On a terminal of 80 columns\n\n{shown}\n# In a pipe\n\n{piped}"
    kept = CAPTURES / f"{name}.txt"
    if os.environ.get("CAPTURE"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(now, encoding="utf-8")
    assert now == kept.read_text(encoding="utf-8")


def test_no_line_of_a_list_is_too_wide_for_the_terminal() -> None:
    for name in ("list", "find", "versions", "dependents", "materializations"):
        shown = (CAPTURES / f"{name}.txt").read_text(encoding="utf-8").partition("# In a pipe")[0]
        lines = [line for line in shown.splitlines() if not line.startswith(("$", "note"))]
        assert max(map(len, lines)) <= 80


def test_every_kept_file_is_of_a_command() -> None:
    assert {path.stem for path in CAPTURES.glob("*.txt")} == {name for name, commands in COMMANDS.items() if commands}

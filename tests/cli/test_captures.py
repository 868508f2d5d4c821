"""What each command prints, on a terminal of 80 columns and in a pipe, kept in `captures/` for people to read.

CAPTURE=1 writes the files again. Dates, digests, releases and places are replaced by what they are.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shlex
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.cli.groups import EXAMPLES
from registry_dagster.cli.output import errors, explain, output, visible
from registry_dagster.registry.project_file import PROJECT_VARIABLE
from registry_dagster.registry.registry import Registry
from registry_dagster.stores.open import back_up
from registry_dagster.testing.search_behaviour import publish_examples

CAPTURES = Path(__file__).with_name("captures")
STATE = "{system: minnie65_public, version: %d, source: cave%s}"
DECLARATION = f"""
dataset: {{name: lab.cells, title: Cells}}
materializations: [{STATE % (1300, "")}]
columns:
  root_id: {{semantic: root_id, id_space: minnie65_public}}
"""
PUBLISH = 'publish cells.yaml --table cells.parquet -m "First release"'
MORE = {
    # A path would make its column as wide as the folder's name.
    "config": ("config --registry datahub",),
    "inspect": ("inspect cells.parquet",),
    "init": ("init cells.parquet --dataset lab.cells --materialization cave/minnie65_public@1300",),
    "adopt": ("adopt bucket/ --source cave", "adopt bucket/", "adopt cave-catalog requests.json"),
    "schema": ("schema",),
    "plan": ("plan cells.yaml --table cells.parquet", "plan nuclei.yaml --table cells.parquet"),
    "publish": (PUBLISH, PUBLISH, "publish . -m again"),
    "validate": ("validate cells.yaml todo.yaml",),
    "review": ("review cells.yaml todo.yaml --by ada@lab.org",),
    "lock": ("lock minnie65.nuclei@v2 minnie65.synapse_embeddings@v1",),
    "statement": (),
    "verify": ("verify minnie65.nuclei@v1 --record", f"{PUBLISH}", "verify lab.cells@v1", "verify --all --record"),
    "retire": (
        'retire minnie65.nuclei@v1 -m "wrong units" --replacement minnie65.nuclei@v2',
        "versions minnie65.nuclei",
        "show minnie65.nuclei@v1 --history",
    ),
    "undo": ('retire minnie65.nuclei@v1 -m "wrong units"', 'undo minnie65.nuclei@v1 -m "the units were right"'),
    "promote": (f"{PUBLISH} --draft", 'promote lab.cells@v1 -m "reviewed"'),
    "expiring": ("materializations import states.yaml", "expiring"),
    "push": (
        f"{PUBLISH} --registry file:///lab/handoff",
        'retire lab.cells@v1 -m "wrong units" --registry file:///lab/handoff',
        *("push handoff --dry-run", "push handoff", "push handoff"),
    ),
    "doctor": ("doctor", "doctor --repair"),
    "serve": (),
    "site": ("site catalogue/ --as-of 2026-12-01",),
    "materializations": ("materializations list", "materializations import states.yaml --dry-run"),
    "mirror": (
        "mirror mirrored",
        "versions minnie65.nuclei --registry mirror:mirrored",
        "find nuclei --remote laba",
        "show laba/minnie65.nuclei",
        "join laba/minnie65.synapse_embeddings minnie65.nuclei",
    ),
    "relocate": (PUBLISH, 'relocate lab.cells@v1 moved/cells.parquet -m "bucket migration"'),
    "also-at": (PUBLISH, 'also-at lab.cells@v1 moved/cells.parquet -m "a copy for the second cloud"'),
}
"""Command → what is captured of it, where its examples need files or acts before them."""

DOCUMENTS = ("cite ", "lock minnie65.nuclei@v2", "export ", "init ", "schema", "show minnie65.nuclei@v1 --read", "mcp ")
"""What these print is not for people to look at, but a file."""

FIRST_LINES = {"schema": 3}
"""Of long documents."""

COMMANDS = {
    name: [command for command in MORE.get(name, EXAMPLES.get(name, ())) if "--json" not in command]
    for name in {**EXAMPLES, **MORE}
}
LIBRARIES = (
    *("python", "registry-dagster", "dagster", "acryl-datahub", "pydantic", "pyarrow", "deltalake", "pyiceberg"),
    *("pylance", "fsspec", "s3fs", "gcsfs", "adlfs", "caveclient"),
)
REPLACED = {
    r"sha256:[0-9a-f]{64}|sha256:[0-9a-f]{12}\b": "sha256:…",
    r"\(20\d\d\)\.": "(2026).",
    r"year = \{20\d\d\}": "year = {2026}",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z": "2026-01-01T00:00:00Z",
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ": "2026-01-01 00:00:00Z",
    r'"datePublished": "[^"]*"': '"datePublished": "2026-01-01"',
    r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)? UTC": "2026-01-01 00:00 UTC",
    r"[\d,]+ bytes|[\d.,]+ MB|\b\d+ entities": "…",
    r"\b(bytes|entities)(\s+)\d[\d,]*": r"\1\2…",
    # Releases, and sizes of files that depend on one.
    rf"^({'|'.join(LIBRARIES)}|SQLite)(\s+)(\d\S*|not installed)$": r"\1\2…",
    r"bytes: unknown → \d+": "bytes: unknown → …",
}


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedded registry with the examples."""
    path = tmp_path_factory.mktemp("examples") / "registry.db"
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        publish_examples(registry)
    return path


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    # A short path: long ones are cut before they are replaced.
    folder = tmp_path_factory.mktemp("lab")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{folder / 'registry.db'}")
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    monkeypatch.setenv("FEATURE_REGISTRY_PROJECT", "none")
    monkeypatch.setenv("TERM", "dumb")
    # Before lines are broken, so that they break alike wherever the folder is.
    monkeypatch.setattr("registry_dagster.cli.output.visible", lambda text: visible(text).replace(str(folder), "/lab"))
    return folder


def fill(folder: Path, examples: Path) -> None:
    """What the commands find: a registry with the examples, declarations, and a table in several places."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    back_up(f"lite://{examples}", folder / "registry.db")
    (folder / "cells.yaml").write_text(DECLARATION)
    (folder / "todo.yaml").write_text(DECLARATION.replace("root_id,", "TODO,"))
    (folder / "nuclei.yaml").write_text(DECLARATION.replace("lab.cells", "minnie65.nuclei"))
    (folder / "states.yaml").write_text(
        f"materializations: [{STATE % (943, ', expires_on: 2026-02-01T00:00:00Z')}, {STATE % (1507, '')}]"
    )
    for place in ("", "moved/", "bucket/minnie65_public/v1300/cells/by_id/"):
        table = folder / place / "cells.parquet"
        table.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64())}), table)
    (folder / "bucket/notes.txt").touch()
    asked = {"datastack": "minnie65_public", "name": "cells.flat", "mat_version": 1300, "uri": "cells.parquet"}
    (folder / "requests.json").write_text(json.dumps(asked))
    (folder / "remotes.toml").write_text('[remotes]\nlaba = "mirrored"\n')


def printed(folder: Path, command: str) -> str:
    done = CliRunner().invoke(app, shlex.split(command.replace("/lab/", f"{folder}/")))
    said = done.output
    if isinstance(done.exception, Exception):
        with contextlib.redirect_stderr(io.StringIO()) as error:
            explain(done.exception)
        said += error.getvalue()
    said = said.replace(str(folder), "/lab")
    for pattern, words in REPLACED.items():
        said = re.sub(pattern, words, said, flags=re.MULTILINE)
    lines = said.splitlines(keepends=True)
    if len(lines) > (most := FIRST_LINES.get(command, len(lines))):
        said = "".join([*lines[:most], "…\n"])
    return f"$ feature-registry {command}\n{said}"


def captured(folder: Path, examples: Path, name: str) -> str:
    fill(folder, examples)
    return "".join(printed(folder, command) for command in COMMANDS[name])


@pytest.mark.parametrize("name", [name for name, commands in COMMANDS.items() if commands])
def test_a_command_prints_what_is_kept(
    name: str, folder: Path, examples: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "mirror":
        monkeypatch.setenv(PROJECT_VARIABLE, str(folder / "remotes.toml"))
    piped = captured(folder, examples, name)
    for screen in (output, errors):
        monkeypatch.setattr(screen, "forced", True)
        monkeypatch.setattr(screen, "columns", 80)
    shown = captured(folder, examples, name)
    now = f"# On a terminal of 80 columns\n\n{shown}\n# In a pipe\n\n{piped}"
    kept = CAPTURES / f"{name}.txt"
    if os.environ.get("CAPTURE"):
        kept.parent.mkdir(exist_ok=True)
        kept.write_text(now, encoding="utf-8")
    assert now == kept.read_text(encoding="utf-8")


def lines_of(path: Path) -> tuple[list[str], list[str]]:
    """What people are shown on a terminal, and what a program gets on stdout, line by line, without documents."""
    halves = path.read_text(encoding="utf-8").split("# In a pipe")
    commands = [half.split("$ feature-registry ")[1:] for half in halves]
    kept = [[text for text in texts if not text.startswith(DOCUMENTS)] for texts in commands]
    shown, piped = ([line for text in texts for line in text.splitlines()[1:]] for texts in kept)
    return shown, [line for line in piped if not line.startswith(("note ", "error "))]


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.txt")), ids=lambda path: path.stem)
def test_a_terminal_gets_lines_that_fit_and_a_pipe_gets_cells(path: Path) -> None:
    shown, piped = lines_of(path)
    # A location is one word, and stays whole.
    assert [line for line in shown if len(line) > 80 and len(line.split()) > 2] == []
    assert [line for line in piped if line and "\t" not in line and " " in line] == []


def test_every_kept_file_is_of_a_command() -> None:
    assert {path.stem for path in CAPTURES.glob("*.txt")} == {name for name, commands in COMMANDS.items() if commands}

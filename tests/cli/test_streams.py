"""What reaches a terminal: nothing that steers it; and what happens when there is nobody to print to."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import registry_dagster as rd
from registry_dagster.cli import main
from registry_dagster.cli.output import json_text, visible
from registry_dagster.datahub.proposal import Proposal
from registry_dagster.datahub.urns import version_urn
from registry_dagster.model.recorded import reading_records
from registry_dagster.stores.open import open_store
from tests.cli.program import run_command
from tests.registry.declared import declared, facts
from tests.stores.answering import answering

COMMAND = str(Path(sys.executable).with_name("feature-registry"))
EVIL = "\x1b]0;pwned\x07\x9b31m\u202egnp"
TURNED = "\u202egnp"
STEERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
NAME = "hemibrain.neurons"
DECLARATION = f"""
dataset: {{name: {NAME}}}
materializations: [{{system: minnie65_public, version: 1300, source: cave}}]
columns:
  root_id: {{semantic: root_id, id_space: minnie65_public}}
"""
PUBLISH = ("publish", "cells.yaml", "--table", "cells.parquet", "-m", "First", "--publisher", "ada")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return folder_at(tmp_path)


def folder_at(tmp_path: Path) -> Path:
    pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64()), EVIL: ["x", "y"]}), tmp_path / "cells.parquet")
    (tmp_path / "cells.yaml").write_text(DECLARATION)
    return tmp_path


def environment_in(folder: Path) -> dict[str, str]:
    return {**os.environ, "FEATURE_REGISTRY": f"lite://{folder}/registry.db", "COLUMNS": "200"}


@pytest.fixture
def published(folder: Path) -> Path:
    assert run_command(PUBLISH, environment_in(folder), folder).returncode == 0
    return folder


def start(folder: Path, *words: str, **streams: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen([COMMAND, *words], cwd=folder, env=environment_in(folder), **streams)


def run(folder: Path, *words: str, stdout: int | IO[bytes] = subprocess.PIPE) -> tuple[int, str, str]:
    started = start(folder, *words, stdout=stdout, stderr=subprocess.PIPE)
    out, err = started.communicate(timeout=120)
    return started.returncode, (out or b"").decode(), err.decode()


@pytest.fixture(scope="module")
def poisoned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry with what steers a terminal, wherever others may put it."""
    folder = folder_at(tmp_path_factory.mktemp("poisoned"))
    target = f"lite://{folder}/registry.db"
    with reading_records(), rd.Registry.open(target, publisher="ada@lab.org") as registry:
        table = rd.inspect_table(folder / "cells.parquet")
        for number in range(2):
            meaning = declared(title=TURNED, description=TURNED, tags=[TURNED])
            registry.publish(meaning, facts(number), message=f"{TURNED} {number}")
        registry.publish(rd.FeatureTable.from_yaml(DECLARATION), table, message=TURNED)
    store = open_store(target)
    note = {"deprecated": True, "note": f"{EVIL}\nfake line", "actor": f"urn:li:corpuser:{EVIL}"}
    store.upsert([Proposal(version_urn(f"{NAME}@v2", "PROD"), "deprecation", note)])
    store.close()
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("list",),
        ("find",),
        ("versions", NAME),
        ("show", f"{NAME}@v1"),
        ("show", f"{NAME}@v2"),
        ("show", f"{NAME}@v3"),
        ("show", f"{NAME}@v3", "--read", "polars"),
        ("show", NAME, "--history"),
        ("diff", f"{NAME}@v1", f"{NAME}@v3"),
        ("verify", f"{NAME}@v2"),
        ("verify", "--all"),
        ("verify", "--all", "--json"),
        ("plan", "cells.yaml", "--table", "cells.parquet"),
        ("column", NAME, EVIL),
        ("column", NAME, "root_id"),
        ("lineage", f"{NAME}@v2"),
        ("newest", NAME, "--compatible-with", "minnie65_public@1300"),
        ("dependents", "hemibrain@v1.2.1"),
        ("compatible", NAME, "minnie65_public@1300"),
        ("expiring",),
        ("doctor",),
        ("list", "--json"),
        ("versions", NAME, "--json"),
        ("show", f"{NAME}@v2", "--json"),
        ("show", f"lab.{EVIL}"),
        ("--debug", "show", f"lab.{EVIL}"),
        ("find", "--column", EVIL),
        ("describe", NAME, "--title", "T", "-m", "why", "--publisher", EVIL),
    ],
    ids=" ".join,
)
def test_no_command_prints_what_steers_a_terminal(
    poisoned: Path, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(poisoned)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{poisoned}/registry.db")
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "argv", ["feature-registry", *words])
    with suppress(SystemExit):
        main()
    out, err = capfd.readouterr()
    assert out + err
    assert not STEERS.search(out + err)
    assert "This is a bug" not in err
    if "--json" in words:
        assert [json.loads(line) for line in out.splitlines()] if "--all" in words else json.loads(out)


def test_what_a_server_answers_is_made_visible(folder: Path) -> None:
    with answering(400, EVIL) as url:
        environment = {**os.environ, "FEATURE_REGISTRY": url, "DATAHUB_GMS_TOKEN": "t0ken"}
        done = subprocess.run([COMMAND, "list"], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "]0;pwned" in done.stderr
    assert not STEERS.search(done.stderr)


def test_json_keeps_its_meaning() -> None:
    assert json.loads(json_text({EVIL: [EVIL, "\udce9", "ü"]})) == {EVIL: [EVIL, "\udce9", "ü"]}
    assert visible("a\tb\nü👩\u200d🔬") == "a\tb\nü👩\u200d🔬"
    assert visible("\x1b[2J\udce9") == "\\x1b[2J\\udce9"


FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has a device that is always full")


@pytest.fixture
def full() -> Iterator[IO[bytes]]:
    with Path("/dev/full").open("wb") as device:
        yield device


@FULL
def test_a_publish_whose_receipt_is_lost_succeeded(folder: Path, full: IO[bytes]) -> None:
    code, _, said = run(folder, *PUBLISH, stdout=full)
    assert "the output could not be written: No space left on device" in said
    assert "What the command recorded is in the registry" in said
    assert "bug" not in said
    assert code == 0
    with rd.Registry.open(f"lite://{folder}/registry.db") as registry:
        assert len(registry.versions(NAME)) == 1


@FULL
@pytest.mark.parametrize("words", [("list",), ("--help",), (*PUBLISH, "--dry-run")])
def test_an_answer_that_is_lost_is_a_failure(published: Path, full: IO[bytes], words: tuple[str, ...]) -> None:
    code, _, said = run(published, *words, stdout=full)
    assert code == 1
    assert "the output could not be written: No space left on device" in said
    assert "What the command recorded" not in said
    assert "bug" not in said


@pytest.mark.parametrize(
    ("words", "code"),
    [(PUBLISH, 0), (("verify", f"{NAME}@v1"), 1), (("--help",), 0)],
)
@pytest.mark.parametrize("closed", ["pipe", "at the start"])
def test_a_reader_that_leaves_changes_no_exit_code(
    folder: Path, words: tuple[str, ...], code: int, closed: str
) -> None:
    if words[0] == "verify":
        run_command(PUBLISH, environment_in(folder), folder)
        pq.write_table(pa.table({"root_id": pa.array([3], pa.int64())}), folder / "cells.parquet")
    if closed == "pipe":
        reading, writing = os.pipe()
        os.close(reading)
        got, _, said = run(folder, *words, stdout=writing)
        os.close(writing)
    else:
        # A shell closes it: a function before the start would run in a copy of this process.
        closing = ["sh", "-c", 'exec "$@" >&-', "sh", COMMAND, *words]
        started = subprocess.Popen(closing, cwd=folder, env=environment_in(folder), stderr=subprocess.PIPE)
        said, got = started.communicate(timeout=120)[1].decode(), started.returncode
    assert got == code
    assert "bug" not in said
    assert "Traceback" not in said
    assert "Exception ignored" not in said


@FULL
def test_errors_that_cannot_be_printed_keep_their_code(folder: Path, full: IO[bytes]) -> None:
    started = start(folder, "show", "lab.none", stdout=full, stderr=full)
    assert started.wait(timeout=120) == 1


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("list",), "Nothing was written to the registry"),
        (PUBLISH, "Running the same command again is safe: it finds what was written, and writes the rest"),
        (("retire", f"{NAME}@v1", "-m", "old", "--publisher", "ada"), "Run feature-registry show NAME --history"),
    ],
)
def test_an_interrupted_command_says_whether_to_run_it_again(folder: Path, words: tuple[str, ...], says: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = start(folder, *words, "--registry", address, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = silent.accept()
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
        connection.close()
    assert started.returncode == 130
    assert f"note interrupted. {says}" in said.decode()
    assert "Traceback" not in said.decode()

"""Retiring, describing, verifying and delivering on the command line, as a person uses it."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from registry_dagster.registry.registry import Registry
from tests.cli.program import Run, run_command
from tests.gms.server import StandInGms
from tests.registry.declared import HEMIBRAIN, declared, facts

NAME = "hemibrain.neurons"
TOKEN = "eyJhbGciOiJIUzI1NiJ9.c2VjcmV0.dG9rZW4"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "registry.db"


@pytest.fixture
def run(tmp_path: Path, path: Path) -> Run:
    """Runs the installed command on a registry with two versions."""
    with Registry.open(f"lite://{path}", publisher="ada@lab.org") as registry:
        for number in range(2):
            registry.publish(declared(title="Neurons", tags=["fly"]), facts(number), message="why")
    environment = {**os.environ, "FEATURE_REGISTRY": f"lite://{path}", "COLUMNS": "200", "HOME": str(tmp_path)}
    environment.pop("FEATURE_REGISTRY_PUBLISHER", None)

    def run(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return run_command(words, environment | more, tmp_path)

    return run


def test_retire_says_who_why_and_what_instead_and_show_shows_it(run: Run) -> None:
    words = ("-m", "wrong [unit]", "--replacement", f"{NAME}@v2", "--publisher", "bob@lab.org")
    retired = run("retire", f"{NAME}@v1", *words)
    assert retired.returncode == 0
    for said in (retired.stdout, run("show", f"{NAME}@v1").stdout):
        assert all(part in said for part in ("wrong [unit]", "bob@lab.org", f"{NAME}@v2"))
    assert json.loads(run("show", f"{NAME}@v1", "--json").stdout)["retired"] == {
        "reason": "wrong [unit]",
        "by": "bob@lab.org",
        "replacement": f"{NAME}@v2",
        "in_datahub": False,
    }
    assert "retired" not in json.loads(run("show", f"{NAME}@v2", "--json").stdout)
    assert f"retired by bob@lab.org: wrong [unit]; use {NAME}@v2" in run("versions", NAME, COLUMNS="300").stdout
    first, second = json.loads(run("versions", NAME, "--json").stdout)
    assert (first["retired"]["by"], "retired" in second) == ("bob@lab.org", False)


def test_describe_changes_what_is_given_and_leaves_the_rest(run: Run) -> None:
    said = ("-m", "renamed", "--publisher", "eve@lab.org")
    described = run("describe", NAME, "--title", "All neurons", "--owner", "team:fly", "--owner", "eve@lab.org", *said)
    assert described.returncode == 0
    assert NAME in described.stdout
    result = json.loads(run("describe", NAME, "--description", "Größe.", "--json", *said).stdout)
    assert result == json.loads(run("describe", NAME, "--json").stdout)
    assert result == {
        "name": NAME,
        "title": "All neurons",
        "description": "Größe.",
        "owners": ["team:fly", "eve@lab.org"],
        "tags": ["fly"],
    }


def test_verify_says_that_a_record_is_intact(run: Run) -> None:
    verified = run("verify", f"{NAME}@v1", "--record")
    assert (verified.returncode, verified.stdout) == (0, f"intact\t{NAME}@v1\tthe record is intact\n")


def test_verify_names_what_was_changed_and_fails(run: Run, path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(
        "DELETE FROM metadata_aspect_v2 WHERE urn LIKE '%neurons@v1,%' AND aspect_name = 'upstreamLineage'"
    )
    connection.commit()
    connection.close()
    verified = run("verify", f"{NAME}@v1", "--record")
    assert verified.returncode == 1
    assert "upstreamLineage of" in verified.stdout
    assert "was removed" in verified.stdout
    result = run("verify", f"{NAME}@v1", "--record", "--json")
    assert result.returncode == 1
    assert len(json.loads(result.stdout)["record"]["changes"]) == 1


def test_push_delivers_a_folder_and_a_second_time_nothing(run: Run, tmp_path: Path, path: Path) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared("lab.cells"), facts(), message="from the cluster")
    first, second = run("push", "handoff"), run("push", "handoff")
    assert (first.returncode, first.stdout) == (0, "published\tlab.cells@v1\n")
    assert (second.returncode, second.stdout) == (0, "unchanged\tlab.cells@v1\n")
    assert f"in lite://{path}" in second.stderr
    assert json.loads(run("push", "handoff", "--json").stdout) == [
        {"handed_off": "lab.cells@v1", "version": "lab.cells@v1", "created": False}
    ]
    assert json.loads(run("show", "lab.cells", "--json").stdout)["provenance"]["publisher"] == "hpc@lab.org"


def test_a_dry_run_of_a_push_names_what_is_new_and_what_stays_and_writes_nothing(
    run: Run, tmp_path: Path, path: Path
) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared("lab.cells", title="Cells (draft)"), facts(), message="from the cluster")
        run("push", "handoff")
        registry.publish(declared("lab.cells"), facts(2), message="more")
    run("describe", "lab.cells", "--title", "Cells", "-m", "it is final", "--publisher", "eve@lab.org")
    before = path.read_bytes()
    dry = run("push", "handoff", "--dry-run")
    assert dry.returncode == 0
    assert dry.stdout.splitlines() == ["unchanged\tlab.cells@v1", "new\tlab.cells@v2"]
    assert f"would be written to lite://{path}" in dry.stderr
    assert "lab.cells: title stays 'Cells' (handed off: 'Cells (draft)')" in dry.stderr
    assert path.read_bytes() == before


def test_push_lists_acts_and_states_that_are_new_or_skipped(run: Run, tmp_path: Path) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared("lab.cells"), facts(), message="from the cluster")
        run("push", "handoff")
        registry.retire("lab.cells@v1", reason="wrong units")
        registry.acts.license("lab.cells", "CC-BY-4.0", reason="the lab's")
        registry.record_materializations([HEMIBRAIN.model_copy(update={"uuid": "a89f"})])
    run("license", "lab.cells", "MIT", "-m", "agreed", "--publisher", "eve@lab.org")
    dry, pushed = run("push", "handoff", "--dry-run"), run("push", "handoff")
    assert dry.stdout == pushed.stdout
    version, state, retired, licensed = [line.split("\t") for line in pushed.stdout.splitlines()]
    assert version == ["unchanged", "lab.cells@v1"]
    assert state == ["changed", "hemibrain@v1.2.1", "uuid added: a89f"]
    assert retired[:2] == ["recorded", "lab.cells@v1"]
    assert retired[2].endswith("hpc@lab.org: wrong units")
    assert licensed[:2] == ["skipped", "lab.cells"]
    assert "license MIT at 20" in licensed[2]
    assert "wrong units" in run("show", "lab.cells", "--history").stdout
    (again,) = [row for row in json.loads(run("push", "handoff", "--json").stdout) if "about" in row]
    assert (again["about"], again["outcome"]) == ("lab.cells", "skipped")


def test_push_to_a_server_takes_the_token_from_the_environment_and_never_shows_it(run: Run, tmp_path: Path) -> None:
    with Registry.open(f"file://{tmp_path}/handoff", publisher="hpc@lab.org") as registry:
        registry.publish(declared("lab.cells"), facts(), message="from the cluster")
    with StandInGms(token=TOKEN, reader_token="reader") as gms:
        denied = run("push", "handoff", "--registry", gms.url, DATAHUB_GMS_TOKEN="reader")
        pushed = run("push", "handoff", "--registry", gms.url, DATAHUB_GMS_TOKEN=TOKEN)
        url = gms.url
    assert denied.returncode == 1
    assert "the privileges listed in docs/administrators.md" in denied.stdout
    assert "1 of 1 were not published" in denied.stderr
    assert (pushed.returncode, pushed.stdout) == (0, "published\tlab.cells@v1\n")
    assert f"in {url}" in pushed.stderr
    assert TOKEN not in pushed.stdout + pushed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retire", f"{NAME}@v1", "-m", "x"), "needs a publisher"),
        (("retire", f"{NAME}@v9", "-m", "x", "--publisher", "ada"), "not published"),
        (
            ("retire", NAME, "-m", "x", "--publisher", "ada"),
            "is not an exact version; write hemibrain.neurons@vN",
        ),
        (("retire", f"{NAME}@v1", "-m", " ", "--publisher", "ada"), "needs a reason"),
        (("describe", "lab.none", "--title", "x"), "publish a version first"),
        (("describe", NAME, "--title", "x"), "needs a reason"),
        (("describe", NAME, "--title", "x", "-m", "y"), "needs a publisher"),
        (("undo", f"{NAME}@v1", "-m", "x", "--publisher", "ada"), "is not retired, so there is nothing to undo"),
        (("promote", f"{NAME}@v1", "-m", "x", "--publisher", "ada"), "is not a draft"),
        (("label", f"{NAME}@v1", "v1", "-m", "x", "--publisher", "ada"), "looks like a version's number"),
        (("describe", NAME, "--owner", "team:Größe, (b) "), "owner"),
        (("verify",), "pass a version, e.g. feature-registry verify dataset@vN, or pass --all"),
        (("verify", NAME), "is not an exact version"),
        (("verify", "--all", "lab.none"), "no version is published"),
        (("verify", f"{NAME}@v9", "--record"), "not published"),
        (("push", "nowhere"), "there is no version in that folder"),
    ],
)
def test_errors_are_one_message_and_exit_code_1(run: Run, words: tuple[str, ...], said: str) -> None:
    refused = run(*words)
    assert refused.returncode == 1
    assert said in refused.stderr
    assert "Traceback" not in refused.stderr

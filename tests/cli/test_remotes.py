"""The commands read other labs by the names that the project file gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.outward.mirror.write import write_mirror
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.declared import declared, facts

NUCLEI = "minnie65.nuclei"
Run = Callable[..., Result]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a registry of its own, a lab beside it, and one that cannot be reached."""
    folder = tmp_path_factory.mktemp("project")
    with Registry.open(f"lite://{folder}/laba.db", publisher="ada@laba.org") as registry:
        publish_examples(registry)
        registry.retire(f"{NUCLEI}@v2", reason="wrong units", replacement=f"{NUCLEI}@v1")
        write_mirror(registry, str(folder / "laba"))
    with Registry.open(f"lite://{folder}/registry.db", publisher="bo@here.org") as registry:
        registry.publish(declared(NUCLEI), facts(), message="Ours")
    (folder / "feature-registry.toml").write_text(
        'registry = "lite:registry.db"\n[remotes]\nlaba = "laba"\nfar = "http://127.0.0.1:9/m"\n'
    )
    return folder


@pytest.fixture
def run(project: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(project)
    for name in ("FEATURE_REGISTRY", "FEATURE_REGISTRY_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_config_shows_the_remotes(run: Run, project: Path) -> None:
    shown = {each["setting"]: each["value"] for each in json.loads(run("config", "--json").stdout)}
    assert shown["remote laba"] == str(project / "laba")
    assert shown["remote far"] == "http://127.0.0.1:9/m"


def test_show_names_the_lab_and_its_address_wherever_a_name_is_shown(run: Run, project: Path) -> None:
    lines = run("show", f"laba/{NUCLEI}").stdout.splitlines()
    assert f"version\tlaba/{NUCLEI}@v1" in lines
    assert f"remote\tlaba: {(project / 'laba').as_uri()}" in lines
    assert f"passed over\tlaba/{NUCLEI}@v2: retired by ada@laba.org: wrong units; use laba/{NUCLEI}@v1" in lines
    data = json.loads(run("show", f"laba/{NUCLEI}", "--json").stdout)
    assert data["dataset"] == NUCLEI
    assert data["taken"]["remote"] == {"name": "laba", "address": (project / "laba").as_uri()}
    embeddings = run("show", "laba/minnie65.synapse_embeddings").stdout
    assert f"laba/{NUCLEI}" in embeddings
    assert f" {NUCLEI}" not in embeddings
    assert run("show", f"laba/{NUCLEI}", "-q").stdout == f"laba/{NUCLEI}@v1\n"


def test_versions_and_history_are_those_of_the_lab(run: Run, project: Path) -> None:
    listed = run("versions", f"laba/{NUCLEI}")
    assert [line.split("\t")[0] for line in listed.stdout.splitlines()] == [f"laba/{NUCLEI}@v1", f"laba/{NUCLEI}@v2"]
    assert f"laba: mirror:{(project / 'laba').as_uri()}" in listed.stderr
    history = run("show", f"laba/{NUCLEI}@v2", "--history")
    assert "ada@laba.org\twrong units" in history.stdout
    assert "laba: mirror:" in history.stderr


def test_find_and_list_ask_others_only_if_asked_to(run: Run, project: Path) -> None:
    assert run("find", "-q").stdout == f"{NUCLEI}@v1\n"
    theirs = run("find", "nuclei", "--remote", "laba", "-q")
    assert theirs.stdout.splitlines() == [f"laba/{NUCLEI}@v2", f"laba/{NUCLEI}@v1"]
    assert f"note laba: {project / 'laba'}" in theirs.stderr
    assert run("list", "--remote", "laba", "-q").stdout.splitlines() == [
        "laba/minnie65.synapse_embeddings",
        f"laba/{NUCLEI}",
    ]
    both = run("find", "--remote", "laba", "--remotes")
    assert str(both.exception) == "--remotes lists every remote already; leave out --remote"


def test_nothing_is_found_in_a_lab_and_says_so(run: Run) -> None:
    found = run("find", "nothing-of-this-name", "--remote", "laba")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "note nothing found in laba" in found.stderr


def test_a_table_of_a_lab_is_exported_cited_and_verified_as_it_is_there(run: Run) -> None:
    """And never with what is said here of the dataset that has the same name."""
    exported = json.loads(run("export", f"laba/{NUCLEI}@v1", "--as", "dcat").stdout)
    assert f"{NUCLEI}@v1" in json.dumps(exported)
    assert "ada@laba.org" not in run("export", f"{NUCLEI}@v1", "--as", "dcat").stdout
    assert run("cite", f"laba/{NUCLEI}@v1", "--json").exit_code == 0
    verified = json.loads(run("verify", f"laba/{NUCLEI}@v1", "--record", "--json").stdout)
    assert verified["version"] == f"{NUCLEI}@v1"


def test_what_could_not_be_read_is_a_line_and_an_exit_code(run: Run) -> None:
    found = run("find", "--remotes", "-q")
    assert len(found.stdout.splitlines()) == 5
    assert "note what far has is not listed: remote far: http://127.0.0.1:9/m/index.json: " in found.stderr
    assert found.exit_code == 3


def test_a_table_of_a_lab_is_joined_with_one_of_ours(run: Run) -> None:
    joined = run("join", f"laba/{NUCLEI}", NUCLEI).stdout
    assert joined.startswith(f"a\tlaba/{NUCLEI}@v1\nb\t{NUCLEI}@v1\n")
    assert "laba and this registry recorded their facts apart" in joined

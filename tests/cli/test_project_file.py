"""The project file: what it says holds, where it came from is shown, and nobody's secret or trap gets through."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import Result
from typer.testing import CliRunner

import registry_dagster as rd
from registry_dagster.cli.app import app
from registry_dagster.cli.given import options_for
from registry_dagster.errors import RegistryError
from registry_dagster.registry.project_file import PROJECT_VARIABLE, find_project, project_options
from tests.git_tree import commit_all

Run = Callable[..., Result]
PROJECT = """
registry = "lite:registry.db"
env = "DEV"
publisher = "lab@lab.org"
signing_service = "https://sign.lab.org/links"

[storage_options."s3://lab"]
anon = true

[storage_options."s3://lab/private/"]
key = { env = "LAB_KEY" }
client_kwargs = { region_name = "eu-central-1" }
"""
DECLARATION = """
dataset: {name: lab.cells}
materializations: [{system: minnie65_public, version: 1300, source: cave}]
columns:
  root_id: {semantic: root_id, id_space: minnie65_public}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder, with the working directory below it."""
    for name in ("FEATURE_REGISTRY", "FEATURE_REGISTRY_ENV", "FEATURE_REGISTRY_PUBLISHER", "FEATURE_REGISTRY_SIGNING"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    folder = tmp_path / "project"
    (folder / "tables").mkdir(parents=True)
    (folder / "feature-registry.toml").write_text(PROJECT)
    pq.write_table(pa.table({"root_id": pa.array([1, 2], pa.int64())}), folder / "tables" / "cells.parquet")
    (folder / "tables" / "cells.yaml").write_text(DECLARATION)
    monkeypatch.chdir(folder / "tables")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def settings(*words: str) -> dict[str, tuple[str, str]]:
    done = run("config", "--json", *words)
    assert done.exit_code == 0, done.exception
    return {each["setting"]: (each["value"], each["origin"]) for each in json.loads(done.stdout)}


def test_both_doors_open_the_registry_of_the_project(project: Path) -> None:
    published = run("publish", "cells.yaml", "--table", "cells.parquet", "-m", "First")
    target, file = f"lite://{project / 'registry.db'}", project / "feature-registry.toml"
    assert published.stdout.splitlines()[-1] == f"in\t{target}, set in {file}"
    with rd.Registry.open() as registry:
        assert (registry.target, registry.env) == (target, "DEV")
        record = registry.get("lab.cells@v1")
    assert record.provenance.publisher == "lab@lab.org"
    assert "signed links\task https://sign.lab.org/links for lab.cells@v1" in run("show", "lab.cells").stdout
    doctor = json.loads(run("doctor", "--json").stdout)
    assert (doctor["registry"], doctor["chosen by"]) == (target, str(file))


def test_an_option_is_before_the_environment_and_that_before_the_project_file(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = str(project / "feature-registry.toml")
    assert settings()["registry"] == (f"lite://{project / 'registry.db'}", file)
    assert settings()["env"] == ("DEV", file)
    monkeypatch.setenv("FEATURE_REGISTRY", "lite:///of/environment.db")
    monkeypatch.setenv("FEATURE_REGISTRY_ENV", "TEST")
    assert settings()["registry"] == ("lite:///of/environment.db", "FEATURE_REGISTRY")
    assert settings("--env", "QA")["env"] == ("QA", "option")
    assert settings("--registry", "lite:///of/option.db")["registry"] == ("lite:///of/option.db", "option")
    before = run("--registry", "lite:///of/program.db", "config", "--json")
    assert json.loads(before.stdout)[0]["value"] == "lite:///of/program.db"
    monkeypatch.setenv(PROJECT_VARIABLE, "none")
    monkeypatch.delenv("FEATURE_REGISTRY")
    assert settings()["registry"] == (f"lite://{Path.home()}/.feature-registry/registry.db", "default")
    assert settings()["publisher"] == ("not set", "default")


def test_a_project_keeps_the_address_of_its_repository_to_itself(project: Path) -> None:
    file = project / "feature-registry.toml"
    file.write_text(f'code = "none"\n{PROJECT}')
    commit = commit_all(project, "git@git.private.org:lab/secret-plans.git")
    publish = ("publish", "cells.yaml", "--table", "cells.parquet", "-m", "First")
    assert f"code\tnone\t{file}\n" in run("config").stdout
    assert "code" not in run(*publish, "--dry-run").stdout
    assert f"code\t{commit}\n" in run(*publish, "--dry-run", "--code", commit).stdout
    file.write_text(f'code = "lab"\n{PROJECT}')
    with pytest.raises(RegistryError, match="code: .*'none'"):
        find_project()


def test_pyproject_has_a_table_for_it(project: Path) -> None:
    (project / "tables" / "pyproject.toml").write_text('[tool.feature-registry]\nregistry = "lite:near.db"\n')
    assert settings()["registry"][0] == f"lite://{project / 'tables' / 'near.db'}"
    (project / "tables" / "pyproject.toml").write_text("[tool.ruff]\n")
    assert settings()["registry"][0] == f"lite://{project / 'registry.db'}"


def test_the_longest_start_of_a_location_gives_its_storage_options(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_KEY", "AKIA-not-shown")
    monkeypatch.setenv(PROJECT_VARIABLE, str(project / "feature-registry.toml"))
    found = find_project()
    assert project_options(found, "s3://lab/public/cells") == {"anon": True}
    assert project_options(found, "s3://laboratory/cells") == {}
    private = {"key": "AKIA-not-shown", "client_kwargs": {"region_name": "eu-central-1"}}
    assert project_options(found, "s3://lab/private/cells") == private
    assert options_for("s3://lab/private/cells", {"key": "other"}) == {**private, "key": "other"}
    shown = run("config")
    assert "storage_options of s3://lab/private/\tkey $LAB_KEY, client_kwargs.region_name" in shown.stdout
    assert "not-shown" not in shown.stdout
    monkeypatch.delenv("LAB_KEY")
    with pytest.raises(RegistryError, match="key is read from the environment variable LAB_KEY; set it"):
        project_options(found, "s3://lab/private")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("registry = 1", "feature-registry.toml: registry: must be text, got 1"),
        ('registri = "x"', "registri: unknown key"),
        ("registry", "feature-registry.toml: not a TOML file"),
        ('registry = "https://ada:pass@lab.org"', "an address with a password or token"),
        ('[storage_options."s3://lab"]\nsecret = "hunter22"', "secret of s3://lab is a secret in a file that others"),
        ('[storage_options."s3://lab"]\nclient_kwargs = {aws_session_token = "hunter22"}', "client_kwargs.aws_session"),
    ],
)
def test_a_wrong_project_file_is_an_error_that_repeats_no_secret(project: Path, text: str, said: str) -> None:
    (project / "feature-registry.toml").write_text(text)
    with pytest.raises(RegistryError) as refused:
        find_project()
    assert said in str(refused.value)
    assert "hunter22" not in str(refused.value)
    assert "pass@" not in str(refused.value)


def test_a_file_that_others_may_write_is_not_followed_unless_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = project / "feature-registry.toml"
    os.chmod(file, 0o666)
    with pytest.raises(RegistryError, match=f"if you trust it, set {PROJECT_VARIABLE}={file}"):
        find_project()
    monkeypatch.setenv(PROJECT_VARIABLE, str(file))
    assert settings()["env"] == ("DEV", str(file))


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ('registry = "https://datahub.lab.org"', "DATAHUB_GMS_TOKEN"),
        ('[storage_options."s3://lab"]\nclient_kwargs = {secret = { env = "LAB_SECRET" }}', "LAB_SECRET"),
    ],
)
def test_a_file_of_a_cloned_repository_sends_no_secret_until_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, text: str, secret: str
) -> None:
    file = project / "feature-registry.toml"
    file.write_text(text)
    monkeypatch.delenv(secret, raising=False)
    assert find_project() is not None
    monkeypatch.setenv(secret, "hunter22")
    with pytest.raises(RegistryError, match=f"says where {secret} is sent; if you trust it, set {PROJECT_VARIABLE}"):
        find_project()
    assert "hunter22" not in run("list").stderr
    monkeypatch.setenv(PROJECT_VARIABLE, str(file))
    assert find_project() is not None


@pytest.mark.parametrize(
    "options",
    ['endpoint_url = "https://other.org"', 'account_host = "other.org"', 'client_kwargs = {base = "HTTP://other.org"}'],
)
def test_a_file_of_a_cloned_repository_names_no_server_for_credentials_until_it_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, options: str
) -> None:
    file = project / "feature-registry.toml"
    file.write_text(f'[storage_options."s3://lab"]\n{options}')
    with pytest.raises(RegistryError, match=f"says which server your credentials for s3://lab .*{PROJECT_VARIABLE}"):
        find_project()
    monkeypatch.setenv(PROJECT_VARIABLE, str(file))
    assert find_project() is not None


def test_a_dagster_resource_takes_nothing_from_where_a_process_happens_to_run(project: Path) -> None:
    assert project.exists()
    with rd.FeatureRegistry().open() as registry:
        assert (registry.target, registry.env) == (f"lite://{Path.home()}/.feature-registry/registry.db", "PROD")

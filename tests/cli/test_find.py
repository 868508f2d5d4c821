"""The commands that find, as a person types them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from registry_dagster.cli.app import EXPIRES, app
from registry_dagster.errors import AccessDenied
from registry_dagster.registry.filters import FILTERS
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.gms.server import StandInGms

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs commands against a registry that holds nuclei at 943 and 1300, embeddings at 1300 and 1412."""
    target = f"lite://{tmp_path / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_examples(registry)

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, list(words), env={"FEATURE_REGISTRY": target, "COLUMNS": "250"})

    return run


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("list",), "minnie65.synapse_embeddings@v2"),
        (("list", "nuclei"), "minnie65.nuclei@v2"),
        (("find", "--materialization", "minnie65_public@943"), "minnie65.nuclei@v1"),
        (("find", "presynaptic", "--semantic", "embedding"), "minnie65.synapse_embeddings@v2"),
        (("dependents", "nucleus_detection_v0"), "nucleus_id holds ids of nucleus_detection_v0"),
        (("newest", "minnie65.nuclei", "--compatible-with", "943"), "minnie65.nuclei@v1"),
        (("column", "minnie65.synapse_embeddings", "embedding"), "model SegCLR"),
        (("join", "minnie65.synapse_embeddings@v1", "minnie65.nuclei"), "pre_pt_root_id = pt_root_id"),
    ],
)
def test_a_question_has_a_command(run: Run, words: tuple[str, ...], said: str) -> None:
    answered = run(*words)
    assert answered.exit_code == 0
    assert said in answered.stdout
    json.loads(run(*words, "--json").stdout)


def test_nothing_found_is_said_beside_an_empty_list(run: Run) -> None:
    found = run("find", "nobody")
    assert (found.exit_code, found.stdout) == (0, "")
    assert "nothing found in lite://" in found.stderr


def test_that_there_are_more_is_reported_beside_the_list(run: Run) -> None:
    some = run("find", "--limit", "1", "--json")
    assert len(json.loads(some.stdout)) == 1
    assert "there are more" in some.stderr


def test_no_version_that_goes_with_it_is_exit_code_1(run: Run) -> None:
    asked = run("newest", "minnie65.synapse_embeddings", "--compatible-with", "943")
    assert asked.exit_code == 1
    assert "version\t\n" in asked.stdout


def test_the_exit_code_says_whether_something_in_use_expires(run: Run, tmp_path: Path) -> None:
    unknown = run("expiring", "--exit-code")
    assert unknown.exit_code == 1
    assert "no expiry is recorded of any materialization version" in str(unknown.exception)
    assert "minnie65_public@943: expiry unknown" in run("show", "minnie65.nuclei@v1").stdout
    with Registry.open(f"lite://{tmp_path / 'registry.db'}", publisher="ada@lab.org") as registry:
        (state,) = registry.get("minnie65.nuclei@v1").materializations
        soon = datetime.now(timezone.utc) + timedelta(days=1, hours=1)
        registry.record_materializations([state.model_copy(update={"expires_on": soon, "status": "available"})])
        assert run("expiring", "--within", "2").exit_code == 0
        asked = run("expiring", "--exit-code", "--within", "2", "--limit", "1")
        assert asked.exit_code == EXPIRES == 4
        assert "minnie65.nuclei@v1" in asked.stdout
        assert f"\t{soon:%Y-%m-%dT%H:%M:%SZ}\t" in asked.stdout
        assert run("expiring", "--exit-code", "--within", "1").exit_code == 0

        shown = run("show", "minnie65.nuclei@v1")
        assert f"minnie65_public@943: expires on {soon:%Y-%m-%d} UTC, in 1 day" in shown.stdout
        (expiry,) = json.loads(run("show", "minnie65.nuclei@v1", "--json").stdout)["expiry"]
        assert (expiry["days_left"], expiry["expired"], expiry["served"]) == (1, False, "yes")

        registry.retire("minnie65.nuclei@v1", reason="nobody uses it")
    retired = run("expiring", "--exit-code", "--within", "2")
    assert retired.exit_code == 0
    assert "minnie65.nuclei@v1" in retired.stdout


def test_the_doctor_says_what_it_is_pointed_at(run: Run) -> None:
    result = json.loads(run("doctor", "--json").stdout)
    assert result["registry"].startswith("lite://")
    assert (result["environment"], result["search index"]) == ("PROD", "up to date")
    assert result["dagster"]


def test_the_doctor_says_what_a_server_reports() -> None:
    with StandInGms(token="secret-token") as server:
        asked = ["doctor", "--registry", server.url, "--json"]
        result = CliRunner().invoke(app, asked, env={"DATAHUB_GMS_TOKEN": "secret-token"})
        refused = CliRunner().invoke(app, asked, env={"DATAHUB_GMS_TOKEN": ""})
    facts = json.loads(result.stdout)
    assert facts["signed in as"] == "urn:li:corpuser:datahub"
    assert "CREATE_ENTITY" in facts["rights on datasets"]
    assert "secret-token" not in result.stdout
    assert isinstance(refused.exception, AccessDenied)
    assert json.loads(refused.stdout)["registry"] == facts["registry"]


def test_a_backup_is_a_registry_of_its_own(run: Run, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    assert re.search(r"copy\.db\nbytes\t\d+\nentities\t\d+\n", run("backup", str(copy)).stdout)
    with Registry.open(f"lite://{copy}") as registry:
        assert registry.get("minnie65.nuclei").number == 2
    again = run("backup", str(copy))
    assert again.exit_code == 1
    assert "a backup replaces nothing" in str(again.exception)


def test_the_shell_completes_the_names_of_datasets(run: Run, tmp_path: Path) -> None:
    asked = {
        "_FEATURE_REGISTRY_COMPLETE": "complete_bash",
        "COMP_WORDS": "feature-registry show minnie65.nu",
        "COMP_CWORD": "2",
        "FEATURE_REGISTRY": f"lite://{tmp_path / 'registry.db'}",
    }
    command = str(Path(sys.executable).with_name("feature-registry"))
    completed = subprocess.run([command], env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert completed.stdout.split() == ["minnie65.nuclei"]


def test_every_filter_of_a_search_is_an_option(run: Run) -> None:
    shown = run("find", "--help").stdout
    assert len(FILTERS) > 5
    assert [name for name in FILTERS if f"--{name.replace('_', '-')} " not in shown] == []
    assert [each.help for each in FILTERS.values() if each.help not in " ".join(shown.split())] == []


def test_filters_of_each_kind_narrow_a_search(run: Run) -> None:
    kept = ("--column", "nucleus_id", "--not-retired", "-m", "minnie65_public@943")
    assert [each["version"] for each in json.loads(run("find", *kept, "--json").stdout)] == ["minnie65.nuclei@v1"]
    assert json.loads(run("find", "--retired", "--json").stdout) == []

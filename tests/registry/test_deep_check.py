"""A server tried out: what works, what works with less, what does not, and nothing left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.registry.deep_check import CheckStep, deep_check
from registry_dagster.stores.open import open_store
from tests.gms.server import StandInGms

STEPS = [
    *("publish", "publish a second version", "publish the same again", "read", "version list", "find", "describe"),
    *("retire", "verify", "clean up"),
]


@pytest.fixture
def gms() -> Iterator[StandInGms]:
    with StandInGms() as server:
        yield server


def tried(gms: StandInGms, token: str | None = None) -> dict[str, CheckStep]:
    store = open_store(gms.url, token)
    return {each.step: each for each in deep_check(store, "PROD", "ada@lab.org", patience=0.5)}


def test_all_works_and_nothing_is_left(gms: StandInGms) -> None:
    steps = tried(gms)
    assert list(steps) == STEPS
    assert [str(each) for each in steps.values() if each.outcome != "works"] == []
    shown = [urn for urn, each in gms.entities.items() if "subTypes" in each and not each["status"]["removed"]]
    assert shown == []


def test_it_can_be_run_again(gms: StandInGms) -> None:
    assert {each.outcome for _ in range(2) for each in tried(gms).values()} == {"works"}


def test_a_token_that_may_only_read_publishes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATAHUB_GMS_TOKEN", raising=False)
    with StandInGms(token="writer", reader_token="reader") as gms:
        steps = tried(gms, "reader")
        assert gms.entities == {}
    assert steps["publish"].outcome == "fails"
    assert steps["publish"].detail.startswith("AccessDenied")
    assert {each.outcome for name, each in steps.items() if name not in ("publish", "clean up")} == {"left out"}


def test_a_search_that_does_not_follow_is_less_than_promised(gms: StandInGms) -> None:
    for _ in range(40):
        gms.faults.next("stale_search")
    steps = tried(gms)
    assert steps["find"].outcome == "degraded"
    assert "search does not find feature_registry_check." in steps["find"].detail
    assert steps["verify"].outcome == "works"


def test_a_server_without_version_sets_says_so() -> None:
    with StandInGms(version="v0.15.0", unknown_aspects=["versionProperties"]) as gms:
        steps = tried(gms)
    assert steps["publish"].outcome in ("degraded", "fails")
    assert "v0.15.0" in steps["publish"].detail


def test_a_file_has_nothing_to_try_out(tmp_path: Path) -> None:
    with pytest.raises(InvalidDeclaration, match="only a server has rights and releases to try out"):
        next(iter(deep_check(open_store(f"lite://{tmp_path}/registry.db"), "PROD", "ada")))


def test_the_command_prints_each_step(gms: StandInGms) -> None:
    run = CliRunner().invoke(app, ["doctor", "--deep", "--registry", gms.url])
    assert run.exit_code == 0, run.output
    assert [line.split("\t")[1] for line in run.stdout.splitlines()] == STEPS
    steps = json.loads(CliRunner().invoke(app, ["doctor", "--deep", "--registry", gms.url, "--json"]).stdout)
    assert [each["step"] for each in steps] == STEPS


def test_a_step_that_fails_is_exit_code_1() -> None:
    with StandInGms(token="writer", reader_token="reader") as gms:
        asked = ["doctor", "--deep", "--registry", gms.url]
        assert CliRunner().invoke(app, asked, env={"DATAHUB_GMS_TOKEN": "reader"}).exit_code == 1

"""`feature-registry show`: how to read a published table, and where to ask for signed links."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import write_deltalake
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.errors import EngineCannotRead, RegistryError
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.registry.declared import declared
from tests.tables.read_code.test_read_code import run


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[Registry, None, None]:
    """With one version of a Delta table, which has moved on since."""
    target = f"lite://{tmp_path / 'registry.db'}"
    monkeypatch.setenv("FEATURE_REGISTRY", target)
    monkeypatch.delenv("FEATURE_REGISTRY_SIGNING", raising=False)
    table = tmp_path / "neurons"
    rows = pa.table({"body_id": [1, 2], "score": pa.array([0.5, 0.7], pa.float32())})
    write_deltalake(table, rows)
    with Registry.open(target) as registry:
        registry.publish(declared(), inspect_table(table), message="why", publisher="ada@lab.org")
        write_deltalake(table, rows, mode="append")
        yield registry


def shown(*words: str) -> str:
    result = CliRunner().invoke(app, ["show", "hemibrain.neurons", *words])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_what_it_prints_can_be_run_as_it_is(registry: Registry) -> None:
    printed = shown("--read", "pyarrow")
    assert printed == registry.read_code("hemibrain.neurons@v1", "pyarrow")
    assert run(printed).to_table()["body_id"].to_pylist() == [1, 2]


def test_as_json_it_says_which_version_and_engine_the_code_is_for(registry: Registry) -> None:
    code = registry.read_code("hemibrain.neurons", "polars")
    expected = {"version": "hemibrain.neurons@v1", "engine": "polars", "code": code}
    assert json.loads(shown("--read", "polars", "--json")) == expected


def test_code_for_a_retired_version_says_so(registry: Registry) -> None:
    registry.retire("hemibrain.neurons@v1", reason="wrong\nmasks", publisher="ada@lab.org")
    retired = registry.read_code("hemibrain.neurons@v1", "polars").splitlines()[1]
    assert retired.startswith("# hemibrain.neurons@v1: it is retired by ada@lab.org: wrong masks")
    assert "wrong masks" in retired


def test_an_engine_that_does_not_read_it_ends_with_a_clear_error(registry: Registry) -> None:
    result = CliRunner().invoke(app, ["show", "hemibrain.neurons", "--read", "lance"])
    assert isinstance(result.exception, EngineCannotRead)
    assert result.stdout == ""


def test_a_signing_service_is_shown_as_where_to_ask(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "signed links" not in shown()
    monkeypatch.setenv("FEATURE_REGISTRY_SIGNING", "https://sign.lab.org/links")
    assert "ask https://sign.lab.org/links for hemibrain.neurons@v1" in shown()
    assert json.loads(shown("--json"))["signing_service"] == "https://sign.lab.org/links"


@pytest.mark.parametrize(
    "address",
    [
        "sign.lab.org",
        "https://ada:secret@sign.lab.org",
        "https://s.org/?token=secret",
        "https://s.org/#token=secret",
        "http://[secret",
    ],
)
def test_an_address_that_could_hold_a_credential_is_refused_unrepeated(
    address: str, registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FEATURE_REGISTRY_SIGNING", address)
    result = CliRunner().invoke(app, ["show", "hemibrain.neurons"])
    assert isinstance(result.exception, RegistryError)
    assert "set it to e.g. https://sign.lab.org/links" in str(result.exception)
    assert "secret" not in str(result.exception)

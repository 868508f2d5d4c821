"""The commands for papers: what they print, and their exit codes, which a paper's CI goes by."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from registry_dagster.answers.lock import Lock
from registry_dagster.cli.app import app
from registry_dagster.errors import InvalidDeclaration
from registry_dagster.registry.registry import Registry
from registry_dagster.tables import inspect_table
from tests.registry.declared import declared
from tests.tables.storage.fake_stores import Failing, serving

Run = Callable[..., Result]
NAME = "hemibrain.neurons"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A registry with one version, whose table is `neurons.parquet` in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FEATURE_REGISTRY", f"lite://{tmp_path / 'registry.db'}")
    monkeypatch.setenv("FEATURE_REGISTRY_PUBLISHER", "ada@lab.org")
    pq.write_table(pa.table({"body_id": [1, 2], "score": pa.array([0.5, 1], pa.float32())}), "neurons.parquet")
    with Registry.open() as registry:
        registry.publish(declared(title="Neurons", owners=["team:fly"]), "neurons.parquet", message="why")
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_citation_is_printed_to_be_pasted(run: Run) -> None:
    words, bibtex = run("cite", NAME, "--as", "text"), run("cite", NAME, "--as", "bibtex")
    assert words.stdout.startswith("fly (20")
    assert bibtex.stdout.startswith("@misc{hemibrain.neurons:v1,\n")
    both = run("cite", NAME)
    assert both.stdout == f"{words.stdout}\n{bibtex.stdout}"
    assert "has no license" in both.stderr
    assert json.loads(run("cite", NAME, "--json").stdout)["unknown"] == ["license"]
    assert "did you mean 'bibtex'?" in str(run("cite", NAME, "--as", "bibtx").exception)


def states(checked: Result) -> list[str]:
    """What is said first of each line: the state of what is not as locked, and of each sum."""
    return [line.split("\t")[0] for line in checked.stdout.splitlines()]


def test_a_lock_is_checked_with_exit_codes_for_ci(run: Run, tmp_path: Path) -> None:
    made = run("lock", NAME)
    Path("paper.lock.yaml").write_text(made.stdout)
    assert Lock.from_yaml(Path("paper.lock.yaml")).versions[0].version == f"{NAME}@v1"

    good = run("lock", "--check", "paper.lock.yaml")
    assert (good.exit_code, states(good)) == (0, ["unknown", "sum", "sum"])
    assert "unknown\themibrain@v1.2.1\tmaterialization\tlifecycle unknown\n" in good.stdout
    assert good.stdout.endswith("sum\tunknown\t1\nsum\tas locked\t3\n")
    assert json.loads(run("lock", "--check", "paper.lock.yaml", "--json").stdout)["state"] == "unknown"

    Path("neurons.parquet").unlink()
    bad = run("lock", "--check", "paper.lock.yaml")
    assert (bad.exit_code, states(bad)) == (1, ["changed", "unknown", "sum", "sum", "sum"])
    assert f"changed\t{NAME}@v1\ttable\tthe table is missing: " in bad.stdout


def test_a_store_that_cannot_be_reached_is_to_be_tried_again(run: Run) -> None:
    with Registry.open() as registry:
        elsewhere = inspect_table("neurons.parquet").model_copy(update={"location": "s3://lake/t"})
        registry.publish(declared("lab.cells"), elsewhere, message="why")
    Path("paper.lock.yaml").write_text(run("lock", "lab.cells").stdout)
    with serving(Failing, status=403) as store:
        options = ("key=AKIAIOSFODNN7EXAMPLE", "secret=s3cr3t", f"endpoint_url={store.url}", "timeout=30")
        given = [word for option in options for word in ("--storage-option", option)]
        checked = run("lock", "--check", "paper.lock.yaml", *given)
    assert checked.exit_code == 3
    assert "unreachable\tlab.cells@v1\ttable\tthe table is unreachable: s3://lake/t: the store denies" in checked.stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "name the versions, or a lock to compare"),
        ((NAME, "--check", "paper.lock.yaml"), "leave the names out"),
        (("--check", "nothing.yaml"), "nothing.yaml: No such file"),
    ],
)
def test_wrong_use_is_answered_with_what_to_do(run: Run, words: tuple[str, ...], said: str) -> None:
    refused = run("lock", *words)
    assert isinstance(refused.exception, InvalidDeclaration)
    assert said in str(refused.exception)


def test_a_statement_is_made_of_a_lock(run: Run) -> None:
    Path("paper.lock.yaml").write_text(run("lock", NAME).stdout)
    text, bibtex = (run("statement", "paper.lock.yaml", "--as", form).stdout for form in ("text", "bibtex"))
    assert "Neurons is hemibrain.neurons@v1 (made against hemibrain@v1.2.1; " in text
    assert bibtex == run("cite", NAME, "--as", "bibtex").stdout
    assert run("statement", "paper.lock.yaml").stdout == f"{text}\n{bibtex}"
    run("retire", f"{NAME}@v1", "-m", "wrong units")
    assert "wrong units" in run("statement", "paper.lock.yaml").stderr


def test_a_lock_of_a_bare_name_says_which_version_it_took(run: Run) -> None:
    run("retire", f"{NAME}@v1", "-m", "wrong units")
    made = run("lock", NAME)
    assert "wrong units" in made.stderr
    assert Lock.from_yaml(made.stdout).versions[0].retired == "retired by ada@lab.org: wrong units"

"""What people see before they know the commands: help, hints, completion; and words that are the same everywhere."""

from __future__ import annotations

import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from registry_dagster.cli.app import app
from registry_dagster.cli.commands import MODULES
from registry_dagster.cli.completion import column_paths, dataset_names, engines, formats, materialization_versions
from registry_dagster.cli.groups import ELSEWHERE, EXAMPLES, GROUPS
from registry_dagster.cli.output import errors
from registry_dagster.cli.run import Done
from registry_dagster.cli.waiting import patience
from registry_dagster.registry.registry import Registry
from registry_dagster.testing.search_behaviour import publish_examples
from tests.registry.declared import declared, facts

Run = Callable[..., Result]
PROGRAM: Any = typer.main.get_command(app)
NUCLEI = "minnie65.nuclei"


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> str:
    target = f"lite://{tmp_path_factory.mktemp('examples') / 'registry.db'}"
    with Registry.open(target, publisher="ada@lab.org") as registry:
        publish_examples(registry)
    return target


@pytest.fixture
def run(target: str, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("FEATURE_REGISTRY", target)
    return lambda *words: CliRunner().invoke(app, list(words))


def commands() -> Iterator[tuple[str, Any]]:
    """Every command, also those inside others."""
    for name, command in PROGRAM.commands.items():
        yield name, command
        yield from ((f"{name} {inner}", each) for inner, each in getattr(command, "commands", {}).items())


def test_every_command_that_is_shown_has_a_group() -> None:
    shown = {name for name, command in PROGRAM.commands.items() if not command.hidden}
    grouped = [name for names in GROUPS.values() for name in names]
    assert len(grouped) == len(set(grouped))
    assert shown - set(grouped) == set()
    assert set(ELSEWHERE) & set(PROGRAM.commands) == set()


@pytest.mark.parametrize("module", MODULES)
def test_each_command_is_in_the_module_that_is_loaded_for_it(module: str) -> None:
    own = import_module(f"registry_dagster.cli.{module}").commands
    assert set(typer.main.get_group(own).commands) == set(MODULES[module].split())


@pytest.mark.parametrize("command", EXAMPLES)
def test_examples_are_commands(command: str) -> None:
    for example in EXAMPLES[command]:
        name, *words = shlex.split(example)
        assert name == command
        PROGRAM.commands[name].make_context(name, words)


def test_help_is_in_groups_and_has_examples(run: Run) -> None:
    program = run("-h").stdout
    places = [program.index(f"╭─ {group} ") for group in GROUPS]
    assert places == sorted(places)
    assert "│ compatible " not in program
    assert "feature-registry show minnie65.nuclei@v1 --read polars" in run("show", "-h").stdout
    assert run("-V").stdout == f"{version('registry-dagster')}\n"


@pytest.mark.parametrize(
    ("typed", "said"), [("search", "`find WORDS`"), ("rm", "`retire`"), ("log", "`versions NAME`")]
)
def test_a_word_from_elsewhere_is_answered_with_what_to_type_here(run: Run, typed: str, said: str) -> None:
    answered = run(typed, "x")
    assert answered.exit_code == 2
    assert said in answered.stderr


def test_what_a_hint_names_exists() -> None:
    for hint in ELSEWHERE.values():
        assert {part.split()[0] for part in hint.split("`")[1::2]} <= set(PROGRAM.commands)


def test_one_letter_means_one_thing() -> None:
    meanings: dict[str, set[str]] = defaultdict(set)
    for _, command in commands():
        for option in command.params:
            if getattr(option, "hidden", False):
                continue
            for letter in (each for each in option.opts if each[0] == "-" and len(each) == 2):
                meanings[letter].add(next(each for each in option.opts if each.startswith("--")))
    assert meanings == {"-m": {"--message"}, "-M": {"--materialization"}, "-q": {"--quiet"}}


def test_the_letter_that_find_once_had_works_with_a_notice(run: Run) -> None:
    once = run("find", "-m", "minnie65_public@943", "-q")
    assert (once.exit_code, once.stdout) == (0, f"{NUCLEI}@v1\n")
    assert "write -M for the materialization version" in once.stderr
    now = run("find", "-M", "minnie65_public@943", "-q")
    assert (now.stdout, now.stderr) == (once.stdout, "")


@pytest.mark.parametrize(
    ("once", "now"),
    [
        (["compatible", NUCLEI, "minnie65_public@943"], ["compatibility", NUCLEI, "minnie65_public@943"]),
        (["datasets"], ["list"]),
        (
            ["join", f"{NUCLEI}@v1", f"{NUCLEI}@v2", "--through", NUCLEI],
            ["join", f"{NUCLEI}@v1", f"{NUCLEI}@v2", "--bridges", NUCLEI],
        ),
    ],
)
def test_the_names_of_before_still_work(run: Run, once: list[str], now: list[str]) -> None:
    assert run(*once).exit_code == 0
    assert run(*once).stdout == run(*now).stdout


def test_a_version_may_be_named_by_its_urn(run: Run) -> None:
    urn = f"urn:li:dataset:(urn:li:dataPlatform:feature-registry,{NUCLEI}@v1,PROD)"
    assert run("show", urn, "--quiet").stdout == f"{NUCLEI}@v1\n"


def test_the_shell_completes_what_there_is(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run("list").exit_code == 0
    assert dataset_names("minnie65.n") == [NUCLEI]
    assert dataset_names(f"{NUCLEI}@") == [f"{NUCLEI}@v1", f"{NUCLEI}@v2"]
    assert dataset_names("nobody@") == []
    assert materialization_versions("minnie65_public@1") == ["minnie65_public@1300", "minnie65_public@1412"]
    assert formats("p") == ["parquet"]
    assert "polars" in engines("po")
    context = typer.Context(PROGRAM.commands["column"])
    context.params["name"] = NUCLEI
    assert column_paths(context, "pt") == ["pt_root_id"]
    semantics = next(each for each in PROGRAM.commands["find"].params if each.name == "semantic")
    assert [each.value for each in semantics.shell_complete(context, "emb")] == ["embedding"]
    handoff = f"file://{tmp_path / 'handoff'}"
    monkeypatch.setenv("FEATURE_REGISTRY", handoff)
    assert dataset_names("") == []
    with Registry.open(handoff, publisher="ada") as registry:
        registry.publish(declared(), facts(), message="why")
    assert dataset_names("") == ["hemibrain.neurons"]
    monkeypatch.setenv("FEATURE_REGISTRY", "http://127.0.0.1:9")
    assert dataset_names("") == []


@pytest.mark.parametrize(
    ("terminal", "shown", "said"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_a_slow_store_is_waited_for_with_a_remark(
    terminal: bool,
    shown: bool,
    said: bool,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(errors, "forced", terminal)
    monkeypatch.setattr(Done, "shown", shown)
    with patience("https://datahub.lab.org", seconds=0.01):
        time.sleep(0.1)
    assert ("waiting for https://datahub.lab.org" in capsys.readouterr().err) is said


@pytest.mark.parametrize("module", ["cli.app", "registry.registry"])
def test_an_interrupt_while_the_program_loads_is_silent(module: str) -> None:
    program = (
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == 'registry_dagster.{module}':\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
        "sys.argv = ['feature-registry', 'list']\n"
        "from registry_dagster.cli import main\n"
        "main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")

"""The YAML reference is what the models say now, and each of its examples is a declaration."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from docs_build.yaml_reference import EXAMPLES, PAGE, page, whole
from registry_dagster.adopt.declaration_file import DeclarationFile, read_file
from registry_dagster.model.columns import SEMANTICS
from registry_dagster.model.signals import SIGNALS
from tests.docs.pages import blocks
from tests.docs.program import Program

SHOWN = blocks(PAGE, "yaml")
SCHEMA = Draft202012Validator(DeclarationFile.model_json_schema())


def test_the_page_is_what_the_models_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run python -m docs_build.yaml_reference"


@pytest.mark.parametrize("example", [block.text for block in SHOWN], ids=[f"line {block.line}" for block in SHOWN])
def test_each_example_is_a_declaration_for_the_registry_and_for_editors(example: str) -> None:
    assert read_file(whole(example)).tables
    assert [error.message for error in SCHEMA.iter_errors(yaml.safe_load(whole(example)))] == []


def test_each_example_shows_what_it_is_an_example_of() -> None:
    assert (EXAMPLES["columns"].keys(), EXAMPLES["signals"].keys()) == (SEMANTICS.keys(), SIGNALS.keys())
    for word, example in EXAMPLES["columns"].items():
        assert {column["semantic"] for column in yaml.safe_load(example)["columns"].values()} == {word}
    for word, example in EXAMPLES["signals"].items():
        assert {signal["signal"] for signal in yaml.safe_load(example)["signals"]} == {word}
    for key, example in EXAMPLES["file"].items():
        assert key in yaml.safe_load(example)


def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Program(PAGE, tmp_path, monkeypatch).run("sh")
    assert (tmp_path / "declaration.schema.json").exists()

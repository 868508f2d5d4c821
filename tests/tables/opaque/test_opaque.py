"""Tables that are not read: their columns and a state are declared, or nothing is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from registry_dagster.errors import EngineCannotRead, InvalidDeclaration, TableNotFound, UnsupportedTable
from registry_dagster.model.table import OpaquePin, TableFacts
from registry_dagster.tables import inspect_table
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.read_code import read_code
from registry_dagster.tables.verify import verify_table
from tests.tables.places import SECRET
from tests.tables.read_code.tables import published

SAID: Any = {
    "format": "opaque",
    "schema": {"node_id": "uint64", "xyz": "fixed_size_list<float32>[3]", "at": "timestamp[us, tz=UTC]"},
    "how_to_read": "The shard of a root id is the md5 of its digits; unzip it and read its CSV.",
}


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    for name in ("0.zip", "1.zip", "_index/a.json"):
        (tmp_path / "segclr" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "segclr" / name).write_bytes(b"PK")
    return tmp_path / "segclr"


def test_a_table_is_recorded_by_its_listing(shards: Path) -> None:
    facts = inspect_table(shards, **SAID)
    assert [(field.path, field.type) for field in facts.fields] == list(SAID["schema"].items())
    assert (facts.rows, facts.bytes, facts.files) == (None, 6, 3)
    assert verify_table(facts).state == "intact"
    assert TableFacts.from_json(facts.to_json()) == facts
    assert inspect_table(shards, version=facts.pin.identity["fingerprint"], **SAID) == facts
    (shards / "_index" / "a.json").write_bytes(b"other")
    assert verify_table(facts).state == "changed"
    with pytest.raises(TableNotFound, match="its files are now in state sha256:"):
        inspect_table(shards, version=facts.pin.identity["fingerprint"], **SAID)


def test_a_single_file_is_a_table_too(shards: Path) -> None:
    facts = inspect_table(shards / "0.zip", **SAID)
    assert (facts.files, facts.bytes) == (1, 2)


def test_a_state_that_is_named_is_not_compared(shards: Path) -> None:
    facts = inspect_table(shards, version="m943", **SAID)
    assert (facts.pin.identity, facts.bytes, facts.files) == ({"state": "m943"}, None, None)
    assert verify_table(facts).state == "unknown"
    with pytest.raises(TableNotFound):
        inspect_table(shards / "nowhere", version="m943", **SAID)


def test_an_overwrite_of_a_table_without_a_state_would_be_the_same(shards: Path) -> None:
    (shards / "empty").mkdir()
    with pytest.raises(UnsupportedTable, match="holds no file, so it has no state .* name its state with version="):
        inspect_table(shards / "empty", **SAID)
    for state in ({}, {"state": "a", "fingerprint": "sha256:0"}):
        with pytest.raises(InvalidDeclaration, match="give its state by a fingerprint or by a name, one of the two"):
            OpaquePin(how_to_read="with care", **state)


@pytest.mark.parametrize("missing", ["schema", "how_to_read"])
def test_what_nobody_says_is_not_recorded(shards: Path, missing: str) -> None:
    with pytest.raises(
        UnsupportedTable, match="Declare its columns with schema=.*how people read it with how_to_read="
    ):
        inspect_table(shards, **{**SAID, missing: None})


def test_words_with_a_secret_are_refused(shards: Path) -> None:
    with pytest.raises(UnsupportedTable, match="how_to_read: the text carries .*, which must not be published"):
        inspect_table(
            shards,
            **{**SAID, "how_to_read": f"export AWS_SECRET_ACCESS_KEY={SECRET}"},
        )


@pytest.mark.parametrize("engine", ENGINES)
def test_no_engine_reads_it_and_the_message_says_how_people_do(shards: Path, engine: str) -> None:
    with pytest.raises(EngineCannotRead, match="its publisher says how to read it: The shard of a root id"):
        read_code(published(inspect_table(shards, **SAID)), engine)


@pytest.mark.parametrize(
    "text",
    [
        *("bool", "int8", "uint64", "float16", "float32", "float64", "string", "binary", "large_string"),
        *("large_binary", "date32", "date64", "timestamp[ns]", "timestamp[us, tz=Europe/Zurich]", "duration[s]"),
        *("decimal128(38, 9)", "list<int64>", "fixed_size_list<float32>[64]", "list<fixed_size_list<float64>[3]>"),
    ],
)
def test_a_declared_type_is_recorded_as_it_was_written(shards: Path, text: str) -> None:
    assert inspect_table(shards, **{**SAID, "schema": {"v": text}}).fields[0].type == text


@pytest.mark.parametrize(
    "text", ["int", "list<>", "timestamp", "decimal128(39, 0)", "list<" * 20 + "int8" + ">" * 20, 7]
)
def test_another_type_is_refused(shards: Path, text: str) -> None:
    with pytest.raises(UnsupportedTable, match="schema.v: unknown type .*; use int64"):
        inspect_table(shards, **{**SAID, "schema": {"v": text}})

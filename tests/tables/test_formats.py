"""A table format is a folder, a line in `FORMATS` and a pin: a toy one is added that way, used, and removed again."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest

from registry_dagster.errors import EngineCannotRead, InvalidDeclaration, UnknownFormat, UnsupportedTable
from registry_dagster.model.dataset_version import DatasetVersion
from registry_dagster.model.table import PINS, TableFacts, TableFormat
from registry_dagster.tables import inspect_table
from registry_dagster.tables.engines import ENGINES
from registry_dagster.tables.formats import FORMATS, Format, Marks
from registry_dagster.tables.read_code import read_code
from registry_dagster.tables.verify import verify_table
from tests.tables.toy.pin import ToyPin

TOY = Format("toy", "toy tables", Marks(("schema.json",), "_toy"), folder="tests.tables.toy")
"""Its line."""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A toy table, where its format is known."""
    monkeypatch.setitem(FORMATS, "toy", TOY)
    monkeypatch.setitem(PINS, "toy", ToyPin)
    table = tmp_path / "cells"
    (table / "_toy").mkdir(parents=True)
    (table / "_toy" / "schema.json").write_text(json.dumps({"root_id": "int64", "name": "string"}))
    (table / "part.csv").write_text("root_id,name\n7,DA1\n")
    return table


def published(facts: TableFacts) -> DatasetVersion:
    """A record of the table, as it comes out of a store."""
    record = DatasetVersion.from_json(
        {
            "dataset": "hemibrain.cells",
            "number": 1,
            "materializations": [{"system": "hemibrain", "version": "v1.2.1"}],
            "table": facts.to_json(),
            "provenance": {"publisher": "ada@lab.org", "message": "why", "published_at": "2026-01-01T00:00:00Z"},
        }
    )
    return DatasetVersion.from_json(json.loads(json.dumps(record.to_json())))


def test_it_is_recognised_and_inspected(toy: Path) -> None:
    facts = inspect_table(toy)
    assert (facts.format, [field.path for field in facts.fields]) == ("toy", ["root_id", "name"])
    named: Any = "toy"
    assert inspect_table(toy, format=named, version=facts.pin.identity["fingerprint"]) == facts
    assert published(facts).table == facts


def test_it_is_distinguished_from_other_formats(toy: Path) -> None:
    (toy / "_delta_log").mkdir()
    (toy / "_delta_log" / f"{0:020}.json").touch()
    with pytest.raises(UnknownFormat, match="so it could be delta or toy. Say which"):
        inspect_table(toy)
    (toy.parent / "a.parquet").touch()
    with pytest.raises(UnsupportedTable, match=r"cells/ in it is a table of another format"):
        inspect_table(toy.parent, format="parquet")


def test_it_is_verified(toy: Path) -> None:
    facts = inspect_table(toy)
    found = verify_table(facts)
    assert (found.state, found.format, len(found.evidence)) == ("intact", "toy", 1)
    (toy / "part.csv").write_text("root_id,name\n8,DA1\n9,DA1\n")
    assert verify_table(facts).state == "changed"
    shutil.rmtree(toy)
    assert verify_table(facts).state == "missing"


def test_it_is_read(toy: Path) -> None:
    record = published(inspect_table(toy))
    code = read_code(record, "pyarrow")
    assert code.startswith("# hemibrain.cells@v1: the Toy files of its fingerprint.\n")
    names: dict[str, Any] = {}
    exec(code, names)
    assert names["data"].to_pylist() == [{"root_id": 7, "name": "DA1"}]
    with pytest.raises(EngineCannotRead, match="polars does not read toy tables; use pyarrow"):
        read_code(record, "polars")


def test_removed_again_it_is_unknown(toy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded = inspect_table(toy).to_json()
    monkeypatch.delitem(FORMATS, "toy")
    monkeypatch.delitem(PINS, "toy")
    with pytest.raises(UnknownFormat, match="holds no table"):
        inspect_table(toy)
    with pytest.raises(InvalidDeclaration, match="'toy'"):
        TableFacts.from_json(recorded)


def test_every_format_has_its_line_its_pin_and_its_readers() -> None:
    assert set(FORMATS) == set(get_args(TableFormat)) == set(PINS)
    for format in FORMATS.values():
        assert set(format.readers.schemes) <= set(ENGINES)


@pytest.mark.parametrize("raised", [RecursionError(), TypeError("x"), KeyError("x"), OverflowError(), ValueError("x")])
def test_what_a_format_stumbles_over_is_an_error_of_ours(
    toy: Path, monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    def stumble(*args: object, **options: object) -> None:
        raise raised

    facts = inspect_table(toy)
    monkeypatch.setattr("tests.tables.toy.verify.verify_toy", stumble)
    found = verify_table(facts)
    assert (found.state, type(raised).__name__ in found.reason) == ("changed", True)
    monkeypatch.setattr("tests.tables.toy.inspect.inspect_toy", stumble)
    with pytest.raises(UnsupportedTable, match=rf"cells cannot be read as toy tables .*{type(raised).__name__}"):
        inspect_table(toy)
